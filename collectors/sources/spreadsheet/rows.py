"""The rows of a document's tables that a query asks for with ``where``."""

from collections.abc import Mapping, Sequence
from itertools import chain

from collectors.api import Refused
from collectors.sources.spreadsheet.cells import text_of
from collectors.sources.spreadsheet.layout import Warn
from collectors.sources.spreadsheet.table import Row, Table, nearest
from collectors.sources.spreadsheet.tables import ByText, Tables


def select(found: Tables, where: Mapping[str, Sequence[str]], warn: Warn) -> list[list[Row]]:
    """Give the rows of each table that have one of the wanted texts in each column, in its order.

    Rows of a wrong length are told, and those that are too long left out. Refused where one of
    the tables lacks a column, or where none of them has any of its wanted texts, or all of them
    together.
    """
    chosen: list[Sequence[Row]] | None = None
    for column, wanted in where.items():
        held = found.by_text(column)
        texts = _held(found.place, column, held, wanted, warn)
        if chosen is None:
            chosen = [_in_order(one, texts) for one in held]
        else:
            pairs = zip(found.tables, chosen, strict=True)
            chosen = [_among(rows, table.position(column), texts) for table, rows in pairs]
    if chosen is None:
        chosen = [table.rows for table in found.tables]
    if not any(chosen):
        raise Refused(f"{found.place}: no row has all of {dict(where)}")
    return [_whole(table, rows, warn) for table, rows in zip(found.tables, chosen, strict=True)]


def _in_order(held: ByText, texts: Sequence[str]) -> Sequence[Row]:
    rows = chain.from_iterable(held.get(text, ()) for text in texts)
    return sorted(rows, key=lambda row: row.number)


def _among(rows: Sequence[Row], index: int, texts: Sequence[str]) -> Sequence[Row]:
    return [row for row in rows if text_of(row.cells[index]) in texts]


def _whole(table: Table, rows: Sequence[Row], warn: Warn) -> list[Row]:
    for row in rows:
        if row.problem:
            warn(f"{table.place}: {row.problem}")
    return [row for row in rows if row.whole]


def _held(
    place: str, column: str, held: Sequence[ByText], wanted: Sequence[str], warn: Warn
) -> list[str]:
    """Give the wanted texts that a column holds; tell of the others, refuse if there are none."""
    texts = list(dict.fromkeys(text.strip() for text in wanted))
    found = [text for text in texts if any(text in one for one in held)]
    for text in texts:
        if text in found:
            continue
        near = nearest(text, chain.from_iterable(held))
        problem = f"{place}: no row has {text!r} as {column!r}; {near}"
        if not found:
            raise Refused(problem)
        warn(problem)
    return found
