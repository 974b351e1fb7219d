"""From coverage and the present time to the windows that are due.

A period is due once it has ended in the collector's zone and until it is settled. What is settled
or not due is passed over by the algebra of intervals, in whole seconds, so that a long history
costs nothing; only what is missing is cut along the calendar.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple

from collectors.clock import epoch, from_epoch
from collectors.config.schedules import Schedule
from collectors.intervals import Interval, intersect, subtract, union
from collectors.periods import (
    ALWAYS,
    FIRST_DAY,
    Period,
    Window,
    beginning,
    count,
    covering,
    floor,
    following,
    label,
    preceding,
)
from collectors.schedule.terms import Collected, Due, Kind, Terms

LEEWAY = 12
"""A twelfth of ``revisit`` may be missing: a daily tick comes 23 hours after the last one when the
clocks go forward, and the last run began some time after its own tick."""


class _Asked(NamedTuple):
    start: int
    end: int
    at: datetime
    changed: bool


def due(terms: Terms, coverage: Sequence[Collected], now: datetime) -> list[Due]:
    """Give the windows to collect now, the most urgent first; they never overlap.

    The last period that ended is ``LIVE`` where it was never collected, older ones are
    ``CATCH_UP``, oldest first; provisional ones are ``REVISIT``. Neighbours of one kind share a
    window, as long as ``max_span`` allows. Raises ValueError for the period ``INSTANT``.
    """
    wanted = _wanted(terms, now)
    if wanted is None or any(_settles(one, wanted) for one in coverage):
        return []
    missing = _missing(terms, coverage, [wanted])
    last = epoch(preceding(from_epoch(wanted[1]), terms.period, terms.zone))
    asked = list(_to_ask_again(terms, coverage, wanted, now))
    again = subtract([(one.start, one.end) for one in asked], missing)
    windows = chain(
        _never(terms, Kind.LIVE, intersect(missing, [(last, wanted[1])])),
        _never(terms, Kind.CATCH_UP, subtract(missing, [(last, wanted[1])])),
        _again(terms, again, asked, now),
    )
    return list(islice(windows, terms.limit))


def windows_between(
    terms: Terms, start: date | datetime, end: date | datetime, now: datetime
) -> list[Due]:
    """Give ``MANUAL`` windows over a given stretch, oldest first, whether settled or not.

    Aware datetimes are a half-open stretch; dates are local days, the last one included. The
    windows hold every period that the stretch touches, that has ended, and that the source still
    remembers: to ask for others again would replace good figures with nothing.
    """
    opens, closes = _opening(terms, start), _closing(terms, end, now)
    first = _reachable(terms, floor(opens, terms.period, terms.zone))
    last = min(_ceiling(terms, closes), floor(now, terms.period, terms.zone))
    if opens >= closes or first >= last:
        return []
    windows = _tiles(terms, [(epoch(first), epoch(last))])
    return [_due(terms, Kind.MANUAL, window, "asked for by hand") for window in windows]


def unreachable(terms: Terms, coverage: Sequence[Collected], now: datetime) -> list[Window]:
    """Give the stretches that were never collected and that the source no longer remembers."""
    if terms.earliest is None:
        return []
    first = first_period(terms, now)
    bound = min(_reachable(terms, first), floor(now, terms.period, terms.zone))
    if first >= bound:
        return []
    missing = _missing(terms, coverage, [(epoch(first), epoch(bound))])
    return [_window(interval) for interval in missing]


def due_instant(schedule: Schedule, coverage: Sequence[Collected], now: datetime) -> Due | None:
    """Give the present tick of an ``every`` schedule, unless it has been collected.

    An instant has no past, so ticks that were missed are not due. Raises ValueError for a
    schedule without a fixed interval.
    """
    window = Window(*schedule.instant(now))
    if any(one.window.contains(window.start) for one in coverage):
        return None
    return Due(window, Kind.LIVE, 1, f"the tick of {window.start:%Y-%m-%dT%H:%M:%SZ}")


def due_document(revision: str, collected_revision: str | None) -> Due | None:
    """Give the whole document where its ``revision`` is not the one that was collected."""
    if revision == collected_revision:
        return None
    reason = "never read" if collected_revision is None else "changed since it was last read"
    return Due(ALWAYS, Kind.LIVE, 1, reason)


def is_settled(period_end: datetime, settle: timedelta, began: datetime) -> bool:
    """Tell whether a success that ``began`` then has seen the last word on a period."""
    return began >= period_end + settle


def origin(terms: Terms, now: datetime) -> datetime:
    """Give where a collector without ``since`` begins: the start of the last period ended."""
    return preceding(floor(now, terms.period, terms.zone), terms.period, terms.zone)


def first_period(terms: Terms, now: datetime) -> datetime:
    """Give the start of the first period that is wanted, whether the source remembers it or not."""
    start = origin(terms, now) if terms.origin is None else terms.origin
    if terms.since is not None:
        start = _opening(terms, terms.since)
    return floor(start, terms.period, terms.zone)


def _opening(terms: Terms, start: date | datetime) -> datetime:
    if isinstance(start, datetime):
        return start
    return beginning(max(start, FIRST_DAY), terms.zone)


def _closing(terms: Terms, end: date | datetime, now: datetime) -> datetime:
    if isinstance(end, datetime):
        return min(end, now)
    today = floor(now, Period.DAY, terms.zone)
    return following(min(_opening(terms, end), today), Period.DAY, terms.zone)


def _ceiling(terms: Terms, moment: datetime) -> datetime:
    start = floor(moment, terms.period, terms.zone)
    return start if start == moment else following(start, terms.period, terms.zone)


def _reachable(terms: Terms, first: datetime) -> datetime:
    if terms.earliest is None or terms.earliest <= first:
        return first
    return _ceiling(terms, terms.earliest)


def _wanted(terms: Terms, now: datetime) -> Interval | None:
    first = _reachable(terms, first_period(terms, now))
    horizon = floor(now, terms.period, terms.zone)
    return (epoch(first), epoch(horizon)) if first < horizon else None


def _settles(one: Collected, wanted: Interval) -> bool:
    """Tell whether a stretch leaves nothing to ask for: the rule, and quickly found."""
    window = one.window
    return one.settled and epoch(window.start) <= wanted[0] and epoch(window.end) >= wanted[1]


def _missing(
    terms: Terms, coverage: Sequence[Collected], wanted: Sequence[Interval]
) -> list[Interval]:
    """Whole periods of which some part was never collected."""
    covered = ((epoch(one.window.start), epoch(one.window.end)) for one in coverage)
    return union(_whole(terms, gap) for gap in subtract(wanted, covered))


def _to_ask_again(
    terms: Terms, coverage: Sequence[Collected], wanted: Interval, now: datetime
) -> Iterator[_Asked]:
    """Whole provisional periods whose time has come, in order and disjoint.

    Those before the first that is wanted too: a backfill has collected them.
    """
    final = floor(now - terms.settle, terms.period, terms.zone)
    latest = now - (terms.revisit - terms.revisit / LEEWAY)
    reached = epoch(_reachable(terms, beginning(FIRST_DAY, terms.zone)))
    for one in sorted(coverage, key=lambda one: one.window):
        is_stale = one.changed or one.collected_at <= latest
        if one.settled or not (is_stale or one.window.start < final):
            continue
        stretch = (epoch(one.window.start), epoch(one.window.end))
        for part in intersect([stretch], [(reached, wanted[1])]):
            start, reached = _whole(terms, part)
            end = reached if is_stale else min(reached, epoch(final))
            yield _Asked(start, end, one.collected_at, one.changed)


def _whole(terms: Terms, interval: Interval) -> Interval:
    window = covering(from_epoch(interval[0]), from_epoch(interval[1]), terms.period, terms.zone)
    return epoch(window.start), epoch(window.end)


def _tiles(terms: Terms, intervals: Iterable[Interval]) -> Iterator[Window]:
    """Each stretch in windows of whole periods, as long as ``max_span`` allows."""
    if terms.ready is not None:
        held = list(intervals)
        intervals = sorted([*intersect(held, terms.ready), *subtract(held, terms.ready)])
    for interval in intervals:
        start, stop = from_epoch(interval[0]), from_epoch(interval[1])
        while start < stop:
            end = _reach(terms, start, stop)
            yield Window(start, end)
            start = end


def _reach(terms: Terms, start: datetime, stop: datetime) -> datetime:
    if terms.max_span is None or stop - start <= terms.max_span:
        return stop
    end = floor(start + terms.max_span, terms.period, terms.zone)
    return max(end, following(start, terms.period, terms.zone))


def _never(terms: Terms, kind: Kind, missing: Iterable[Interval]) -> Iterator[Due]:
    for window in _tiles(terms, missing):
        ended = _spell(terms, window.end)
        periods = count(window, terms.period, terms.zone)
        said = f"ended {ended}" if periods == 1 else f"{periods} periods ended by {ended}"
        yield Due(window, kind, periods, f"{said}, never collected")


def _again(
    terms: Terms, intervals: Iterable[Interval], asked: Sequence[_Asked], now: datetime
) -> Iterator[Due]:
    starts, ends = [one.start for one in asked], [one.end for one in asked]
    for window in _tiles(terms, intervals):
        first = bisect_right(ends, epoch(window.start))
        past = bisect_left(starts, epoch(window.end))
        known = asked[first:past]
        oldest = min(one.at for one in known)
        reason = f"provisional, last asked {oldest:%Y-%m-%dT%H:%MZ}"
        if any(one.changed for one in known):
            reason = "what it is made of has changed"
        elif is_settled(window.end, terms.settle, now):
            reason += ", old enough to settle"
        yield _due(terms, Kind.REVISIT, window, reason)


def _due(terms: Terms, kind: Kind, window: Window, reason: str) -> Due:
    return Due(window, kind, count(window, terms.period, terms.zone), reason)


def _window(interval: Interval) -> Window:
    return Window(from_epoch(interval[0]), from_epoch(interval[1]))


def _spell(terms: Terms, end: datetime) -> str:
    if terms.period is Period.HOUR:
        return f"{end:%Y-%m-%dT%H:%MZ}"
    return label(end, terms.period, terms.zone).date().isoformat()
