"""Cron text, read once by cronsim, and the local times that it names, by arithmetic.

A local time is told in seconds as if it were UTC: the seconds from 1970-01-01T00:00:00 to what the
clock on the wall shows.
"""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from cronsim import CronSim, CronSimError

_FIELDS = {
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, and be in one of its months",
    "month": "1-12 or JAN-DEC",
    "day-of-week": "0-7 or SUN-SAT (0 and 7 are Sunday)",
}
FIELDS = len(_FIELDS)
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_FIRST = date(1970, 1, 1).toordinal()
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_MONTHS_AHEAD = 50 * 12
"""How far to look for a day: the 29th of February is a given weekday every 28 or 40 years."""
_GAPS = 100


@dataclass(frozen=True, slots=True)
class Cron:
    """Five fields of cron text. ``hours``, ``minutes`` and ``months`` are sorted.

    With ``by_elapsed_time`` (minute or hour begin with ``*``, as Debian's cron has it) it goes by
    what the clock shows at each instant; else each of its local times comes once a local day.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    days: str
    weekdays: str
    by_elapsed_time: bool

    @classmethod
    def read(cls, text: str) -> "Cron":
        """Read five fields; raises ValueError with what is wrong, a date that never comes too."""
        minute, hour, days, _, weekdays = text.split()
        read = _read(text)
        cron = cls(
            minutes=_interned(read.minutes),
            hours=_interned(read.hours),
            months=_interned(read.months),
            days=days,
            weekdays=weekdays,
            by_elapsed_time=minute.startswith("*") or hour.startswith("*"),
        )
        if cron.following(0) is None:
            raise ValueError("no day is ever like that")
        return cron

    def following(self, local: int) -> int | None:
        """Give the next local time after ``local``; None where none comes for 50 years."""
        day, second = divmod(local, _DAY)
        if self._holds(day):
            hour, second = divmod(second, _HOUR)
            if hour in self.hours:
                index = bisect_right(self.minutes, second // _MINUTE)
                if index < len(self.minutes):
                    return day * _DAY + hour * _HOUR + self.minutes[index] * _MINUTE
            index = bisect_right(self.hours, hour)
            if index < len(self.hours):
                return day * _DAY + self.hours[index] * _HOUR + self.minutes[0] * _MINUTE
        next_day = self._day_after(day)
        if next_day is None:
            return None
        return next_day * _DAY + self.hours[0] * _HOUR + self.minutes[0] * _MINUTE

    def shortest_gap(self) -> int:
        """Give the seconds between those of the next hundred local times that are closest."""
        return _shortest_gap(self)

    def _holds(self, day: int) -> bool:
        on = date.fromordinal(day + _FIRST)
        return on.month in self.months and on.day in self._days_of(on.year, on.month)

    def _day_after(self, day: int) -> int | None:
        on = date.fromordinal(day + _FIRST)
        year, month, last = on.year, on.month, on.day
        for _ in range(_MONTHS_AHEAD):
            if month in self.months:
                days = self._days_of(year, month)
                index = bisect_right(days, last)
                if index < len(days):
                    return date(year, month, days[index]).toordinal() - _FIRST
            year, month, last = (year, month + 1, 0) if month < 12 else (year + 1, 1, 0)
            if year > date.max.year:
                break
        return None

    def _days_of(self, year: int, month: int) -> tuple[int, ...]:
        return _days_of(self.days, self.weekdays, year, month)


@lru_cache(maxsize=4096)
def _shortest_gap(cron: Cron) -> int:
    times = [0]
    while len(times) <= _GAPS and (time := cron.following(times[-1])) is not None:
        times.append(time)
    return min(later - earlier for earlier, later in pairwise(times[1:]))


def _read(text: str) -> Any:
    try:
        return CronSim(text, _ANY_DAY)
    except CronSimError as exc:
        name = str(exc).removeprefix("Bad ")
        field = text.split()[list(_FIELDS).index(name)]
        raise ValueError(f"its {name} is {field!r} and must be {_FIELDS[name]}") from exc


def _interned(numbers: Iterable[int]) -> tuple[int, ...]:
    return _shared(tuple(sorted(numbers)))


@lru_cache(maxsize=4096)
def _shared(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Let equal fields of many schedules be one object."""
    return numbers


@lru_cache(maxsize=4096)
def _days_of(days: str, weekdays: str, year: int, month: int) -> tuple[int, ...]:
    """Give the days of a month on which the two fields for days let it run."""
    pattern = _pattern(days, weekdays)
    last = monthrange(year, month)[1]
    return tuple(day for day in range(1, last + 1) if pattern.match_day(date(year, month, day)))


@lru_cache(maxsize=1024)
def _pattern(days: str, weekdays: str) -> CronSim:
    return CronSim(f"0 0 {days} * {weekdays}", _ANY_DAY)
