"""One period of a source, looked at: its readings, and what becomes of each. Nothing is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from collectors.api import Document, Probing
from collectors.config.model import Collector
from collectors.errors import CollectorError, ConfigError, NotYet
from collectors.observations import Mapped
from collectors.periods import ALWAYS, Period, Window, floor, following, preceding
from collectors.runner.parts import Parts
from collectors.runner.previewing import looking
from collectors.runner.probing import probed_now
from collectors.runner.reading import read_periods
from collectors.store import State
from collectors.values import Observation, Reading

SENT = "would be sent"
UNKNOWN = "not sent: none of its measures is known"
TOGETHER = "made into one observation together with others"
AGGREGATED = "would be sent: made of several readings"

Seen = tuple[Reading, Observation | None]


@dataclass(frozen=True, slots=True)
class Made:
    """A reading beside the observation made of it, and what becomes of that."""

    reading: Reading | None
    observation: Observation | None
    result: str


@dataclass(kw_only=True)
class Sample:
    """What one period gave. ``window`` is the period; None where a document holds no such one."""

    window: Window | None
    state: State = State.DONE
    reason: str = ""
    readings: int = 0
    observations: int = 0
    rejected: int = 0
    made: list[Made] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def take_sample(parts: Parts, collector: Collector, at: datetime | None) -> Sample:
    """Ask a collector's source for the last period that has ended, or the one that ``at`` is in.

    ``at`` is local to the collector. A document is read whole, and its last period given; a source
    that probes does so once, now. What the source says is not remembered. Raises ConfigError where
    there is no such period.
    """
    wanted = _period(collector, at, parts.clock.now())
    found = Sample(window=wanted)
    seen: list[Seen] = []
    try:
        context = looking(parts, collector, found.warnings)
        if at is None and isinstance(collector.source, Probing):
            tick, _ = collector.schedule.instant(parts.clock.now())
            context = probed_now(collector, tick, context)
        window = ALWAYS if wanted is None or _is_document(collector) else wanted
        for mapped in read_periods(
            collector, window, context, found.warnings.append, lambda *one: seen.append(one)
        ):
            if wanted is None or mapped.start == wanted.start:
                found.window = wanted or _window_of(collector, mapped.start)
                _note(found, mapped, seen)
            seen.clear()
    except NotYet as exc:
        found.state, found.reason = State.NOT_YET, parts.vault.scrub(str(exc))
    except CollectorError as exc:
        found.state, found.reason = State.FAILED, parts.vault.scrub(str(exc))
    found.warnings = [parts.vault.scrub(one) for one in dict.fromkeys(found.warnings)]
    return found


def _period(collector: Collector, at: datetime | None, now: datetime) -> Window | None:
    """Give the period that is looked at; None for whichever comes last in a document."""
    if at is None and _is_document(collector):
        return None
    if collector.period is Period.INSTANT:
        if at is not None:
            raise ConfigError(f"{collector.name}: an instant has no past, so --at means nothing")
        return Window(*collector.schedule.instant(now))
    period, zone = collector.period, collector.zone
    if at is None:
        end = floor(now, period, zone)
        if isinstance(collector.source, Probing):
            return Window(end, following(end, period, zone))
        return Window(preceding(end, period, zone), end)
    start = floor(at.replace(tzinfo=zone).astimezone(UTC), period, zone)
    end = following(start, period, zone)
    if end > now and not _is_document(collector):
        raise ConfigError(f"{collector.name}: this {period} ends {end:%Y-%m-%dT%H:%MZ}, not yet")
    return Window(start, end)


def _is_document(collector: Collector) -> bool:
    return isinstance(collector.source, Document)


def _note(found: Sample, mapped: Mapped, seen: Sequence[Seen]) -> None:
    found.readings = mapped.readings
    found.observations = len(mapped.observations)
    found.rejected = len(mapped.rejected)
    found.made = list(_made(mapped, seen))


def _window_of(collector: Collector, start: datetime) -> Window:
    if collector.period is Period.INSTANT:
        return ALWAYS
    return Window(start, following(start, collector.period, collector.zone))


def _made(mapped: Mapped, seen: Sequence[Seen]) -> Iterator[Made]:
    results = {id(one): (one, SENT) for one in mapped.observations}
    results |= {
        id(one.observation): (dict(one.observation), f"refused: {one.reason}")
        for one in mapped.rejected
    }
    for reading, record in seen:
        if record is None:
            yield Made(reading, None, UNKNOWN)
        elif id(record) in results:
            yield Made(reading, *results.pop(id(record)))
        else:
            yield Made(reading, None, TOGETHER)
    for observation, result in results.values():
        yield Made(None, observation, AGGREGATED if result == SENT else result)
