"""The calendar: periods, where they begin and end in a zone, and windows of whole periods.

Days and longer follow the local calendar of a zone, so a London day has 23, 24 or 25 hours.
Hours are elapsed time: they begin at whole hours of UTC in every zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

UTC_ZONE = ZoneInfo("UTC")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_HOUR = timedelta(hours=1)


class Period(StrEnum):
    """The grain of a collector. ``INSTANT`` has no past: its length is that of its schedule."""

    INSTANT = "instant"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


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
        if self == ALWAYS:
            return "whole document"
        return f"{self.start:%Y-%m-%dT%H:%MZ} - {self.end:%Y-%m-%dT%H:%MZ}"

    def contains(self, moment: datetime) -> bool:
        """Tell whether ``moment`` lies in the half-open window."""
        return self.start <= moment < self.end


ALWAYS = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC, microsecond=0))
"""The window of a document: it has none of its own and is read whole."""


def floor(moment: datetime, period: Period, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Give the start (aware UTC) of the ``period`` that ``moment`` lies in. Weeks begin on Monday.

    Raises ValueError for ``INSTANT``, which has no calendar.
    """
    if period is Period.HOUR:
        return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return _local_midnight(_first_day(moment.astimezone(zone), period), zone)


def following(start: datetime, period: Period, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Give the end of the period that begins at ``start``, which is the start of the next one."""
    return shift(start, period, 1, zone)


def shift(start: datetime, period: Period, count: int, zone: ZoneInfo = UTC_ZONE) -> datetime:
    """Move a period's ``start`` by ``count`` periods (back, if negative) along the calendar."""
    if period is Period.HOUR:
        return start + count * _HOUR
    local = start.astimezone(zone).replace(tzinfo=None)
    if period in _MONTHS:
        months = local.year * 12 + local.month - 1 + count * _MONTHS[period]
        return _local_midnight(local.replace(year=months // 12, month=months % 12 + 1, day=1), zone)
    days = {Period.DAY: 1, Period.WEEK: 7}[period]
    return _local_midnight(local + timedelta(days=days * count), zone)


def periods_of(window: Window, period: Period, zone: ZoneInfo = UTC_ZONE) -> Iterator[Window]:
    """Cut ``window`` into its whole periods; they tile it. Its ends must be period starts."""
    start = window.start
    while start < window.end:
        end = following(start, period, zone)
        yield Window(start, end)
        start = end


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
    return start.astimezone(zone).replace(tzinfo=UTC)


def _first_day(local: datetime, period: Period) -> datetime:
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    if period is Period.DAY:
        return day
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    if period in _MONTHS:
        months = _MONTHS[period]
        return day.replace(day=1, month=(day.month - 1) // months * months + 1)
    raise ValueError(f"{period} has no calendar")


def _local_midnight(day: datetime, zone: ZoneInfo) -> datetime:
    return day.replace(tzinfo=zone).astimezone(UTC)
