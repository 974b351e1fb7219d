"""The values that travel between the stages: frozen, and valid once made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from collectors.periods import Period

Scalar = str | int | float | bool | None
Number = int | float
Observation = dict[str, Scalar]
"""The record as it will be posted: ``_id``, ``_timestamp``, dimensions and measures, flat."""


class Reading(NamedTuple):
    """What a source yields.

    ``at`` is the start of its period (aware UTC); ``measures`` maps a name to a number, or to None
    where the figure is unknown; ``dimensions`` maps a name to text. ``span`` is set where the
    figures speak of more time than the collector's period (a rolling year on a quarterly grid).
    It is a tuple because there are so many: a frozen dataclass takes four times as long to make.
    """

    at: datetime
    measures: Mapping[str, Number | None]
    dimensions: Mapping[str, str] = MappingProxyType({})
    span: Period | None = None


@dataclass(frozen=True, slots=True, order=True)
class DataSet:
    """Where observations live: ``<data-group>/<data-type>``."""

    group: str
    type: str

    def __str__(self) -> str:
        return f"{self.group}/{self.type}"

    @classmethod
    def parse(cls, text: str) -> "DataSet":
        """Read ``group/type``; raises ValueError where it is not of that form."""
        group, slash, kind = text.partition("/")
        if not (group and slash and kind) or "/" in kind:
            raise ValueError(f"{text!r} is not <data-group>/<data-type>")
        return cls(group, kind)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One observation that was refused, and why."""

    observation: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What is posted in one request: ``body`` is gzipped JSON, a list of ``count`` observations."""

    data_set: DataSet
    body: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: how many were accepted; which were refused; how many are kept.

    Where the far side judges a batch as a whole, ``rejected`` is empty and ``refusal`` holds its
    messages: which observation it means is then found by halving.
    """

    accepted: int = 0
    rejected: Sequence[Rejected] = ()
    refusal: str | None = None
    too_large: bool = False


class Referenced(str):
    """A text that the environment or a file in ``credentials/`` gave, so it may be a secret."""

    __slots__ = ()


class Secret:
    """A text that must never be seen: it prints as stars wherever it ends up.

    A field of a model that is a Secret takes one, or a ``Referenced`` text; a plain one is refused.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text itself; only for the header or URL that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(****)"

    def __str__(self) -> str:
        return "****"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validated,
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string", "format": "password"}

    @classmethod
    def _validated(cls, value: Any) -> "Secret":
        if isinstance(value, Secret):
            return value
        if isinstance(value, Referenced) and value:
            return cls(str(value))
        if not value:
            raise PydanticCustomError("empty_secret", "is empty: a secret is expected")
        message = "holds a plain secret: use ${VAR} or file:name instead"
        raise PydanticCustomError("plain_secret", message)


def counted(number: int, one: str, several: str | None = None) -> str:
    """Spell so many of something: ``1 mistake``, ``2,000 mistakes``; ``several`` if not by an s."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
