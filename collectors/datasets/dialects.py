"""How SQLite and PostgreSQL look into the JSON of a record.

The field's name is always bound. A value that is null counts as not there.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collectors.datasets.tables import records

Expression = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]

_JSONB = postgresql.JSONB()


class Dialect(Protocol):
    """What the statements need of a database."""

    def equals(self, field: str, value: str | bool) -> Condition:
        """Tell whether the field is that text, or that truth."""
        ...

    def starts(self, field: str, prefix: str) -> Condition:
        """Tell whether the field is a text that starts so."""
        ...

    def value(self, field: str) -> Expression:
        """Give the field's value, to count, to sum or to order by; True may be 1."""
        ...

    def exact(self, field: str) -> Expression:
        """Give the field's value so that only the same value is equal, see ``decoded``."""
        ...

    def decoded(self, exact: Any) -> Any:
        """Give the value of the record that ``exact`` was read of."""
        ...

    def total(self, value: Expression) -> Expression:
        """Give the sum of the values that are numbers; True is 1."""
        ...

    def has_text(self, value: Expression) -> Expression:
        """Tell whether one of the values is a text."""
        ...

    def order(self, value: Expression) -> Sequence[Expression]:
        """Give what puts a ``value`` in order: nothing, numbers, texts."""
        ...

    def order_of_keys(self, exact: Expression) -> Sequence[Expression]:
        """Give the same of an ``exact`` value."""
        ...

    def source(self, select: sa.Select[Any]) -> sa.Subquery:
        """Give ``select`` as a source of rows, whose columns are worked out once a row."""
        ...


class Sqlite:
    """SQLite, whose JSON is text. It knows no booleans: exact ones are single bytes."""

    def equals(self, field: str, value: str | bool) -> Condition:
        """Compare by the type of the JSON, where it is a truth."""
        if isinstance(value, bool):
            return self._type(field) == str(value).lower()
        return self.value(field) == value

    def starts(self, field: str, prefix: str) -> Condition:
        """Compare the first characters: LIKE would ignore case."""
        start = sa.func.substr(self.value(field), 1, len(prefix))
        return sa.and_(self._type(field) == "text", start == prefix)

    def value(self, field: str) -> Expression:
        """Give a number, a text or NULL."""
        return sa.func.json_extract(records.c.body, _path(field))

    def exact(self, field: str) -> Expression:
        """Give a number, a text, a byte that is a truth, or NULL."""
        return sa.case(
            {"true": sa.literal_column("x'01'"), "false": sa.literal_column("x'00'")},
            value=self._type(field),
            else_=self.value(field),
        )

    def decoded(self, exact: Any) -> Any:
        """Give the truth that a byte is."""
        return exact == b"\x01" if isinstance(exact, bytes) else exact

    def total(self, value: Expression) -> Expression:
        """Give a float: ``sum`` fails where whole numbers overflow."""
        return sa.func.total(value)

    def has_text(self, value: Expression) -> Expression:
        """Of the names of types, that of text comes last."""
        return sa.func.max(sa.func.typeof(value)) == "text"

    def order(self, value: Expression) -> Sequence[Expression]:
        """SQLite's own order is the one."""
        return [value]

    def order_of_keys(self, exact: Expression) -> Sequence[Expression]:
        """Put truths among the numbers."""
        number = sa.case(
            (exact == sa.literal_column("x'01'"), 1),
            (exact == sa.literal_column("x'00'"), 0),
            else_=exact,
        )
        return [number, sa.func.typeof(exact) == "blob"]

    def source(self, select: sa.Select[Any]) -> sa.Subquery:
        """Without a limit SQLite puts the expressions in wherever the columns are named."""
        return select.limit(-1).subquery()

    def _type(self, field: str) -> Expression:
        return sa.func.json_type(records.c.body, _path(field))


class Postgresql:
    """PostgreSQL, whose JSONB keeps types apart and knows that 3 is 3.0."""

    def equals(self, field: str, value: str | bool) -> Condition:
        """Ask what an index on the body could answer."""
        return sa.type_coerce(records.c.body, _JSONB).contains({field: value})

    def starts(self, field: str, prefix: str) -> Condition:
        """Compare the first characters of texts only."""
        value = self.value(field)
        return sa.and_(_kind(value) == "string", sa.func.starts_with(_text(value), prefix))

    def value(self, field: str) -> Expression:
        """Give the JSON, or NULL."""
        body = sa.type_coerce(records.c.body, _JSONB)
        return sa.func.nullif(body[field], sa.literal_column("'null'::jsonb"), type_=_JSONB)

    def exact(self, field: str) -> Expression:
        """Give the same: it is exact."""
        return self.value(field)

    def decoded(self, exact: Any) -> Any:
        """The driver has decoded it."""
        return exact

    def total(self, value: Expression) -> Expression:
        """Give the exact sum, rounded to a float once."""
        return sa.func.sum(_number(value), type_=sa.Numeric(asdecimal=False))

    def has_text(self, value: Expression) -> Expression:
        """Look at the type of each."""
        return sa.func.bool_or(_kind(value) == "string")

    def order(self, value: Expression) -> Sequence[Expression]:
        """Texts are put in order by code point, whatever the database's language."""
        kind = _kind(value)
        rank = sa.case((kind.in_(["number", "boolean"]), 1), (kind == "string", 2), else_=0)
        return [rank, _number(value), sa.case((kind == "string", _text(value))).collate("C")]

    def order_of_keys(self, exact: Expression) -> Sequence[Expression]:
        """Put a truth after its number."""
        return [*self.order(exact), _kind(exact) == "boolean"]

    def source(self, select: sa.Select[Any]) -> sa.Subquery:
        """PostgreSQL sees to it by itself."""
        return select.subquery()


def _path(field: str) -> str:
    return f'$."{field}"'


def _kind(value: Expression) -> Expression:
    return sa.func.jsonb_typeof(value, type_=sa.Text)


def _text(value: Expression) -> Expression:
    return value.op("#>>", return_type=sa.Text())(sa.literal_column("'{}'"))


def _number(value: Expression) -> Expression:
    truth = sa.cast(sa.cast(value, sa.Boolean), sa.Integer)
    return sa.case({"number": sa.cast(value, sa.Numeric), "boolean": truth}, value=_kind(value))
