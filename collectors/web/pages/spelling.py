"""How pages spell times, lengths of time, numbers and sizes. All times are UTC."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from markupsafe import Markup

from collectors.clock import epoch, from_epoch
from collectors.config.model import Collector
from collectors.periods import ALWAYS, Period, label
from collectors.values import counted

DASH = "–"  # noqa: RUF001 - what is not known
_SECOND = timedelta(seconds=1)
_STEPS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def when(value: datetime | float | None) -> str:
    """Spell a time, or seconds since 1970, so that programs can read it too."""
    if value is None:
        return DASH
    at = (value if isinstance(value, datetime) else from_epoch(value)).astimezone(UTC)
    return _time(at, f"{at.day} {at:%b %Y, %H:%M}")


def day(value: date) -> str:
    """Spell a day."""
    return f"{value.day} {value:%b %Y}"


def span(start: int, end: int, collector: Collector | None = None) -> str:
    """Spell a stretch: as times or, of a collector of days and longer, as its days."""
    if start <= epoch(ALWAYS.start):
        return "whole document"
    if collector is None or collector.period in (Period.HOUR, Period.INSTANT):
        return _times(from_epoch(start), from_epoch(end))
    first = label(from_epoch(start), Period.DAY, collector.zone).date()
    last = label(from_epoch(end) - _SECOND, Period.DAY, collector.zone).date()
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def _times(start: datetime, end: datetime) -> str:
    """Spell both ends, the second by the time alone where it is on the same day."""
    clock = "%H:%M:%S" if start.second or end.second else "%H:%M"
    first = f"{day(start)}, {start:{clock}}"
    last = f"{end:{clock}}" if start.date() == end.date() else f"{day(end)}, {end:{clock}}"
    return Markup("{} to {}").format(_time(start, first), _time(end, last))


def _time(at: datetime, text: str) -> str:
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", text)


def lasting(seconds: float | timedelta | None) -> str:
    """Spell a length of time by its two largest units: ``2 days 3 hours``."""
    if seconds is None:
        return DASH
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    left, said = int(max(seconds, 0)), []
    for name, size in _STEPS:
        count, left = divmod(left, size)
        if count:
            said.append(counted(count, name))
    return " ".join(said[:2]) or "under 1 second"


def number(value: float | None) -> str:
    """Spell a number with commas."""
    return DASH if value is None else f"{value:,}"


def size(value: int) -> str:
    """Spell so many bytes."""
    for unit, amount in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= amount:
            return f"{value / amount:,.1f} {unit}"
    return counted(value, "byte")


def pretty(text: str) -> str:
    """Spell JSON over several lines; what is no JSON stays as it is."""
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text


FILTERS: Mapping[str, Callable[..., Any]] = {
    "when": when,
    "day": day,
    "lasting": lasting,
    "number": number,
    "size": size,
    "pretty": pretty,
    "counted": counted,
}
