"""The calendar: periods, where they begin and end in a zone, and windows of whole periods.

Days and longer follow the local calendar of a zone, so a London day has 23, 24 or 25 hours. A day
begins at the first instant that bears its date: mostly midnight, but the end of the leap where the
clocks leap over midnight, and the first of two where they go back over it. So days tile time in
every zone. Hours are elapsed time: they begin at whole hours of UTC in every zone.

The calendar reaches from ``FIRST_DAY`` to the end of the year 9998 in every zone; at the very
edges of time the functions raise OverflowError.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

UTC_ZONE = ZoneInfo("UTC")
FIRST_DAY = date(2, 1, 1)
"""The first day whose every period lies within the time that can be told."""

_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


class Period(StrEnum):
    """The grain of a collector. ``INSTANT`` has no past: its length is that of its schedule."""

    INSTANT = "instant"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
_DAYS = {Period.DAY: 1, Period.WEEK: 7}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open stretch ``[start, end)`` of time; both ends aware UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise ValueError("a window is aware UTC")
        if self.start >= self.end:
            raise ValueError(f"a window must end after it starts: {self.start} - {self.end}")

    def __str__(self) -> str:
        return spell_stretch(self.start, self.end)

    def contains(self, moment: datetime) -> bool:
        """Tell whether ``moment`` lies in the half-open window."""
        return self.start <= moment < self.end


ALWAYS = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC, microsecond=0))
"""The window of a document: it has none of its own and is read whole."""


def spell_stretch(start: datetime, end: datetime) -> str:
    """Spell a stretch of time (aware UTC) to the minute, or to the second where it needs that."""
    if start == ALWAYS.start:
        return "whole document"
    form = "%Y-%m-%dT%H:%M:%SZ" if start.second or end.second else "%Y-%m-%dT%H:%MZ"
    return f"{start:{form}} - {end:{form}}"


def floor(moment: datetime, period: Period, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Give the start (aware UTC) of the ``period`` that ``moment`` lies in. Weeks begin on Monday.

    Raises ValueError for ``INSTANT``, which has no calendar.
    """
    if period is Period.HOUR:
        return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    local = moment.astimezone(zone)
    start = beginning(_first_day(local, period), zone)
    # Where the clocks went back over midnight, the new date had begun before the old one returned.
    if local.fold and (next_start := following(start, period, zone)) <= moment:
        return next_start
    return start


def following(start: datetime, period: Period, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Give the end of the period that begins at ``start``, which is the start of the next one."""
    return shift(start, period, 1, zone)


def preceding(start: datetime, period: Period, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Give the start of the period that ends where the one at ``start`` begins."""
    return floor(start - _SECOND, period, zone)


def shift(start: datetime, period: Period, count: int, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Move a period's ``start`` by ``count`` periods (back, if negative) along the calendar.

    A date that the zone left out (Apia's 30 December 2011) is counted, and begins with the next.
    """
    if period is Period.HOUR:
        return start + count * _HOUR
    day = _first_day(start.astimezone(zone), period)
    if period in _DAYS:
        return beginning(day + timedelta(days=_DAYS[period] * count), zone)
    year, month = divmod(day.year * 12 + day.month - 1 + _MONTHS[period] * count, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(f"the calendar has no year {year}")
    return beginning(date(year, month + 1, 1), zone)


def periods_of(window: Window, period: Period, zone: ZoneInfo = UTC_ZONE) -> Iterator[Window]:
    """Cut ``window`` into its whole periods; they tile it. Its ends must be period starts."""
    start = window.start
    while start < window.end:
        end = following(start, period, zone)
        yield Window(start, end)
        start = end


def count(window: Window, period: Period, zone: ZoneInfo = UTC_ZONE) -> int:
    """Give how many periods ``window`` holds, by arithmetic. Its ends must be period starts."""
    if period is Period.HOUR:
        return (window.end - window.start) // _HOUR
    first, last = (_first_day(end.astimezone(zone), period) for end in (window.start, window.end))
    if period in _DAYS:
        return (last - first).days // _DAYS[period]
    return ((last.year - first.year) * 12 + last.month - first.month) // _MONTHS[period]


def covering(start: datetime, end: datetime, period: Period, zone: ZoneInfo = UTC_ZONE) -> Window:
    """Give the smallest window of whole periods that holds ``[start, end)``."""
    first = floor(start, period, zone)
    last = floor(end, period, zone)
    return Window(first, last if last == end and last > first else following(last, period, zone))


def label(start: datetime, period: Period, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Give what ``_timestamp`` says of a period that starts at ``start``.

    A day (or longer) counted in its own zone keeps its date: London's 1 June is
    ``2026-06-01T00:00:00+00:00`` although it starts at 23:00Z, as on the old platform.
    Hours and instants are spelt as they are, in UTC.
    """
    if period in (Period.HOUR, Period.INSTANT):
        return start
    return datetime.combine(_first_day(start.astimezone(zone), period), time(), UTC)


@lru_cache(maxsize=4096)
def beginning(day: date, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Give the first instant (aware UTC) at which it is ``day`` in ``zone``."""
    midnight = datetime.combine(day, time(), zone)
    start = midnight.astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return start
    before = midnight.replace(fold=1).astimezone(UTC)  # read with the offset after the leap
    leap = range((start - before) // _SECOND)
    seconds = bisect_left(
        leap, day, key=lambda seconds: (before + seconds * _SECOND).astimezone(zone).date()
    )
    return before + seconds * _SECOND


def _first_day(day: date, period: Period) -> date:
    if period in _MONTHS:
        months = _MONTHS[period]
        return date(day.year, (day.month - 1) // months * months + 1, 1)
    if period in _DAYS:
        back = day.weekday() if period is Period.WEEK else 0
        return date(day.year, day.month, day.day) - timedelta(days=back)
    raise ValueError(f"{period} has no calendar")
