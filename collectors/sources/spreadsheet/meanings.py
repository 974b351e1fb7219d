"""The key ``labels``: what the labels of one spreadsheet mean to one collector."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from collectors.api import Period, beginning, floor, shift
from collectors.sources.spreadsheet.labels import MONTHS, Meaning, plain, read_date, read_label

_SHIFT = re.compile(r"([+-]?[0-9]{1,3}) (day|week|month|quarter|year)s?")
_LENGTHS = list(Period)
_SOME_DAY = date(2013, 2, 28)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label's figures belong: ``at`` is aware UTC; ``span`` is set if it is longer."""

    at: datetime
    span: Period | None


def _is_shift(text: str) -> str:
    if not _SHIFT.fullmatch(text):
        raise ValueError(f"{text!r} is not a shift: write for instance '-4 quarters'")
    return text


def _is_month(text: str) -> str:
    if text.lower() not in MONTHS:
        raise ValueError(f"{text!r} is not a month: write for instance 'april'")
    return text.lower()


def _is_pattern(text: str) -> str:
    if _date(_SOME_DAY.strftime(text), text) != _SOME_DAY:
        raise ValueError(f"{text!r} names no day: write for instance '%d/%m/%Y'")
    return text


def _date(text: str, pattern: str) -> date | None:
    try:
        return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return None


class Labels(BaseModel):
    """What a label means, where it is more or something else than it says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift: Annotated[str, AfterValidator(_is_shift)] | None = Field(
        None, description="How far from its label a period lies, for instance '-4 quarters'."
    )
    span: Period | None = Field(
        None, description="How much time the figures speak of, if more than the label says."
    )
    meaning: Mapping[str, str] = Field(
        default_factory=dict,
        description="Labels that stand for another; shift and span leave them alone.",
    )
    financial_year: Annotated[str, AfterValidator(_is_month)] | None = Field(
        None, description="The month in which '2012-13' begins; April unless it is said."
    )
    dates: Annotated[str, AfterValidator(_is_pattern)] | None = Field(
        None, description="How dates are written, for instance '%d/%m/%Y'; ISO dates always are."
    )

    @field_validator("meaning")
    @classmethod
    def _meanings_are_periods(cls, meaning: Mapping[str, str]) -> Mapping[str, str]:
        for meant in meaning.values():
            try:
                read_label(meant, None, Period.YEAR)
            except ValueError as exc:
                raise ValueError(f"{meant!r} {exc}") from exc
        return meaning

    def place(self, label: str | date, period: Period, zone: ZoneInfo) -> Place:
        """Give the place of a label on the grid of ``period`` in ``zone``.

        A date stands for the period in which it lies. Raises ValueError, in words that follow the
        label, where it is no period, a shorter one, or begins in the middle of one.
        """
        meant = self._meanings.get(plain(str(label)).lower())
        meaning = self._read(label if meant is None else meant, period)
        at = beginning(meaning.start, zone)
        length = meaning.length
        if length is Period.DAY:
            at, length = floor(at, period, zone), period
        if meant is None:
            at, length = self._moved(at, zone), self.span or length
        if _LENGTHS.index(length) < _LENGTHS.index(period):
            raise ValueError(f"is a {length}, shorter than the collector's period, a {period}")
        if floor(at, period, zone) != at:
            raise ValueError(f"does not begin where a {period}, the collector's period, begins")
        return Place(at, None if length is period else length)

    def _read(self, label: str | date, period: Period) -> Meaning:
        if isinstance(label, date):
            return read_date(label)
        day = _date(label.strip(), self.dates) if self.dates else None
        if day is not None:
            return Meaning(day, Period.DAY)
        begins = MONTHS[self.financial_year] if self.financial_year else None
        return read_label(label, begins, period)

    def _moved(self, at: datetime, zone: ZoneInfo) -> datetime:
        match = _SHIFT.fullmatch(self.shift or "")
        return shift(at, Period(match[2]), int(match[1]), zone) if match else at

    @cached_property
    def _meanings(self) -> dict[str, str]:
        return {plain(label).lower(): meant for label, meant in self.meaning.items()}
