"""The calendar of one collector: day by day, or period by period, what has become of it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from collectors.api import Document
from collectors.clock import epoch, from_epoch
from collectors.config.model import Collector
from collectors.intervals import Interval, intersect, subtract, union
from collectors.periods import Period, Window, beginning, covering, floor, label, periods_of
from collectors.runner import Parts
from collectors.runner.terms import terms_of
from collectors.schedule import first_period
from collectors.standing.standing import Standing
from collectors.store import SUCCEEDED, Run, State

HOUR = 3600
YEARS: Mapping[Period, int] = {Period.MONTH: 5, Period.QUARTER: 10, Period.YEAR: 20}
"""How many years one page of the calendar shows, of the longer periods; one of all others."""
MOST_YEARS = 50
"""How many pages of years are offered at most."""
RUNS = 500
"""How many runs are looked through for failures."""


class Mark(StrEnum):
    """What has become of a stretch of time; the worst first."""

    LATE = "late"
    FAILED = "failed"
    LOST = "lost"
    WAITING = "waiting"
    PROVISIONAL = "provisional"
    SETTLED = "settled"
    NOT_WANTED = "not wanted"


COLLECTED = (Mark.PROVISIONAL, Mark.SETTLED)
FAILED = (State.FAILED, State.LOST)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day, or one longer period, by the first day that its zone's calendar gives it.

    ``periods`` are those in it by mark, the worst first: a day of an hourly collector has 24.
    """

    day: date
    periods: Mapping[Mark, int]

    @property
    def mark(self) -> Mark:
        """The worst of what is in it."""
        return next(iter(self.periods), Mark.NOT_WANTED)

    @property
    def wanted(self) -> int:
        """How many periods are wanted of it by now."""
        return sum(self.periods.values())

    @property
    def collected(self) -> int:
        """How many of these are there."""
        return sum(self.periods.get(mark, 0) for mark in COLLECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The cells of some years, in order of time.

    ``grain`` is what a cell is, ``counts`` are periods by mark, of what is shown. ``year`` is the
    last year shown, None where that is the present; ``years`` are those that may be asked for.
    """

    grain: Period
    cells: Sequence[Cell]
    counts: Mapping[Mark, int]
    year: int | None
    years: Sequence[int]


def calendar(parts: Parts, known: Standing, year: int | None = None) -> Calendar | None:
    """Give the calendar of a collector: of the last year, or of ``year``; of long periods, of more.

    None for what has no calendar: a document, an instant of no fixed interval. Raises StoreError.
    """
    collector, now = known.collector, parts.clock.now()
    if isinstance(collector.source, Document):
        return None
    wanted = wanted_of(parts, known, now)
    if wanted is None:
        return None
    grain = Period.DAY if collector.period in (Period.INSTANT, Period.HOUR) else collector.period
    days = _days(grain, year, now.astimezone(collector.zone).date())
    runs = parts.store.view.runs(collector=collector.name, limit=RUNS)
    marked = _marked(known, wanted, failed_stretches(runs), now)
    cells = _cells(collector, grain, days, marked)
    return Calendar(
        grain=grain,
        cells=cells,
        counts=_sum(cells),
        year=year,
        years=_years(grain, wanted, known, now),
    )


def failed_stretches(runs: Iterable[Run]) -> list[Interval]:
    """Give the windows whose last run failed or was lost; ``runs`` come newest first."""
    failed: list[Interval] = []
    spoken_of: list[Interval] = []
    for run in runs:
        if run.state in FAILED:
            failed += subtract([run.window], spoken_of)
        if run.state in (*FAILED, State.NOT_YET, *SUCCEEDED):
            spoken_of = union(spoken_of, [run.window])
    return union(failed)


def wanted_of(parts: Parts, known: Standing, now: datetime) -> Interval | None:
    """Give from when to when periods are wanted by now; it may be empty."""
    collector = known.collector
    if collector.period is Period.INSTANT:
        if collector.schedule.every is None:
            return None
        tick = epoch(collector.schedule.instant(now)[0])
        return (known.stretches[0].start if known.stretches else tick, tick)
    terms = terms_of(collector, parts.store.view.origin(collector.name), now)
    return epoch(first_period(terms, now)), epoch(floor(now, collector.period, collector.zone))


def _marked(
    known: Standing, wanted: Interval, failed: Sequence[Interval], now: datetime
) -> dict[Mark, list[Interval]]:
    """Give the stretches of each mark; they do not overlap."""
    settled = [(one.start, one.end) for one in known.stretches if one.settled]
    provisional = [(one.start, one.end) for one in known.stretches if not one.settled]
    missing = subtract([wanted], union(settled, provisional))
    if known.collector.period is Period.INSTANT:
        lost = missing
    else:
        lost = intersect(missing, [(epoch(one.start), epoch(one.end)) for one in known.lost])
    open_ones = subtract(missing, lost)
    late = intersect(open_ones, _past_deadline(known, wanted, now))
    in_time = subtract(open_ones, late)
    return {
        Mark.LATE: late,
        Mark.FAILED: intersect(in_time, failed),
        Mark.LOST: lost,
        Mark.WAITING: subtract(in_time, failed),
        Mark.PROVISIONAL: union(provisional),
        Mark.SETTLED: union(settled),
    }


def _past_deadline(known: Standing, wanted: Interval, now: datetime) -> list[Interval]:
    collector = known.collector
    if known.late is None or known.late.undelivered or collector.deadline is None:
        return []
    last = floor(now - collector.deadline, collector.period, collector.zone)
    return [(wanted[0], epoch(last))]


def _days(grain: Period, year: int | None, today: date) -> tuple[date, date]:
    """Give the first day to be shown, and the first that is not any more."""
    years = YEARS.get(grain, 1)
    after = today + timedelta(days=1)
    if year is not None:
        return date(max(year - years + 1, 2), 1, 1), min(date(year + 1, 1, 1), after)
    if grain in YEARS:
        return date(today.year - years + 1, 1, 1), after
    following = date(today.year, today.month, 1) + timedelta(days=31)
    return date(following.year - 1, following.month, 1), after


def _years(grain: Period, wanted: Interval, known: Standing, now: datetime) -> list[int]:
    starts = [wanted[0], *(one.start for one in known.stretches[:1])]
    first = from_epoch(min(starts)).astimezone(known.collector.zone).year
    return list(range(now.year, first - 1, -YEARS.get(grain, 1)))[:MOST_YEARS]


def _cells(
    collector: Collector,
    grain: Period,
    days: tuple[date, date],
    marked: Mapping[Mark, Sequence[Interval]],
) -> list[Cell]:
    zone = collector.zone
    shown = covering(beginning(days[0], zone), beginning(days[1], zone), grain, zone)
    windows = [
        one
        for one in periods_of(shown, grain, zone)
        if label(one.start, grain, zone).date() < days[1]
    ]
    seconds = _seconds(windows, marked)
    return [
        _cell(label(one.start, grain, zone).date(), seconds[epoch(one.start)], _size(collector))
        for one in windows
    ]


def _seconds(
    windows: Sequence[Window], marked: Mapping[Mark, Sequence[Interval]]
) -> Mapping[int, Mapping[Mark, int]]:
    """Give how many seconds of each mark are in each window, by the window's start."""
    starts = [epoch(one.start) for one in windows]
    bounds = [*starts, epoch(windows[-1].end)]
    found: defaultdict[int, defaultdict[Mark, int]] = defaultdict(lambda: defaultdict(int))
    for mark, stretches in marked.items():
        for start, end in intersect(stretches, [(bounds[0], bounds[-1])]):
            at = bisect_right(starts, start) - 1
            while at < len(starts) and bounds[at] < end:
                found[starts[at]][mark] += min(end, bounds[at + 1]) - max(start, bounds[at])
                at += 1
    return found


def _cell(day: date, seconds: Mapping[Mark, int], size: int | None) -> Cell:
    periods = {mark: count // size if size else 1 for mark, count in seconds.items()}
    return Cell(day, {mark: periods[mark] for mark in Mark if periods.get(mark)})


def _size(collector: Collector) -> int | None:
    """Give the seconds of a period of which a cell holds several; None where it holds one."""
    if collector.period is Period.INSTANT and collector.schedule.every:
        return int(collector.schedule.every.total_seconds())
    return HOUR if collector.period is Period.HOUR else None


def _sum(cells: Sequence[Cell]) -> dict[Mark, int]:
    sums = {mark: sum(cell.periods.get(mark, 0) for cell in cells) for mark in Mark}
    return {mark: count for mark, count in sums.items() if count}
