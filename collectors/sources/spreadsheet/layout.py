"""Where in a table the periods and measures are: in a column of dates, or in columns' names.

A layout is made once for each revision, query, period and zone, whichever rows are wanted; it
then turns rows into readings, in order of period.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from collectors.api import Number, Period, Reading, Refused
from collectors.sources.spreadsheet.cells import Fault, label_of, number_of, shown, text_of
from collectors.sources.spreadsheet.labels import plain
from collectors.sources.spreadsheet.meanings import Labels, Place
from collectors.sources.spreadsheet.table import Row, Table, nearest

_GROUP = re.compile(r"\(\?P<\w+>[^)]*\)")

Warn = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What turns a label into a place: the query's ``labels`` and the collector's grid."""

    labels: Labels
    period: Period
    zone: ZoneInfo

    def place(self, label: str | date) -> Place:
        """Give the place of ``label``; ValueError, in words that follow it, where it has none."""
        return self.labels.place(label, self.period, self.zone)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Reads the cells of one table: numbers into measures, texts into dimensions."""

    table: Table
    dimensions: Mapping[str, int]
    unknown: frozenset[str]

    def reading(
        self, row: Row, place: Place, measures: Mapping[str, int | None], warn: Warn
    ) -> Reading:
        """Give the reading of one row and period; a measure without a column is unknown."""
        return Reading(
            at=place.at,
            span=place.span,
            dimensions={
                name: self._text(row, index, warn) for name, index in self.dimensions.items()
            },
            measures={
                name: None if index is None else self._number(row, index, warn)
                for name, index in measures.items()
            },
        )

    def tell(self, row: Row, index: int, problem: str, warn: Warn) -> None:
        """Say what is wrong with one cell, and where it stands."""
        warn(f"{self.table.cell_place(row, index)}: {shown(row.cells[index])} {problem}")

    def _text(self, row: Row, index: int, warn: Warn) -> str:
        cell = row.cells[index]
        if isinstance(cell, Fault):
            self.tell(row, index, cell.problem, warn)
        return text_of(cell)

    def _number(self, row: Row, index: int, warn: Warn) -> Number | None:
        try:
            return number_of(row.cells[index], self.unknown)
        except ValueError as exc:
            self.tell(row, index, str(exc), warn)
            return None


class Layout(Protocol):
    """Turns rows into readings."""

    def readings(self, rows: Sequence[Row], warn: Warn) -> Iterator[Reading]:
        """Yield the readings of ``rows`` in order of period, and tell what cannot be read."""
        ...


@dataclass(frozen=True, kw_only=True)
class Long:
    """A layout with one period a row: its label is the cell in the column ``date``."""

    cells: Cells
    grid: Grid
    date: int
    measures: Mapping[str, int]

    def readings(self, rows: Sequence[Row], warn: Warn) -> Iterator[Reading]:
        """Yield the readings of ``rows`` in order of period, and tell what cannot be read."""
        placed = [(place, row) for row in rows if (place := self._place(row, warn))]
        for place, row in sorted(placed, key=lambda pair: pair[0].at):
            yield self.cells.reading(row, place, self.measures, warn)

    def _place(self, row: Row, warn: Warn) -> Place | None:
        try:
            return self.grid.place(label_of(row.cells[self.date]))
        except ValueError as exc:
            self.cells.tell(row, self.date, f"{exc}; the row is left out", warn)
            return None


@dataclass(frozen=True, kw_only=True)
class Wide:
    """A layout with many periods a row: ``slots`` says which columns speak of which place."""

    cells: Cells
    slots: Sequence[tuple[Place, Mapping[str, int | None]]]
    problems: Sequence[str]

    def readings(self, rows: Sequence[Row], warn: Warn) -> Iterator[Reading]:
        """Yield the readings of ``rows`` in order of period, and tell what cannot be read."""
        for problem in self.problems:
            warn(problem)
        for place, measures in self.slots:
            for row in rows:
                yield self.cells.reading(row, place, measures, warn)


def wide(
    cells: Cells, grid: Grid, patterns: Iterable[re.Pattern[str]], measures: Mapping[str, str]
) -> Wide:
    """Match the columns' names; ``measures`` gives the name of what a pattern captures.

    A pattern without a group ``measure`` captures the empty text. Refused where a pattern or a
    measure has no column, or two columns say the same thing.
    """
    table = cells.table
    found: dict[Place, dict[str, int]] = {}
    captured: set[str] = set()
    problems: list[str] = []
    for index, label, measure in _matches(table, patterns):
        captured.add(measure)
        if measure not in measures:
            continue
        try:
            _add(table, found.setdefault(grid.place(label), {}), measures[measure], index)
        except ValueError as exc:
            problems.append(f"{table.place}: column {table.columns[index]!r}: {label!r} {exc}")
    for measure in measures.keys() - captured:
        near = nearest(measure, captured)
        raise Refused(f"{table.place}: no column's measure is {measure!r}; {near}")
    if not found:
        raise Refused(f"no column's period can be read: {problems[0]}")
    slots = [
        (place, {name: found[place].get(name) for name in measures.values()})
        for place in sorted(found, key=lambda place: (place.at, place.span or ""))
    ]
    return Wide(cells=cells, slots=slots, problems=problems)


def _matches(table: Table, patterns: Iterable[re.Pattern[str]]) -> Iterator[tuple[int, str, str]]:
    for pattern in patterns:
        matches = [pattern.fullmatch(name) for name in table.columns]
        if not any(matches):
            near = nearest(_GROUP.sub("", pattern.pattern), table.columns)
            raise Refused(f"{table.place}: no column is like {pattern.pattern!r}; {near}")
        for index, match in enumerate(matches):
            if match:
                said = match.groupdict()
                yield index, said["period"] or "", plain(said.get("measure") or "")


def _add(table: Table, slot: dict[str, int], name: str, index: int) -> None:
    if name in slot:
        one, other = table.columns[slot[name]], table.columns[index]
        raise Refused(
            f"{table.place}: columns {one!r} and {other!r} both say {name!r} of the same period"
        )
    slot[name] = index
