"""Schedules as written in YAML: ``hourly`` … ``yearly``, ``every 2 minutes``, or cron text."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from collectors.clock import EPOCH
from collectors.periods import Period

NAMED = {
    "hourly": Period.HOUR,
    "daily": Period.DAY,
    "weekly": Period.WEEK,
    "monthly": Period.MONTH,
    "quarterly": Period.QUARTER,
    "yearly": Period.YEAR,
}
_EVERY = re.compile(r"every (?:(?P<count>[1-9]\d{0,4}) )?(?P<unit>second|minute|hour|day)s?")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a collector ticks. ``every`` is set for ``every 2 minutes``, ``cron`` for cron text."""

    text: str
    period: Period | None
    every: timedelta | None = None
    cron: str | None = None

    def instant(self, now: datetime) -> tuple[datetime, datetime]:
        """Give the last tick at or before ``now``, and the one after it: an instant's window."""
        if self.every is None:
            raise ValueError(f"{self.text!r} has no fixed interval")
        start = EPOCH + (now - EPOCH) // self.every * self.every
        return start, start + self.every


def parse_schedule(text: str) -> Schedule:
    """Read a schedule; raises ValueError with what is wrong and what would be right."""
    if text in NAMED:
        return Schedule(text, NAMED[text])
    if match := _EVERY.fullmatch(text):
        every = timedelta(seconds=int(match["count"] or 1) * _UNITS[match["unit"]])
        return Schedule(text, Period.INSTANT, every=every)
    if len(text.split()) == 5:
        try:
            CronSim(text, _ANY_DAY)
        except CronSimError as exc:
            raise ValueError(f"{text!r} is not cron text: {exc}") from exc
        return Schedule(text, None, cron=text)
    names = ", ".join(NAMED)
    raise ValueError(
        f"{text!r} is not a schedule: use {names}, 'every 2 minutes', or five fields of cron"
    )
