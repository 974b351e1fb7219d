"""Statements that SQLAlchemy spells once, and the driver then executes as they are.

Executing a small statement through SQLAlchemy costs ten times what it costs SQLite, and a run of a
collector takes some fifty. Statements of which only few are executed have no need of this.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]
Row = Sequence[Any]
_NOTHING: Values = {}


class _Spelt(NamedTuple):
    """A statement as the driver takes it; ``names`` are in order where it binds by position.

    ``changes`` make of what the driver gives what the columns are said to hold.
    """

    text: str
    names: Sequence[str] | None
    constants: Values
    changes: Sequence[tuple[int, Callable[[Any], Any]]]

    def bound(self, values: Values) -> Any:
        given = {**self.constants, **values} if self.constants else values
        return given if self.names is None else [given[name] for name in self.names]


class Statement:
    """One statement, to be executed within a transaction.

    Its parameters are bound as they are given, so none may be ``expanding``. What the driver
    raises comes out as SQLAlchemy's errors.
    """

    def __init__(self, clause: sa.sql.ClauseElement) -> None:
        self._clause = clause
        self._known: dict[tuple[str, ...], _Spelt] = {}

    @cached_property
    def _columns(self) -> Mapping[str, sa.ColumnElement[Any]]:
        return dict(getattr(self._clause, "exported_columns", {}))

    def run(self, connection: Connection, values: Values = _NOTHING) -> int:
        """Execute it; gives how many rows it has touched."""
        return cast(
            "int", self._execute(connection, self._spelt(connection, values), values).rowcount
        )

    def rows(self, connection: Connection, values: Values = _NOTHING) -> Sequence[Row]:
        """Give the rows that it finds."""
        spelt = self._spelt(connection, values)
        found: list[Row] = self._execute(connection, spelt, values).fetchall()
        return [_changed(row, spelt.changes) for row in found] if spelt.changes else found

    def first(self, connection: Connection, values: Values = _NOTHING) -> Row | None:
        """Give the first row that it finds; None where there is none."""
        return next(iter(self.rows(connection, values)), None)

    def scalar(self, connection: Connection, values: Values = _NOTHING) -> Any:
        """Give the first value that it finds; None where there is none."""
        row = self.first(connection, values)
        return None if row is None else row[0]

    def mappings(self, connection: Connection, values: Values = _NOTHING) -> list[dict[str, Any]]:
        """Give the rows that it finds, by the names of their columns."""
        return [dict(zip(self._columns, row, strict=True)) for row in self.rows(connection, values)]

    def _spelt(self, connection: Connection, values: Values) -> _Spelt:
        dialect = connection.dialect
        key = (dialect.name, *values)
        if (spelt := self._known.get(key)) is None:
            spelt = self._known[key] = self._spell(dialect, values)
        return spelt

    def _execute(self, connection: Connection, spelt: _Spelt, values: Values) -> Any:
        driver: Any = connection.connection.dbapi_connection
        try:
            return driver.execute(spelt.text, spelt.bound(values))
        except connection.dialect.loaded_dbapi.Error as exc:
            raise DBAPIError.instance(
                spelt.text,
                None,
                exc,
                connection.dialect.loaded_dbapi.Error,
                hide_parameters=True,
                dialect=connection.dialect,
            ) from exc

    def _spell(self, dialect: Dialect, values: Values) -> _Spelt:
        compiled: Any = self._clause.compile(dialect=dialect, column_keys=list(values))
        kinds = [column.type for column in self._columns.values()]
        changes = enumerate(kind.result_processor(dialect, None) for kind in kinds)
        return _Spelt(
            text=str(compiled),
            names=compiled.positiontup if compiled.positional else None,
            constants={name: one for name, one in compiled.params.items() if name not in values},
            changes=[(place, change) for place, change in changes if change],
        )


def _changed(row: Row, changes: Sequence[tuple[int, Callable[[Any], Any]]]) -> Row:
    values = list(row)
    for place, change in changes:
        values[place] = change(values[place])
    return values
