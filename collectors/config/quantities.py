"""Quantities as people write them: ``3 hours``, ``1 GB``, ``2014-04-01``, ``Europe/London``."""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from collectors.api import Resets
from collectors.config.schedules import (
    EVERY,
    FORMS,
    NAMED,
    TIME,
    WEEKDAYS,
    Schedule,
    parse_schedule,
)
from collectors.config.zones import parse_zone
from collectors.values import Referenced, Secret, counted

Value = TypeVar("Value")
Kind = Literal["string_type", "schedule_type"]
"""What ``wording`` says is wanted where there is no text."""

_DURATION = re.compile(r"(\d{1,6}) ?(second|minute|hour|day|week)s?")
_UNITS = {"day": 86_400, "hour": 3_600, "minute": 60}
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(B|kB|KB|MB|GB|TB)")
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")
_URL = re.compile(r"https?://[^\s/@]+(/\S*)?")
_PERCENT = re.compile(r"(\d{1,2}) ?%")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_duration(text: str) -> timedelta:
    """Read ``90 minutes``, ``3 hours``, ``2 days``; raises ValueError with what would be right."""
    if match := _DURATION.fullmatch(text):
        return timedelta(**{f"{match[2]}s": int(match[1])})
    raise ValueError(f"{text!r} is not a duration: write it like '90 minutes' or '2 days'")


def spell_duration(duration: timedelta) -> str:
    """Write whole seconds as ``parse_duration`` reads them: ``3 hours``."""
    seconds = duration // timedelta(seconds=1)
    fitting = (one for one in _UNITS.items() if seconds and seconds % one[1] == 0)
    unit, size = next(fitting, ("second", 1))
    return counted(seconds // size, unit)


def parse_size(text: str) -> int:
    """Read ``1 GB`` or ``500 MB`` as bytes; raises ValueError with what would be right."""
    if match := _SIZE.fullmatch(text):
        return round(float(match[1]) * _BYTES[match[2]])
    raise ValueError(f"{text!r} is not a size: write it like '500 MB' or '1 GB'")


def parse_time(text: str) -> time:
    """Read ``06:30``; raises ValueError with what would be right."""
    if _TIME.fullmatch(text):
        return time.fromisoformat(text)
    raise ValueError(f"{text!r} is not a time of day: write it like 06:30")


def parse_percent(text: str) -> float:
    """Read ``50%`` as a share; raises ValueError with what would be right."""
    if match := _PERCENT.fullmatch(text):
        return int(match[1]) / 100
    raise ValueError(f"{text!r} is not a share of less than 100%: write it like '50%'")


def parse_reset_time(text: str) -> Resets:
    """Read ``00:00 America/Los_Angeles``; raises ValueError with what would be right."""
    at, _, zone = text.partition(" ")
    if not zone:
        message = "is not a time of day and a zone: write it like '00:00 America/Los_Angeles'"
        raise ValueError(f"{text!r} {message}")
    return Resets(parse_time(at), parse_zone(zone.strip()))


def parse_day(text: str) -> date:
    """Read ``2014-04-01``; raises ValueError with what would be right."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a day: write it like 2014-04-01")


def _schedule(text: str) -> Schedule:
    """Read a schedule; of one that a reference gave, no part is shown."""
    try:
        return parse_schedule(text)
    except ValueError:
        if not isinstance(text, Referenced):
            raise
        raise ValueError(f"{text!r} is not a schedule: {FORMS}") from None


def _from_text(parse: Callable[[str], Value], kind: Kind = "string_type") -> BeforeValidator:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise PydanticCustomError(kind, "must be a text")
        return parse(value)

    return BeforeValidator(read)


def _read_url(value: Any) -> Any:
    return None if value == "" else value


def _check_url(secret: Secret | None) -> Secret | None:
    if secret is not None and not _URL.fullmatch(secret.reveal()):
        raise ValueError("is not a URL: it begins with https:// or http://")
    return secret


def _words(pattern: str, *examples: str) -> dict[str, Any]:
    """Describe a quantity to editors; the ``format`` says that a plain number is none."""
    text = {"type": "string", "format": "words", "pattern": f"^(?:{pattern})$"}
    return {**text, "examples": list(examples)}


_AS_DURATION = _words(_DURATION.pattern, "90 minutes", "2 days")
_AS_SIZE = _words(_SIZE.pattern, "500 MB", "1 GB")
_AS_PERCENT = _words(_PERCENT.pattern, "50%")
_AS_RESET_TIME = _words(rf"{_TIME.pattern} +\w[\w+-]*(/\w[\w+-]*)*", "00:00 America/Los_Angeles")
_AS_DAY = _words(_DAY.pattern, "2014-04-01")
_AS_TIME = _words(_TIME.pattern, "06:30")
_AS_ZONE = _words(r"\w[\w+-]*(/\w[\w+-]*)*", "Europe/London", "UTC")
_CRON = r"[-0-9*/,]+\s+[-0-9*/,]+(\s+[-0-9*/,#A-Za-z]+){3}"
_IN_ZONE = "( in [^ ]+)?"
_AT = f"( at {TIME.pattern})?{_IN_ZONE}"
_AS_SCHEDULE = {
    "anyOf": [
        {"enum": list(NAMED)},
        _words(f"(daily|quarterly|yearly){_AT}", "daily at 06:30"),
        _words(f"weekly( on ({'|'.join(WEEKDAYS)}))?{_AT}", "weekly on monday at 06:30"),
        _words(f"monthly( on 0?([1-9]|1[0-9]|2[0-8]))?{_AT}", "monthly on 15 at 06:30"),
        _words(EVERY.pattern, "every 2 minutes"),
        _words(rf"\s*{_CRON}{_IN_ZONE}\s*", "30 6 * * 1-5"),
    ]
}

Duration = Annotated[timedelta, _from_text(parse_duration), WithJsonSchema(_AS_DURATION)]
Size = Annotated[int, _from_text(parse_size), WithJsonSchema(_AS_SIZE)]
Percent = Annotated[float, _from_text(parse_percent), WithJsonSchema(_AS_PERCENT)]
ResetTime = Annotated[Resets, _from_text(parse_reset_time), WithJsonSchema(_AS_RESET_TIME)]
Day = Annotated[date, _from_text(parse_day), WithJsonSchema(_AS_DAY)]
TimeOfDay = Annotated[time, _from_text(parse_time), WithJsonSchema(_AS_TIME)]
Zone = Annotated[ZoneInfo, _from_text(parse_zone), WithJsonSchema(_AS_ZONE)]
ScheduleText = Annotated[
    Schedule, _from_text(_schedule, "schedule_type"), WithJsonSchema(_AS_SCHEDULE)
]
SecretUrl = Annotated[Secret | None, BeforeValidator(_read_url), AfterValidator(_check_url)]
"""A URL that holds a secret; an empty text is none."""
