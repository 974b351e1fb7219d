"""The offsets of a zone from UTC, as stretches of time: worked out once, then looked up."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400
_BLOCK = 400 * DAY
_LAST_BLOCK = int(datetime(9990, 1, 1, tzinfo=UTC).timestamp()) // _BLOCK


class Stretch(NamedTuple):
    """From ``start`` until ``end`` (seconds since 1970) a zone is ``offset`` seconds from UTC."""

    start: int
    end: int
    offset: int


def stretches(zone: ZoneInfo, since: int) -> Iterator[Stretch]:
    """Give the stretches of a zone, from that which holds ``since`` to the end of the calendar.

    Neighbours may have one offset.
    """
    for block in range(since // _BLOCK, _LAST_BLOCK):
        for stretch in _block(zone, block):
            if stretch.end > since:
                yield stretch


@lru_cache(maxsize=1024)
def _block(zone: ZoneInfo, block: int) -> tuple[Stretch, ...]:
    return tuple(_stretches(zone, block * _BLOCK, (block + 1) * _BLOCK))


def _stretches(zone: ZoneInfo, start: int, end: int) -> Iterator[Stretch]:
    """Look once a day for a change, then for its second."""
    offset = _offset(zone, start)
    for day in range(start, end, DAY):
        if _offset(zone, day + DAY) == offset:
            continue
        change = day + bisect_left(range(day, day + DAY), True, key=_differs(zone, offset))
        yield Stretch(start, change, offset)
        start, offset = change, _offset(zone, change)
    if start < end:
        yield Stretch(start, end, offset)


def _differs(zone: ZoneInfo, offset: int) -> Callable[[int], bool]:
    return lambda second: _offset(zone, second) != offset


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
