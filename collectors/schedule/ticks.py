"""When a schedule ticks: pure, in whole seconds, and by arithmetic instead of searching.

``hourly`` and ``every`` go by elapsed time. What follows the calendar (``daily`` and longer, cron
text that names its hours) ticks once for each of its local times: one that comes twice, where the
clocks go back, counts the first time; one that is left out, where they go forward, ticks at the
moment the clocks go forward. Cron text whose minute or hour begins with ``*`` goes by what the
clock shows, through both nights. So does Debian's cron.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from math import floor
from zoneinfo import ZoneInfo

from collectors.clock import from_epoch
from collectors.config.cron import Cron
from collectors.config.schedules import Schedule
from collectors.schedule.offsets import DAY, Stretch, stretches

_HOUR = 3_600
_LONGEST_LEAP = 3 * _HOUR
"""Where a zone leaves out more than this, a day for instance, that day has no ticks."""
_LONGEST = 100 * 366 * DAY


@dataclass(frozen=True, slots=True)
class Timing:
    """A schedule in the zone where its days begin, ``offset`` after each of its times.

    Collectors of one timing tick together.
    """

    schedule: Schedule
    zone: ZoneInfo
    offset: timedelta = timedelta(0)


def next_tick(timing: Timing, after: datetime) -> datetime | None:
    """Give the first tick after ``after``, aware UTC; None where there is none in the calendar."""
    second = tick_after(timing, floor(after.timestamp()))
    return None if second is None else from_epoch(second)


def ticks_between(timing: Timing, start: datetime, end: datetime) -> Iterator[datetime]:
    """Give the ticks of the half-open ``[start, end)``, in order."""
    tick = next_tick(timing, start - timedelta(microseconds=1))
    while tick is not None and tick < end:
        yield tick
        tick = next_tick(timing, tick)


def last_tick(timing: Timing, until: datetime) -> datetime | None:
    """Give the last tick at or before ``until``; None where there is none for a hundred years."""
    end = floor(until.timestamp())
    back = _HOUR
    while _is_past(timing, end - back, end):
        back *= 8
        if back > _LONGEST:
            return None
    within = range(end - back, end + 1)
    index = bisect_left(within, True, key=lambda second: _is_past(timing, second, end))
    return from_epoch(within[index])


def tick_after(timing: Timing, second: int) -> int | None:
    """Give the first tick after ``second``, both in seconds since 1970."""
    offset = int(timing.offset.total_seconds())
    tick = _time_after(timing.schedule, timing.zone, second - offset)
    return None if tick is None else tick + offset


def _is_past(timing: Timing, second: int, end: int) -> bool:
    """Tell whether the last tick until ``end`` is ``second`` or earlier."""
    tick = tick_after(timing, second)
    return tick is None or tick > end


def _time_after(schedule: Schedule, zone: ZoneInfo, second: int) -> int | None:
    if schedule.calendar is None:
        step = int(schedule.interval.total_seconds())
        return (second // step + 1) * step
    if schedule.calendar.by_elapsed_time:
        return _shown_after(schedule.calendar, zone, second)
    return _reached_after(schedule.calendar, zone, second)


def _shown_after(cron: Cron, zone: ZoneInfo, second: int) -> int | None:
    """Give when the clock next shows one of the times."""
    for start, end, offset in stretches(zone, second):
        local = cron.following(max(second, start - 1) + offset)
        if local is None:
            return None
        if local < end + offset:
            return local - offset
    return None


def _reached_after(cron: Cron, zone: ZoneInfo, second: int) -> int | None:
    """Give when the clock first reaches, or leaps over, the next time that it has not reached."""
    begun = takewhile(lambda one: one.start <= second, stretches(zone, second - DAY))
    reached = max((min(one.end - 1, second) + one.offset for one in begun), default=None)
    local = None if reached is None else cron.following(reached)
    if local is None:
        return None
    for first, (start, end, offset) in _with_leaps(stretches(zone, local - 2 * DAY)):
        if local < first and (local := cron.following(first - 1)) is None:
            return None
        if local < end + offset:
            return max(start, local - offset)
    return None


def _with_leaps(among: Iterable[Stretch]) -> Iterator[tuple[int, Stretch]]:
    """Give with each stretch the first local time that ticks in it, be it leapt over before it."""
    shown = 0
    for stretch in among:
        first = stretch.start + stretch.offset
        yield shown if 0 < first - shown <= _LONGEST_LEAP else first, stretch
        shown = stretch.end + stretch.offset
