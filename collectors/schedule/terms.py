"""The values that planning takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from collectors.intervals import Interval
from collectors.periods import UTC_ZONE, Period, Window

DAY = timedelta(days=1)


class Kind(StrEnum):
    """Why a window is collected."""

    LIVE = "live"
    CATCH_UP = "catch-up"
    REVISIT = "revisit"
    BACKFILL = "backfill"
    MANUAL = "manual"


PRIORITY: Mapping[Kind, int] = {
    Kind.LIVE: 0,
    Kind.MANUAL: 1,
    Kind.CATCH_UP: 2,
    Kind.REVISIT: 3,
    Kind.BACKFILL: 4,
}
"""Which run a worker takes first: the lowest number."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A stretch of coverage: ``collected_at`` is when the success that wrote it began.

    ``changed`` tells that what it was made of has changed since.
    """

    window: Window
    settled: bool
    collected_at: datetime
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A window of ``periods`` whole periods to collect now, and the reason in plain words."""

    window: Window
    kind: Kind
    periods: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What decides which windows of a collector are due.

    ``since`` is the first local day to collect; without it ``origin`` is the start of the first
    period. ``settle`` is how long after its end a period may change; until then it is asked for
    again once a ``revisit``. ``max_span`` is the longest window to ask for, in elapsed time (None:
    any). ``earliest`` is the start of what the source still remembers (None: all or unknown).
    ``limit`` is the most windows a turn (None: all). ``ready`` are the whole periods of which all
    that they are made of is there (None: all are): no window holds such and others.
    """

    period: Period
    zone: ZoneInfo = UTC_ZONE
    since: date | None = None
    origin: datetime | None = None
    settle: timedelta = timedelta(0)
    max_span: timedelta | None = None
    earliest: datetime | None = None
    revisit: timedelta = DAY
    limit: int | None = None
    ready: tuple[Interval, ...] | None = None
