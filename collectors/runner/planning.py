"""From a collector and its coverage to runs that are written down as due."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from collectors.api import Document, Probing
from collectors.clock import epoch, from_epoch
from collectors.config.model import EMBEDDED, Collector
from collectors.errors import CollectorError, ConfigError
from collectors.intervals import Interval, intersect, subtract
from collectors.periods import ALWAYS, Period, Window, floor
from collectors.runner.inputs import changed, ready
from collectors.runner.parts import Parts
from collectors.runner.probing import final
from collectors.runner.reading import revision_of
from collectors.runner.terms import terms_of
from collectors.schedule import (
    PRIORITY,
    Collected,
    Due,
    Kind,
    Terms,
    due,
    due_document,
    due_instant,
    origin,
    unreachable,
    windows_between,
)
from collectors.store import History, Plan, Planned, Stretch


@dataclass(frozen=True, slots=True)
class Between:
    """A stretch given by hand: from one local day up to and including another."""

    start: date
    end: date


def plan(parts: Parts, collector: Collector, between: Between | None = None) -> Plan:
    """Write down what is due of a collector now, or what is asked for by hand.

    Raises ConfigError where a source has no past to ask for, Unexpected where its plugin breaks,
    StoreError.
    """
    ledger = parts.store.ledger
    if between is not None:
        by_hand = windows_by_hand(parts, collector, between)
        return ledger.plan(collector.name, planned(by_hand), instead=True)
    while True:
        history = _history(parts, collector)
        found = find_due(parts, collector, history)
        if (first := first_origin(parts, collector, history)) is not None:
            ledger.origin(collector.name, first)
        if isinstance(collector.source, Document) and not found:
            ledger.note_look([collector.name])
        made = ledger.plan(collector.name, planned(found), seen=history.stretches)
        if not made.stale:
            return made


def _history(parts: Parts, collector: Collector) -> History:
    return parts.store.view.histories([collector.name])[collector.name]


def first_origin(parts: Parts, collector: Collector, history: History) -> datetime | None:
    """Give where the history of a collector begins that was never planned; None where it was."""
    if history.origin is not None or _has_no_calendar(collector):
        return None
    now = parts.clock.now()
    if isinstance(collector.source, Probing):
        return floor(now, collector.period, collector.zone)
    return origin(terms_of(collector, None, now), now)


def _has_no_calendar(collector: Collector) -> bool:
    return isinstance(collector.source, Document) or collector.period is Period.INSTANT


def planned(found: Sequence[Due]) -> list[Planned]:
    """Give windows that are due as the ledger writes them down."""
    return [
        Planned(
            start=epoch(one.window.start),
            end=epoch(one.window.end),
            kind=one.kind,
            priority=PRIORITY[one.kind],
            reason=one.reason,
        )
        for one in found
    ]


def find_due(
    parts: Parts, collector: Collector, history: History | None = None, *, ask: bool = True
) -> list[Due]:
    """Give what is due of a collector now, from its ``history``, which is read where not given.

    Without ``ask`` no source is asked, so a document that was read is taken to be as it was.
    """
    if history is None:
        history = _history(parts, collector)
    now = parts.clock.now()
    if isinstance(collector.source, Document):
        return _due_document(parts, collector, history, ask=ask)
    if collector.period is Period.INSTANT:
        found = due_instant(collector.schedule, _coverage(history.stretches), now)
        return [found] if found else []
    start = history.origin or first_origin(parts, collector, history)
    terms = _divided(parts, collector, terms_of(collector, start, now))
    gone = final(collector, history.stretches, now)
    owed = subtract(_owed(parts, collector, history), gone)
    coverage = _marked(_coverage(history.stretches), changed(parts, collector, history.stretches))
    return due(terms, _closed(_without(coverage, owed), gone, now), now)


def _divided(parts: Parts, collector: Collector, terms: Terms) -> Terms:
    """Keep apart what is made of figures that are there, and of such that are not."""
    whole = ready(parts, collector, terms)
    return terms if whole is None else replace(terms, ready=whole)


def lost_windows(
    parts: Parts, collector: Collector, history: History | None = None
) -> list[Window]:
    """Give what was never collected and what the source does not remember any more."""
    if _has_no_calendar(collector):
        return []
    if history is None:
        history = _history(parts, collector)
    now = parts.clock.now()
    terms = terms_of(collector, history.origin, now)
    if terms.earliest is None or (terms.since is None and terms.origin is None):
        return []
    return unreachable(terms, _coverage(history.stretches), now)


def windows_by_hand(parts: Parts, collector: Collector, between: Between) -> list[Due]:
    """Give the windows of a stretch given by hand; ConfigError where the source has no past."""
    if isinstance(collector.source, Document):
        return [Due(ALWAYS, Kind.MANUAL, 1, "asked for by hand; a document is read whole")]
    if collector.period is Period.INSTANT or isinstance(collector.source, Probing):
        what = "an instant" if collector.period is Period.INSTANT else "what probes"
        raise ConfigError(
            f"{collector.name}: {what} has no past, so --start and --end mean nothing for it"
        )
    now = parts.clock.now()
    terms = _divided(parts, collector, terms_of(collector, None, now))
    return windows_between(terms, between.start, between.end, now)


def _due_document(parts: Parts, collector: Collector, history: History, *, ask: bool) -> list[Due]:
    known = known_revision(parts, collector, history)
    revision = known or ""
    try:
        if ask:
            revision = revision_of(collector, parts.context(collector, [])) or ""
    except CollectorError as exc:
        return [Due(ALWAYS, Kind.LIVE, 1, str(exc))]
    found = due_document(revision, known)
    return [found] if found else []


def known_revision(parts: Parts, collector: Collector, history: History) -> str | None:
    """Give the revision of a document that was collected and that every lane has, or will have."""
    stretches = history.stretches
    return stretches[0].revision if stretches and not _owed(parts, collector, history) else None


def _owed(parts: Parts, collector: Collector, history: History) -> list[Interval]:
    """Give what must be collected again because a full lane did not take it, and now would.

    What the embedded copy holds is paid from there.
    """
    owed = [
        (debt.start, debt.end)
        for debt in history.debts
        if debt.lane.target in parts.sinks and debt.waiting < parts.outbox_limit
    ]
    if not owed or not parts.has_copy:
        return owed
    copy = parts.store.filling.held(EMBEDDED, str(collector.data_set), collector.name)
    return subtract(owed, copy)


def _coverage(stretches: Sequence[Stretch]) -> list[Collected]:
    return [
        Collected(
            Window(from_epoch(one.start), from_epoch(one.end)),
            one.settled,
            from_epoch(one.collected_at),
        )
        for one in stretches
    ]


def _marked(coverage: list[Collected], changed: Sequence[Interval]) -> list[Collected]:
    """Give the coverage with what has to be made again, though it may be settled."""
    if not changed:
        return coverage
    again = [
        replace(
            one,
            window=Window(from_epoch(start), from_epoch(end)),
            settled=False,
            changed=True,
        )
        for one in coverage
        for start, end in intersect([(epoch(one.window.start), epoch(one.window.end))], changed)
    ]
    return [*_without(coverage, changed), *again]


def _without(coverage: list[Collected], taken: Sequence[Interval]) -> list[Collected]:
    if not taken:
        return coverage
    return [
        replace(one, window=Window(from_epoch(start), from_epoch(end)))
        for one in coverage
        for start, end in subtract([(epoch(one.window.start), epoch(one.window.end))], taken)
    ]


def _closed(coverage: list[Collected], gone: Sequence[Interval], now: datetime) -> list[Collected]:
    """Give the coverage with ``gone`` settled, however it was collected."""
    if not gone:
        return coverage
    kept = [Collected(_window(interval), settled=True, collected_at=now) for interval in gone]
    return [*_without(coverage, gone), *kept]


def _window(interval: Interval) -> Window:
    return Window(from_epoch(interval[0]), from_epoch(interval[1]))
