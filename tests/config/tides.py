"""A small source with one field of every kind that configuration has to deal with."""

from datetime import date, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from collectors.api import Credential, Period, Secret, Source


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    pattern: str
    weight: int = 1


class Login(Credential):
    token: Secret
    base_url: str | None = None


class Tides(Source):
    name: ClassVar[str] = "tides"
    credential: ClassVar[type[Credential] | None] = Login
    station: int
    level: Literal["high", "low"] = "high"
    parts: tuple[Part, ...] = ()
    ports: list[int] = Field(default_factory=list)
    either: Part | int | None = None
    token: Secret | None = None
    exact: bool = False
    day: date | None = None
    note: str = ""
    tags: frozenset[str] = frozenset()
    measures: tuple[str, ...] | dict[str, str] = ()

    @field_validator("note")
    @classmethod
    def _short(cls, note: str) -> str:
        if len(note) > 20:
            raise ValueError(f"{note!r} is longer than 20 letters")
        return note

    @property
    def yields(self) -> tuple[str, ...]:
        return tuple(self.measures.values() if isinstance(self.measures, dict) else self.measures)

    @property
    def settle(self) -> timedelta:
        return timedelta(days=2)


class Moon(Source):
    name: ClassVar[str] = "moon"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.DAY, Period.INSTANT})

    @property
    def fixed_zone(self) -> ZoneInfo:
        return ZoneInfo("UTC")


SOURCES: dict[str, type[Source]] = {"tides": Tides, "moon": Moon}
ENVIRONMENT = {"TOKEN": "planted-token", "STATION": "7", "EMPTY": "", "WORD": "planted-word"}
