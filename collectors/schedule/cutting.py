"""Stretches of the past, cut along the calendar."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from collectors.periods import Period, Window, covering, floor, following


def chunks(stretch: Window, size: Period, period: Period, zone: ZoneInfo) -> Iterator[Window]:
    """Cut a stretch of whole periods into chunks of a ``size`` of the calendar, the oldest first.

    They tile it. A period that reaches over the end of a chunk belongs to the one it begins in.
    Raises ValueError for the size ``INSTANT``.
    """
    start = stretch.start
    while start < stretch.end:
        border = following(floor(start, size, zone), size, zone)
        end = min(covering(start, border, period, zone).end, stretch.end)
        yield Window(start, end)
        start = end
