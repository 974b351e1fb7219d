"""Time zones by their names."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from collectors.config.suggestions import hint


def parse_zone(text: str) -> ZoneInfo:
    """Find a time zone by its name; raises ValueError with the nearest right one."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        nearest = hint(text, _zones())
    raise ValueError(f"{text!r} is not a time zone{nearest or ': write it like Europe/London'}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
