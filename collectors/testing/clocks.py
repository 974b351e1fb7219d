"""A virtual clock, and the two nights on which clocks on walls are moved."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from collectors.clock import FixedClock
from collectors.periods import Window, beginning

__all__ = ["FixedClock", "days_of_change"]

_DAY = timedelta(days=1)


def days_of_change(zone: ZoneInfo, year: int) -> list[Window]:
    """Give the local days of a year that do not have 24 hours: of 23 in spring, 25 in autumn."""
    first = date(year, 1, 1)
    days = (first + _DAY * number for number in range((date(year + 1, 1, 1) - first).days))
    windows = (Window(beginning(day, zone), beginning(day + _DAY, zone)) for day in days)
    return [one for one in windows if one.end - one.start != _DAY]
