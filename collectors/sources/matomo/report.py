"""Reading a report of Matomo: which period each row is of, and what its columns mean."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from collectors.api import (
    Context,
    Number,
    Reading,
    Refused,
    Unexpected,
    Window,
    beginning,
    shift,
)

Row = Mapping[str, Any]
Rows = Sequence[Row]

BARE = "value"
"""The column of a report that is one number."""

_DATE = re.compile(r"\D*(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?!\d).*", re.ASCII)
_NUMBER = re.compile(r"(-?\d+)(\.\d+)?(\s*%)?", re.ASCII)


def by_period(answer: Any, window: Window, context: Context) -> dict[datetime, Rows]:
    """Give the rows of each period of ``window``, in order; Unexpected where they are others.

    A period is called ``2015-02-13``, ``2015-02``, ``2015``, ``2015-02-02,2015-02-08`` or, by
    Piwik, ``From 2015-02-02 to 2015-02-08``.
    """
    if not isinstance(answer, dict):
        raise _unknown("not by period", answer)
    found = {_start(key, context): rows_of(rows) for key, rows in answer.items()}
    asked = list(_starts(window, context))
    if found.keys() != set(asked):
        raise _unknown(f"about other periods than {window}", list(answer))
    return {at: found[at] for at in asked}


def rows_of(answer: Any) -> Rows:
    """Give the rows of one period: a table, the figures of one row, or one number."""
    if isinstance(answer, (int, float, str)) and not isinstance(answer, bool):
        return [{BARE: answer}]
    rows = [answer] if isinstance(answer, dict) and answer else answer or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unknown("no table", answer)
    return rows


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are asked for, and what they are called here."""

    measures: Mapping[str, str]
    dimensions: Mapping[str, str]

    def absent(self, found: Mapping[datetime, Rows]) -> Iterator[str]:
        """Give the measures' columns that no row has, with the nearest that there are."""
        there = dict.fromkeys(column for rows in found.values() for row in rows for column in row)
        if there:
            missing = (column for column in self.measures if column not in there)
            yield from (_near(column, there) for column in missing)

    def reading(self, at: datetime, row: Row) -> Reading:
        """Give a row as a reading. Raises Refused and Unexpected."""
        return Reading(
            at=at,
            measures={name: _number(column, row) for column, name in self.measures.items()},
            dimensions={name: _text(column, row) for column, name in self.dimensions.items()},
        )


def _text(column: str, row: Row) -> str:
    if column not in row:
        raise Refused(f"a row of Matomo's has no column {_near(column, row)}; see `dimensions`")
    value = row[column]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _unknown(f"in {column!r} neither a text nor a number", value)
    return str(value)


def _number(column: str, row: Row) -> Number | None:
    value = row.get(column)
    if value is None or value is False:
        return None
    if isinstance(value, (int, float)) and value is not True:
        return value
    match = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise _unknown(f"in {column!r} no number", value)
    whole, part, percent = match.groups()
    if percent:
        return float(f"{whole}{part or ''}e-2")
    return float(whole + part) if part else int(whole)


def _near(column: str, there: Mapping[str, Any]) -> str:
    near = get_close_matches(column, there, n=3, cutoff=0.5) or list(there)[:5]
    return f"{column!r}; there are: {', '.join(near)}"


def _start(key: str, context: Context) -> datetime:
    match = _DATE.fullmatch(key)
    try:
        year, month, day = (int(part or 1) for part in match.groups()) if match else (0, 0, 0)
        return beginning(date(year, month, day), context.zone)
    except (ValueError, OverflowError) as exc:
        raise _unknown("about something that is no period", key) from exc


def _starts(window: Window, context: Context) -> Iterator[datetime]:
    at = window.start
    while at < window.end:
        yield at
        at = shift(at, context.period, 1, context.zone)


def _unknown(what: str, piece: Any) -> Unexpected:
    return Unexpected(f"Matomo's answer is not as documented: {what}", repr(piece))
