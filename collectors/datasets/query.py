"""What to read of a data set, and the statement that reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collectors.clock import epoch
from collectors.datasets.tables import PERIODS, records

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")
_JSONB = postgresql.JSONB()
_COLUMNS: Mapping[str, sa.Column[Any]] = MappingProxyType(
    {
        "_timestamp": records.c.timestamp,
        "_updated_at": records.c.updated_at,
        **{f"_{period}_start_at": records.c[period] for period in PERIODS},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records to read, and in which order; by default all, oldest first.

    ``start_at`` and ``end_at`` (aware) are half-open; ``filter_by`` holds pairs of a field and the
    text, or True or False, that it must equal; ``sort_by`` is a field, ``descending`` turns the
    order round. A field that a record lacks sorts before all others, then come numbers, then
    text. Raises ValueError, in the read API's words, where it makes no sense.
    """

    start_at: datetime | None = None
    end_at: datetime | None = None
    filter_by: tuple[tuple[str, str | bool], ...] = ()
    sort_by: str | None = None
    descending: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        if not all(_FIELD.fullmatch(field) for field, _ in self.filter_by):
            raise ValueError("Cannot filter by an invalid field name")
        if self.sort_by is not None and not _FIELD.fullmatch(self.sort_by):
            raise ValueError("Cannot sort by an invalid field name")
        if self.limit is not None and self.limit < 1:
            raise ValueError("limit must be a positive integer")


def statement(query: Query, data_set_id: int, *, is_sqlite: bool) -> sa.Select[Any]:
    """Give the SELECT of the rows of one data set that ``query`` asks for, in its order."""
    dialect: _Sqlite | _Postgresql = _Sqlite() if is_sqlite else _Postgresql()
    rows = sa.select(records).where(records.c.data_set_id == data_set_id)
    if query.start_at is not None:
        rows = rows.where(records.c.timestamp >= epoch(query.start_at))
    if query.end_at is not None:
        rows = rows.where(records.c.timestamp < epoch(query.end_at))
    for field, value in query.filter_by:
        rows = rows.where(dialect.equals(field, value))
    keys = [] if query.sort_by is None else _keys(query.sort_by, dialect)
    order = [sa.desc(key) if query.descending else sa.asc(key) for key in keys]
    return rows.order_by(*order, records.c.timestamp, records.c.id).limit(query.limit)


def _keys(field: str, dialect: "_Sqlite | _Postgresql") -> list[sa.ColumnElement[Any]]:
    return [_COLUMNS[field]] if field in _COLUMNS else dialect.sort_keys(field)


class _Sqlite:
    def equals(self, field: str, value: str | bool) -> sa.ColumnElement[bool]:
        if isinstance(value, bool):
            return sa.func.json_type(records.c.body, _path(field)) == str(value).lower()
        return sa.func.json_extract(records.c.body, _path(field)) == value

    def sort_keys(self, field: str) -> list[sa.ColumnElement[Any]]:
        return [sa.func.json_extract(records.c.body, _path(field))]


class _Postgresql:
    def equals(self, field: str, value: str | bool) -> sa.ColumnElement[bool]:
        return sa.type_coerce(records.c.body, _JSONB).contains({field: value})

    def sort_keys(self, field: str) -> list[sa.ColumnElement[Any]]:
        value = sa.type_coerce(records.c.body, _JSONB)[field]
        kind = sa.func.jsonb_typeof(value)
        text = value.astext
        number = sa.case(
            (kind == "number", sa.cast(text, sa.Numeric)),
            (kind == "boolean", sa.case((text == "true", 1), else_=0)),
        )
        rank = sa.case((kind.in_(["number", "boolean"]), 1), (kind == "string", 2), else_=0)
        return [rank, number, sa.case((kind == "string", text)).collate("C")]


def _path(field: str) -> str:
    return f'$."{field}"'
