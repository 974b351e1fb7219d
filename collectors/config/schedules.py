"""Schedules as written in YAML: ``hourly`` … ``yearly``, ``every 2 minutes``, or cron text.

A day of the week or month, a time of day and a zone may follow: ``weekly on monday at 06:30 in
Europe/London``. Cron text has the meaning that Debian's cron gives it: weekday 0 and 7 are Sunday,
and where both the day of the month and the weekday are named, either is enough.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from collectors.clock import EPOCH
from collectors.config.cron import FIELDS, Cron
from collectors.config.suggestions import hint, nearest
from collectors.config.zones import parse_zone
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
TIME = re.compile(r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
"""A time of day like ``06:30``."""
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
FORMS = f"use {', '.join(NAMED)}, 'daily at 06:30', 'every 2 minutes', or five fields of cron"
"""What a schedule may look like."""
LAST_DAY = 28
"""The last day that every month has."""
_JOINTS = frozenset({"on", "at", "in"})
_NUMBER = re.compile("[0-9]{1,2}")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_WORDS = re.compile(r"(?P<name>\S+)(?: on (?P<day>\S+))?(?: at (?P<time>\S+))?")
_IN_ZONE = re.compile(r"(?P<when>.*\S) in (?P<zone>\S+)", re.DOTALL)
_CALENDAR = {
    "daily": "* * *",
    "weekly": "* * {day}",
    "monthly": "{day} * *",
    "quarterly": "1 1,4,7,10 *",
    "yearly": "1 1 *",
}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_USUAL_SPLAY = {_HOUR: timedelta(minutes=10), _DAY: timedelta(hours=2)}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a collector ticks. ``every`` is set for ``every 2 minutes``, ``cron`` for cron text.

    ``period`` is the grain that the schedule gives by default; cron text gives none. ``zone`` is
    where its days begin, where it says so itself; ``calendar`` the local times of what is not by
    elapsed time; ``usual_splay`` how far collectors are spread unless told otherwise.
    """

    text: str
    period: Period | None
    every: timedelta | None = None
    cron: str | None = None
    zone: ZoneInfo | None = None
    calendar: Cron | None = field(default=None, compare=False, repr=False)
    usual_splay: timedelta = field(default=timedelta(0), compare=False)

    @property
    def interval(self) -> timedelta:
        """Give the shortest time between two ticks, by the clock on the wall."""
        if self.calendar is None:
            return self.every or _HOUR
        return timedelta(seconds=self.calendar.shortest_gap())

    def instant(self, now: datetime) -> tuple[datetime, datetime]:
        """Give the last tick at or before ``now``, and the one after it: an instant's window.

        Ticks are whole steps of ``every`` since 1970. Raises ValueError where there is none.
        """
        if self.every is None:
            raise ValueError(f"{self.text!r} has no fixed interval: use 'every 2 minutes'")
        start = EPOCH + (now - EPOCH) // self.every * self.every
        return start, start + self.every


@lru_cache(maxsize=4096)
def parse_schedule(text: str) -> Schedule:
    """Read a schedule; raises ValueError with what is wrong and what would be right."""
    try:
        schedule = _read(text)
    except ValueError as exc:
        kind = "cron text" if _is_cron(text) else "a schedule"
        raise ValueError(f"{text!r} is not {kind}: {exc}") from exc
    if schedule is None:
        raise ValueError(f"{text!r} is not a schedule{_meant(text)}")
    return schedule


def _read(text: str) -> Schedule | None:
    """Read a schedule; None where it looks like none. What is wrong in one raises ValueError."""
    if _is_cron(text):
        return Schedule(text, None, cron=text, calendar=Cron.read(text))
    if match := _IN_ZONE.fullmatch(text):
        return _in_zone(text, match["when"], match["zone"])
    if match := EVERY.fullmatch(text):
        every = timedelta(seconds=int(match["count"] or 1) * _UNITS[match["unit"]])
        return Schedule(text, Period.INSTANT, every=every, usual_splay=_usual_splay(every))
    if (match := _WORDS.fullmatch(text)) and match["name"] in NAMED:
        return _named(text, match["name"], match["day"], match["time"])
    return None


def _is_cron(text: str) -> bool:
    words = text.split()
    return len(words) == FIELDS and _JOINTS.isdisjoint(words)


def _in_zone(text: str, when: str, zone: str) -> Schedule | None:
    schedule = _read(when)
    if schedule is None:
        return None
    if schedule.zone is not None:
        raise ValueError("it names two zones")
    if schedule.calendar is None:
        raise ValueError(f"{when!r} is the same in every zone")
    return replace(schedule, text=text, zone=parse_zone(zone))


def _named(text: str, name: str, day: str | None, time: str | None) -> Schedule:
    if name == "hourly":
        if day or time:
            raise ValueError("'hourly' has no day and no time: use cron text like '30 * * * *'")
        return Schedule(text, NAMED[name], usual_splay=_usual_splay(_HOUR))
    cron = Cron.read(f"{_clock_fields(time)} {_day_fields(name, day)}")
    splay = timedelta(0) if time else _usual_splay(_DAY)
    return Schedule(text, NAMED[name], calendar=cron, usual_splay=splay)


def _clock_fields(time: str | None) -> str:
    if time is None:
        return "0 0"
    if match := TIME.fullmatch(time):
        return f"{match['minute']} {match['hour']}"
    raise ValueError(f"{time!r} is not a time of day: write it like 06:30")


def _day_fields(name: str, day: str | None) -> str:
    fields = _CALENDAR[name]
    if "{day}" not in fields:
        if day is None:
            return fields
        raise ValueError(f"{name!r} has no day: use 'weekly on monday' or 'monthly on 15'")
    if day is None:
        return fields.format(day=1)
    if name == "monthly":
        return fields.format(day=_day_of_month(day))
    if day not in WEEKDAYS:
        raise ValueError(f"{day!r} is not a weekday{hint(day, WEEKDAYS)}")
    return fields.format(day=WEEKDAYS.index(day))


def _day_of_month(day: str) -> int:
    if _NUMBER.fullmatch(day) and 1 <= int(day) <= LAST_DAY:
        return int(day)
    message = f"must be 1-{LAST_DAY}; the last of a month is cron text, '0 6 L * *'"
    raise ValueError(f"the day of a month is {day!r} and {message}")


def _usual_splay(interval: timedelta) -> timedelta:
    fitting = [splay for least, splay in _USUAL_SPLAY.items() if least <= interval]
    return fitting[-1] if fitting else timedelta(0)


def _meant(text: str) -> str:
    first, *rest = text.split() or [""]
    likely = nearest(first, NAMED) or first
    for candidate in (" ".join([likely, *rest]), f"daily {text}", f"daily at {text}"):
        if candidate != text and _is_schedule(candidate):
            return f" (did you mean {candidate!r}?)"
    return f": {FORMS}"


def _is_schedule(text: str) -> bool:
    try:
        return _read(text) is not None
    except ValueError:
        return False
