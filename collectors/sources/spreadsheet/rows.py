"""The rows of a table that a query asks for with ``where``."""

from collections.abc import Callable, Mapping, Sequence

from collectors.api import Refused
from collectors.sources.spreadsheet.layout import Warn
from collectors.sources.spreadsheet.table import Row, Table, nearest

ByValue = Callable[[int], Mapping[str, Sequence[Row]]]
"""Gives the rows of each text that the column of that index holds; it may remember them."""


def select(
    table: Table, where: Mapping[str, Sequence[str]], by_value: ByValue, warn: Warn
) -> list[Row]:
    """Give the rows that have one of the wanted values in each column, in the file's order.

    Rows of a wrong length are told, and those that are too long left out. Refused where a column
    or all of its wanted values are not there.
    """
    chosen: list[Row] | None = None
    for column, wanted in where.items():
        index = table.position(column)
        held = by_value(index)
        values = _held(table, column, held, wanted, warn)
        if chosen is None:
            chosen = [row for value in values for row in held[value]]
        else:
            chosen = [row for row in chosen if row.cells[index].strip() in values]
    rows = table.rows if chosen is None else sorted(chosen, key=lambda row: row.number)
    if not rows:
        raise Refused(f"{table.place}: no row has all of {dict(where)}")
    for row in rows:
        if row.problem:
            warn(f"{table.place}: {row.problem}")
    return [row for row in rows if row.whole]


def _held(
    table: Table,
    column: str,
    held: Mapping[str, Sequence[Row]],
    wanted: Sequence[str],
    warn: Warn,
) -> list[str]:
    """Give the wanted values that a column holds; tell of the others, refuse if there are none."""
    values = list(dict.fromkeys(value.strip() for value in wanted))
    found = [value for value in values if value in held]
    for value in values:
        if value in held:
            continue
        problem = f"{table.place}: no row has {value!r} as {column!r}; {nearest(value, held)}"
        if not found:
            raise Refused(problem)
        warn(problem)
    return found
