"""What a collector makes its figures of, where other collectors write it: there, and unchanged?

Times are compared by ``_timestamp``, as records bear them: the day of a writer and the day of who
reads it are the same day, whatever their zones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.api import Document, Input, NotYet
from collectors.clock import epoch, from_epoch
from collectors.config.model import Collector
from collectors.intervals import Interval, intersect, subtract, union
from collectors.periods import ALWAYS, Period, Window, covering, floor
from collectors.runner.parts import Parts
from collectors.runner.reading import border
from collectors.runner.refilling import axis_of
from collectors.runner.terms import terms_of
from collectors.schedule import Terms, first_period
from collectors.store import Read, Stretch
from collectors.store.snapshots import EVERYTHING


@dataclass(frozen=True, slots=True)
class Fed:
    """A data set that a collector reads: what it asks for, of which target, and who writes it."""

    asked: Input
    target: str
    writers: Sequence[Collector]

    @property
    def name(self) -> str:
        """The data set."""
        return str(self.asked.data_set)


def fed_by(parts: Parts, collector: Collector) -> list[Fed]:
    """Give what a collector reads of what collectors write. Raises Refused, Unexpected."""
    with border(collector):
        inputs = collector.source.inputs
    return [
        Fed(one, parts.reader.target(one).name, writers)
        for one in inputs
        if (writers := parts.reader.writers_of(one))
    ]


def begin(parts: Parts, collector: Collector, window: Window) -> list[Read]:
    """Note what a run is about to read of other collectors; NotYet where it is not all there."""
    reads = [
        parts.store.reads.begin(collector.name, one.target, one.name, _span(one, collector, window))
        for one in fed_by(parts, collector)
    ]
    check(parts, collector, window)
    return reads


def check(parts: Parts, collector: Collector, window: Window) -> None:
    """Raise NotYet where what a window is made of is not all there."""
    for one in fed_by(parts, collector):
        span = _span(one, collector, window)
        for writer, lacking in _lacking(parts, one):
            for start, _ in intersect([span], lacking):
                since = "anything" if start == EVERYTHING[0] else f"{from_epoch(start):%Y-%m-%d}"
                raise NotYet(
                    f"{one.name} at {one.target} does not hold {since} yet: the collector "
                    f"{writer.name} has not delivered it"
                )


def ready(parts: Parts, collector: Collector, terms: Terms) -> tuple[Interval, ...] | None:
    """Give the whole periods of which all that they are made of is there; None where all are."""
    fed = fed_by(parts, collector)
    if not fed:
        return None
    now = parts.clock.now()
    first, horizon = first_period(terms, now), floor(now, terms.period, terms.zone)
    whole = [(epoch(first), epoch(horizon))]
    gaps = [
        _moments(one, collector, gap)
        for one in fed
        for _, lacking in _lacking(parts, one)
        for gap in lacking
    ]
    return tuple(subtract(whole, [_periods(terms, gap) for gap in intersect(whole, gaps)]))


def changed(parts: Parts, collector: Collector, stretches: Sequence[Stretch]) -> list[Interval]:
    """Give the times of which what was collected was made of what has changed since."""
    fed = fed_by(parts, collector) if stretches else []
    if not fed:
        return []
    windows = [Window(from_epoch(one.start), from_epoch(one.end)) for one in stretches]
    found = []
    for one in fed:
        unchanged = parts.store.reads.unchanged(collector.name, one.target, one.name)
        gaps = subtract([_span(one, collector, window) for window in windows], unchanged)
        found += [_moments(one, collector, gap) for gap in gaps]
    return union(found)


def _lacking(parts: Parts, fed: Fed) -> Iterator[tuple[Collector, list[Interval]]]:
    """Give what each writer is to deliver and has not, from its first period on."""
    for writer in fed.writers:
        axis = axis_of(writer)
        times = parts.store.reads.delivered(writer.name, fed.target, fed.name)
        held = union(map(axis.span, times))
        if writer.period is Period.INSTANT and held:
            held = [(EVERYTHING[0], held[-1][1])]  # an instant that was missed does not come again
        start = axis.span((epoch(_first(parts, writer)), EVERYTHING[1]))
        yield writer, subtract([start], held)


def _first(parts: Parts, writer: Collector) -> datetime:
    if isinstance(writer.source, Document) or writer.period is Period.INSTANT:
        return ALWAYS.start
    now = parts.clock.now()
    return first_period(terms_of(writer, parts.store.view.origin(writer.name), now), now)


def _span(fed: Fed, collector: Collector, window: Window) -> Interval:
    """Give what of a data set a window is made of, by ``_timestamp``."""
    if window == ALWAYS:
        return EVERYTHING
    start, end = fed.asked.stamps(window, collector.period, collector.zone)
    return epoch(start), epoch(end)


def _moments(fed: Fed, collector: Collector, span: Interval) -> Interval:
    """Give the times that a span of a data set tells of, as the collector counts them."""
    start, end = span
    calendar = (collector.period, collector.zone)
    opens = from_epoch(start)
    closes = from_epoch(end)
    return (
        start if start == EVERYTHING[0] else epoch(fed.asked.start(opens, *calendar)),
        end if end == EVERYTHING[1] else epoch(fed.asked.end(closes, *calendar)),
    )


def _periods(terms: Terms, gap: Interval) -> Interval:
    window = covering(from_epoch(gap[0]), from_epoch(gap[1]), terms.period, terms.zone)
    return epoch(window.start), epoch(window.end)
