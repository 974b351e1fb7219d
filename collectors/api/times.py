"""Times in what others keep: how they are read, and how the ends of a window are spelt for them.

For sources that may be pointed at anything: ``Time`` is the key that says where a record's time
is and how it is written, ``Bounds`` the one that says how to ask for a stretch of time.
"""

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from collectors.clock import EPOCH
from collectors.periods import Period, Window, beginning, floor, periods_of, shift

__all__ = ["Bounds", "Time", "asked_alone", "last_period", "spelt_format"]

SECOND, MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
_TICK = timedelta(microseconds=1)
_EPOCHS = {"epoch": SECOND, "epoch_ms": MILLISECOND}
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{0,9})?")


def _directives(text: str, known: frozenset[str]) -> str:
    if text not in known and "%" not in text:
        names = ", ".join(sorted(known))
        raise ValueError(f"{text!r} is no format of a time: {names}, or a text such as %d/%m/%Y")
    return text


def _read_format(text: str) -> str:
    return _directives(text, frozenset({"iso", *_EPOCHS}))


def spelt_format(text: str) -> str:
    """Give ``text`` where it is a format of ``Bounds``; raises ValueError where it is none."""
    return _directives(text, frozenset({"iso", "date", *_EPOCHS}))


ReadFormat = Annotated[str, AfterValidator(_read_format)]
SpeltFormat = Annotated[str, AfterValidator(spelt_format)]


class Time(BaseModel):
    """Where the time of a record is, and how it is written; a mere text is the ``field``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(min_length=1, description="Where the time is.")
    format: ReadFormat | tuple[ReadFormat, ...] = Field(
        "iso", description="`iso`, `epoch`, `epoch_ms`, or a text such as `%d/%m/%Y`; or a list."
    )
    zone: ZoneInfo | None = Field(
        None, description="The zone of times that name none; else the collector's."
    )
    marks: Literal["start", "end"] = Field(
        "start", description="Which end of its period a time stands at."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"field": value} if isinstance(value, str) else value

    def reader(self, period: Period, zone: ZoneInfo) -> Callable[[Any], datetime]:
        """Give the function from a value to the start (aware UTC) of the period that it lies in.

        ``zone`` is the collector's. The function raises ValueError, in words that follow the
        value, for what is no time.
        """
        formats = (self.format,) if isinstance(self.format, str) else self.format
        own = self.zone or zone
        back = _TICK if self.marks == "end" else timedelta(0)

        @lru_cache(maxsize=1024, typed=True)
        def read(value: Any) -> datetime:
            try:
                return floor(_moment(value, formats, own) - back, period, zone)
            except OverflowError as exc:
                raise ValueError("is beyond the calendar") from exc

        return read


class Bounds(BaseModel):
    """How the start and the end of what is asked for are spelt; a mere text is the ``format``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: SpeltFormat = Field(
        "iso", description="`iso`, `date`, `epoch`, `epoch_ms`, or a text such as `%d/%m/%Y`."
    )
    zone: ZoneInfo | None = Field(None, description="The zone they are spelt in.")
    end: Literal["exclusive", "inclusive"] = Field(
        "exclusive", description="`inclusive`: the last second, or day, that is wanted."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"format": value} if isinstance(value, str) else value

    def ends(self, window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Give both ends of ``window``, aware, in the zone asked for or else in ``zone``."""
        own = self.zone or zone
        back = MILLISECOND if self.format == "epoch_ms" else SECOND
        last = window.end - back if self.end == "inclusive" else window.end
        return window.start.astimezone(own), last.astimezone(own)

    def spelt(self, window: Window, zone: ZoneInfo) -> tuple[str | int, str | int]:
        """Give both ends of ``window`` as they are written."""
        start, end = self.ends(window, zone)
        return self._spelt(start), self._spelt(end)

    def _spelt(self, moment: datetime) -> str | int:
        if self.format in _EPOCHS:
            return (moment - EPOCH) // _EPOCHS[self.format]
        if self.format == "date":
            return moment.date().isoformat()
        if self.format != "iso":
            return moment.strftime(self.format)
        if self.zone is None:
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return moment.isoformat(timespec="seconds")


def asked_alone(window: Window, period: Period, zone: ZoneInfo) -> Iterator[Window]:
    """Give the periods of ``window``, for a source that asks for each by itself."""
    return iter((window,)) if period is Period.INSTANT else periods_of(window, period, zone)


def last_period(now: datetime, period: Period, zone: ZoneInfo) -> Window:
    """Give the last period that has ended at ``now``; of instants, a second from now on."""
    if period is Period.INSTANT:
        return Window(now, now + SECOND)
    end = floor(now, period, zone)
    return Window(shift(end, period, -1, zone), end)


def _moment(value: Any, formats: tuple[str, ...], zone: ZoneInfo) -> datetime:
    match value:
        case datetime():
            return _aware(value, zone)
        case date():
            return beginning(value, zone)
        case bool() | None:
            raise ValueError("is no time")
        case int() | float() | Decimal():
            return _counted(float(value), formats)
        case str():
            return _written(value.strip(), formats, zone)
    raise ValueError("is no time")


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if moment.time() == time():
        return beginning(moment.date(), zone)
    return moment.replace(tzinfo=zone).astimezone(UTC)


def _counted(number: float, formats: tuple[str, ...]) -> datetime:
    unit = next((_EPOCHS[one] for one in formats if one in _EPOCHS), None)
    if unit is None or not math.isfinite(number):
        raise ValueError("is a number: `format: epoch` (or `epoch_ms`) reads one as a time")
    return EPOCH + number * unit


def _written(text: str, formats: tuple[str, ...], zone: ZoneInfo) -> datetime:
    for form in formats:
        try:
            if form == "iso":
                return _aware(datetime.fromisoformat(text), zone)
            if form in _EPOCHS:
                if _NUMBER.fullmatch(text):
                    return EPOCH + float(text) * _EPOCHS[form]
                continue
            return _aware(datetime.strptime(text, form), zone)  # noqa: DTZ007 - _aware gives it one
        except ValueError:
            continue
    raise ValueError(f"is not a time written as {' or '.join(formats)}")
