"""Schedules as written in YAML: ``hourly`` … ``yearly``, ``every 2 minutes``, or cron text.

Cron text has the meaning that Debian's cron gives it: weekday 0 and 7 are Sunday, and where both
the day of the month and the weekday are named, either is enough.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from collectors.clock import EPOCH
from collectors.periods import Period

NAMED: Mapping[str, Period] = {
    "hourly": Period.HOUR,
    "daily": Period.DAY,
    "weekly": Period.WEEK,
    "monthly": Period.MONTH,
    "quarterly": Period.QUARTER,
    "yearly": Period.YEAR,
}
EVERY = re.compile(r"every (?:(?P<count>[1-9][0-9]{0,4}) )?(?P<unit>second|minute|hour|day)s?")
"""Text like ``every 2 minutes``."""
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_CRON = {
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, and be in one of its months",
    "month": "1-12 or JAN-DEC",
    "day-of-week": "0-7 or SUN-SAT (0 and 7 are Sunday)",
}
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a collector ticks. ``every`` is set for ``every 2 minutes``, ``cron`` for cron text.

    ``period`` is the grain that the schedule gives by default; cron text gives none.
    """

    text: str
    period: Period | None
    every: timedelta | None = None
    cron: str | None = None

    def instant(self, now: datetime) -> tuple[datetime, datetime]:
        """Give the last tick at or before ``now``, and the one after it: an instant's window.

        Ticks are whole steps of ``every`` since 1970. Raises ValueError where there is none.
        """
        if self.every is None:
            raise ValueError(f"{self.text!r} has no fixed interval: use 'every 2 minutes'")
        start = EPOCH + (now - EPOCH) // self.every * self.every
        return start, start + self.every


def parse_schedule(text: str) -> Schedule:
    """Read a schedule; raises ValueError with what is wrong and what would be right."""
    if text in NAMED:
        return Schedule(text, NAMED[text])
    if match := EVERY.fullmatch(text):
        every = timedelta(seconds=int(match["count"] or 1) * _UNITS[match["unit"]])
        return Schedule(text, Period.INSTANT, every=every)
    if len(text.split()) == len(_CRON):
        _check_cron(text)
        return Schedule(text, None, cron=text)
    names = ", ".join(NAMED)
    raise ValueError(
        f"{text!r} is not a schedule: use {names}, 'every 2 minutes', or five fields of cron"
    )


def _check_cron(text: str) -> None:
    try:
        CronSim(text, _ANY_DAY)
    except CronSimError as exc:
        name = str(exc).removeprefix("Bad ")
        field = text.split()[list(_CRON).index(name)]
        raise ValueError(
            f"{text!r} is not cron text: its {name} is {field!r} and must be {_CRON[name]}"
        ) from exc
