"""What every sheet is, wherever it is kept: which rows, columns and cells are asked for."""

import heapq
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from collectors.api import Context, Document, Period, Reading, Window
from collectors.sources.spreadsheet.labels import plain
from collectors.sources.spreadsheet.layout import Cells, Grid, Layout, Long, wide
from collectors.sources.spreadsheet.meanings import Labels
from collectors.sources.spreadsheet.numbers import UNKNOWN
from collectors.sources.spreadsheet.rows import select
from collectors.sources.spreadsheet.table import Table
from collectors.sources.spreadsheet.tables import Tables
from collectors.sources.spreadsheet.values import Texts, are_patterns, listed

Names = Mapping[str, str] | tuple[str, ...]
RowNumber = Annotated[int, Field(ge=1)]


class Sheet(Document):
    """Figures in tables; the kinds of sheet say where the tables come from."""

    periods: ClassVar[frozenset[Period]] = frozenset(
        {Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR}
    )

    sheet: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    header: RowNumber | tuple[RowNumber, ...] = ()
    where: Mapping[str, Texts] = Field(default_factory=dict)
    date: str | None = None
    columns: Annotated[Texts | None, AfterValidator(are_patterns)] = None
    measures: Names = ()
    measure: str | None = None
    dimensions: Names = ()
    labels: Labels = Labels()
    unknown: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_long_or_wide(self) -> "Sheet":
        if (self.date is None) == (self.columns is None):
            raise ValueError("say either `date` (a long sheet) or `columns` (a wide one)")
        if self.date is not None and self.measure is not None:
            raise ValueError("`measure` belongs to `columns`; a long sheet takes `measures`")
        self._check_measures()
        return self

    def _check_measures(self) -> None:
        captured = ["(?P<measure>" in pattern for pattern in listed(self.columns)]
        if captured and not any(captured):
            if self.measure is None or self.measures:
                raise ValueError("say `measure`, not `measures`: no pattern has a group for it")
        elif captured and not all(captured):
            raise ValueError("either every pattern has a group (?P<measure>…), or none")
        elif not self.measures or self.measure is not None:
            raise ValueError("say `measures`: what becomes which measure")
        measures = _named(self.measures).values()
        names = [*(set(measures) if captured else measures), *_named(self.dimensions).values()]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"more than one column becomes {', '.join(map(repr, twice))}")

    @property
    def yields(self) -> tuple[str, ...]:
        """The names that the query gives."""
        one = (self.measure,) if self.measure else ()
        return (*one, *_named(self.measures).values(), *_named(self.dimensions).values())

    @property
    def header_rows(self) -> tuple[int, ...]:
        """The rows of the columns' names; none is the first."""
        return (self.header,) if isinstance(self.header, int) else self.header

    def tables(self, context: Context) -> Tables:
        """Give the tables of the document as it is now. Raises as ``collect`` does."""
        raise TypeError(f"the source {self.name} has no tables method")

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of the rows asked for, in order of period, and then of file.

        Raises what ``tables`` raises, Refused where it is no table or lacks a column or all of
        the rows.
        """
        found = self.tables(context)
        query = (self.model_dump_json(exclude={"where"}), context.period, context.zone.key)
        layouts: list[Layout] = context.shared.get(
            ("spreadsheet layout", *found.key, *query),
            lambda: [self._layout(table, context) for table in found.tables],
        )
        where = {column: listed(wanted) for column, wanted in self.where.items()}
        chosen = zip(layouts, select(found, where, context.warn), strict=True)
        readings = [layout.readings(rows, context.warn) for layout, rows in chosen]
        for reading in heapq.merge(*readings, key=lambda reading: reading.at):
            if window.contains(reading.at):
                yield reading

    def _layout(self, table: Table, context: Context) -> Layout:
        cells = Cells(
            table=table,
            dimensions=_positions(table, self.dimensions),
            unknown=UNKNOWN.union(plain(text).lower() for text in self.unknown),
        )
        grid = Grid(labels=self.labels, period=context.period, zone=context.zone)
        if self.date is not None:
            date, measures = table.position(self.date), _positions(table, self.measures)
            return Long(cells=cells, grid=grid, date=date, measures=measures)
        patterns = [re.compile(pattern) for pattern in listed(self.columns)]
        captured = {"": self.measure} if self.measure else _named(self.measures)
        return wide(cells, grid, patterns, {plain(text): name for text, name in captured.items()})


def _named(names: Names) -> Mapping[str, str]:
    return names if isinstance(names, Mapping) else {name: name for name in names}


def _positions(table: Table, names: Names) -> dict[str, int]:
    return {name: table.position(column) for column, name in _named(names).items()}
