"""Periods of ours and labels of Google's, both in the property's own zone."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from collectors.api import Period, Refused, Unexpected, Window, beginning, shift

LABELS = {
    Period.HOUR: "dateHour",
    Period.DAY: "date",
    Period.WEEK: "isoYearIsoWeek",
    Period.MONTH: "yearMonth",
    Period.YEAR: "year",
}
"""The dimension whose values are periods; a quarter has none."""

_SECOND = timedelta(seconds=1)
_DATES: dict[Period, Callable[[str], date]] = {
    Period.DAY: lambda text: date(int(text[:4]), int(text[4:6]), int(text[6:])),
    Period.WEEK: lambda text: date.fromisocalendar(int(text[:4]), int(text[4:]), 1),
    Period.MONTH: lambda text: date(int(text[:4]), int(text[4:]), 1),
    Period.YEAR: lambda text: date(int(text), 1, 1),
}


def start_of(label: str, period: Period, zone: ZoneInfo) -> datetime:
    """Give the start of the period that a label names. Raises Unexpected."""
    try:
        if period is Period.HOUR:
            local = datetime.strptime(label, "%Y%m%d%H").replace(tzinfo=zone)
            return local.astimezone(UTC)
        return beginning(_DATES[period](label), zone)
    except ValueError as exc:
        raise Unexpected(f"Google names a {period} {label[:40]!r}, which is none") from exc


def days(window: Window, zone: ZoneInfo) -> dict[str, str]:
    """Give the local days of a window, both ends included."""
    first, last = window.start.astimezone(zone), (window.end - _SECOND).astimezone(zone)
    return {"startDate": first.date().isoformat(), "endDate": last.date().isoformat()}


def periods(window: Window, period: Period, zone: ZoneInfo) -> Iterator[Window]:
    """Cut a window into its periods."""
    start = window.start
    while start < window.end:
        end = shift(start, period, 1, zone)
        yield Window(start, end)
        start = end


def twice(at: datetime, zone: ZoneInfo) -> bool:
    """Tell whether an hour is the second of two that bear one name, as the clocks go back."""
    return bool(at.astimezone(zone).fold)


def check_hours(window: Window, zone: ZoneInfo) -> None:
    """Refuse hours of a zone in which they do not begin with those of UTC."""
    offset = window.start.astimezone(zone).utcoffset() or timedelta(0)
    if offset % timedelta(hours=1):
        raise Refused(f"hours of {zone} do not begin on the hour of UTC: collect days instead")


def same_days(window: Window, one: ZoneInfo, other: ZoneInfo) -> bool:
    """Tell whether two zones begin every day of a window at the same instants."""
    if one.key == other.key:
        return True
    moments = (
        window.start + timedelta(days=count) for count in range((window.end - window.start).days)
    )
    return all(
        moment.astimezone(one).utcoffset() == moment.astimezone(other).utcoffset()
        for moment in (*moments, window.start, window.end - _SECOND)
    )


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Give when the next day begins."""
    return beginning(now.astimezone(zone).date() + timedelta(days=1), zone)
