"""From the rows of a query to readings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from collectors.api import Number, Reading, Refused, Window
from collectors.api.figures import number_of, text_of

Names = Mapping[str, str]
Row = Sequence[Any]
_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where in a row things are: ``time`` (None where rows have none), measures, dimensions."""

    time: int | None
    measures: Mapping[str, int]
    dimensions: Mapping[str, int]


def columns(found: Sequence[str], time: str | None, measures: Names, dimensions: Names) -> Columns:
    """Find the columns by their names, which map to ours. Raises Refused for one there is not."""

    def position(name: str) -> int:
        if name in found:
            return found.index(name)
        near = get_close_matches(name, found, 1)
        meant = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(found)}"
        raise Refused(f"the query gives no column {name!r}; {meant}")

    return Columns(
        time=None if time is None else position(time),
        measures={name: position(column) for column, name in measures.items()},
        dimensions={name: position(column) for column, name in dimensions.items()},
    )


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Makes rows into readings; ``read`` makes a time the start of a period."""

    columns: Columns
    read: Callable[[Any], datetime]
    unknown: frozenset[str]

    def readings(self, rows: Iterator[Row], window: Window) -> Iterator[Reading]:
        """Yield a reading a row. Raises Refused where a row is none, or is not in its place."""
        last = window.start
        for number, row in enumerate(rows, start=1):
            try:
                reading = self._reading(row, window.start)
            except ValueError as exc:
                raise Refused(f"row {number}: {exc}") from exc
            if reading.at < last:
                raise Refused(_misplaced(number, reading.at, last, window))
            if reading.at >= window.end:
                raise Refused(_outside(number, reading.at, window))
            last = reading.at
            yield reading

    def _reading(self, row: Row, at: datetime) -> Reading:
        found = self.columns
        if found.time is not None:
            at = self._time(row[found.time])
        return Reading(
            at,
            {name: self._number(row[place], name) for name, place in found.measures.items()},
            {name: _text(row[place], name) for name, place in found.dimensions.items()},
        )

    def _time(self, value: Any) -> datetime:
        try:
            return self.read(value)
        except ValueError as exc:
            raise ValueError(f"its time, {_shown(value)}, {exc}") from exc

    def _number(self, value: Any, name: str) -> Number | None:
        if type(value) is int or value is None:
            return value
        try:
            return number_of(value, self.unknown)
        except ValueError as exc:
            raise ValueError(f"{name}, {_shown(value)}, {exc}") from exc


def _text(value: Any, name: str) -> str:
    if value is None:
        raise ValueError(f"{name} is NULL; say what that means: coalesce({name}, 'none')")
    try:
        return text_of(value)
    except ValueError as exc:
        raise ValueError(f"{name}, {_shown(value)}, {exc}") from exc


def _misplaced(number: int, at: datetime, last: datetime, window: Window) -> str:
    if at < window.start:
        return _outside(number, at, window)
    return (
        f"row {number} is of {at:%Y-%m-%dT%H:%MZ}, after one of {last:%Y-%m-%dT%H:%MZ}: "
        "end the query with ORDER BY its time"
    )


def _outside(number: int, at: datetime, window: Window) -> str:
    return (
        f"row {number} is of {at:%Y-%m-%dT%H:%MZ}, and {window} was asked for: let WHERE say "
        "that its time is >= :start and < :end, or say in which `zone` it is"
    )


def _shown(value: Any) -> str:
    text = "NULL" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
