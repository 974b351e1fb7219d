r"""Figures that people keep in a sheet: a CSV file, read whole whenever it has changed.

Each row speaks of one period (a *long* sheet, with a column of dates)::

    source: spreadsheet
    schedule: daily
    period: quarter
    query:
      file: data/figures.csv                  # from the configuration directory
      where: {service: carers-allowance}      # only these rows; a list means any of them
      date: period                            # the column that says which period
      measures: {Volume: number_of_transactions}
      dimensions: {Channel: channel}          # columns to keep as text

or of many (a *wide* one, where the periods stand in the columns' names)::

    source: spreadsheet
    schedule: daily
    period: quarter
    query:
      file: data/services.csv
      where: {Slug: dwp-carers-allowance-new-claims}
      columns: '(?P<period>\d{4}-Q\d) (?P<measure>.+)'
      measures: {Vol.: number_of_transactions, CPT (£): cost_per_transaction}
      labels:
        shift: -4 quarters                    # the label is the quarter after the year it means
        span: year                            # … and the figures speak of a whole year
        meaning: {2012-Q4: April 2011 to March 2012}

===============  =================================================================================
``file``         the file, relative to the configuration directory
``where``        column to the value, or list of values, that its rows must have
``date``         long: the column that holds the period
``columns``      wide: a pattern, or a list of them, for whole column names, with a group
                 ``period`` and perhaps a group ``measure``; other columns are not looked at
``measures``     long: column to measure; wide: what ``measure`` captures to measure (the rest is
                 not wanted). A list stands for columns that are called like their measures
``measure``      wide, without a group ``measure``: the name of the only measure
``dimensions``   column to dimension, or a list of columns that are called like their dimensions
``labels``       what the labels of periods mean: ``shift`` (``-4 quarters``), ``span`` (``year``),
                 ``meaning`` (a label to another that it stands for; shift and span leave it
                 alone), ``financial_year`` (the month it begins in: ``april``), ``dates`` (how
                 dates are written, besides ISO: ``%d/%m/%Y``)
``unknown``      more texts that mean that nobody knows
``encoding``     ``auto``: UTF-8, with a byte order mark or without, else Windows-1252
``delimiter``    ``auto``: comma, semicolon or tab, by the first row; or one character
===============  =================================================================================

In a column's name a line break or a run of spaces counts as one space. Periods are written as
``2014-01-31``, ``2014-W05``, ``2014-01``, ``Jan 2014``, ``2014-Q1``, ``Q1 2014``, ``Jan - Mar
2014``, ``April 2013 to March 2014``, ``2013/14``, ``FY2013-14``, ``Q4 2013/14``, ``2014``. A date
stands for the collector's period in which it lies; anything longer than that period has a span.
Numbers are written as ``6,400,000``, ``£1.23``, ``12%`` (0.12), ``(5)`` (minus five). A blank,
``-``, ``..``, ``n/a`` and ``[not provided]`` mean that nobody knows; ``0`` means none.

A cell that cannot be read is told, with its file, row and column, and is unknown; the other cells
go on. Rows are numbered as a spreadsheet numbers them: the header is row 1, and a record of
several lines is one row. A row with too few cells is told and filled up with blanks; one with too
many is told and left out. A file that is missing, half-written, or without the rows or columns
asked for changes nothing of what was collected before.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from collectors.api import Context, Document, Period, Reading, Window
from collectors.sources.spreadsheet.labels import plain
from collectors.sources.spreadsheet.layout import Cells, Grid, Layout, Long, wide
from collectors.sources.spreadsheet.meanings import Labels
from collectors.sources.spreadsheet.numbers import UNKNOWN
from collectors.sources.spreadsheet.rows import select
from collectors.sources.spreadsheet.table import (
    AUTO,
    DELIMITERS,
    Row,
    Table,
    read_table,
    revision,
)

__all__ = ["Spreadsheet"]

Names = Mapping[str, str] | tuple[str, ...]
Texts = str | tuple[str, ...]


def _is_encoding(name: str) -> str:
    try:
        if name != AUTO:
            " ".encode(name)
    except LookupError as exc:
        raise ValueError(f"{name!r} is not an encoding: write auto, utf-8 or cp1252") from exc
    return name


def _is_delimiter(text: str) -> str:
    delimiter = DELIMITERS.get(text, text)
    if text != AUTO and (len(delimiter) != 1 or delimiter in '"\r\n'):
        names = ", ".join(DELIMITERS)
        raise ValueError(f"{text!r} is not a delimiter: write auto, {names}, or one character")
    return delimiter


def _are_patterns(patterns: Texts | None) -> Texts | None:
    for pattern in _listed(patterns):
        try:
            groups = re.compile(pattern).groupindex.keys()
        except re.error as exc:
            raise ValueError(f"{pattern!r} is not a pattern: {exc}") from exc
        if "period" not in groups or groups - {"period", "measure"}:
            raise ValueError(f"{pattern!r} must have a group (?P<period>…), perhaps (?P<measure>…)")
    return patterns


class Spreadsheet(Document):
    """Figures in a CSV file; the module is its manual page."""

    name: ClassVar[str] = "spreadsheet"
    periods: ClassVar[frozenset[Period]] = frozenset(
        {Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR}
    )

    file: Annotated[str, Field(min_length=1)]
    where: Mapping[str, Texts] = Field(default_factory=dict)
    date: str | None = None
    columns: Annotated[Texts | None, AfterValidator(_are_patterns)] = None
    measures: Names = ()
    measure: str | None = None
    dimensions: Names = ()
    labels: Labels = Labels()
    unknown: tuple[str, ...] = ()
    encoding: Annotated[str, AfterValidator(_is_encoding)] = AUTO
    delimiter: Annotated[str, AfterValidator(_is_delimiter)] = AUTO

    @model_validator(mode="after")
    def _is_long_or_wide(self) -> "Spreadsheet":
        if (self.date is None) == (self.columns is None):
            raise ValueError("say either `date` (a long sheet) or `columns` (a wide one)")
        if self.date is not None and self.measure is not None:
            raise ValueError("`measure` belongs to `columns`; a long sheet takes `measures`")
        self._check_measures()
        return self

    def _check_measures(self) -> None:
        captured = ["(?P<measure>" in pattern for pattern in _listed(self.columns)]
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

    def revision(self, context: Context) -> str:
        """Give a text that changes whenever the content of the file does."""
        return revision(context.directory / self.file, context.shared)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of the rows asked for, in order of period.

        Raises Unavailable where the file is missing, unreadable or half-written, Refused where
        it is no table or lacks a column or all of the rows.
        """
        shared = context.shared
        path = context.directory / self.file
        file = (str(path), revision(path, shared), self.encoding, self.delimiter)
        table: Table = shared.get(("spreadsheet table", *file), lambda: read_table(path, *file[1:]))

        def by_value(index: int) -> dict[str, list[Row]]:
            found: dict[str, list[Row]] = shared.get(
                ("spreadsheet rows", *file, index), lambda: table.by_value(index)
            )
            return found

        query = (self.model_dump_json(exclude={"where"}), context.period, context.zone.key)
        layout: Layout = shared.get(
            ("spreadsheet layout", *file, *query), lambda: self._layout(table, context)
        )
        where = {column: _listed(wanted) for column, wanted in self.where.items()}
        rows = select(table, where, by_value, context.warn)
        for reading in layout.readings(rows, context.warn):
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
        patterns = [re.compile(pattern) for pattern in _listed(self.columns)]
        captured = {"": self.measure} if self.measure else _named(self.measures)
        return wide(cells, grid, patterns, {plain(text): name for text, name in captured.items()})


def _listed(texts: Texts | None) -> tuple[str, ...]:
    if texts is None:
        return ()
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _named(names: Names) -> Mapping[str, str]:
    return names if isinstance(names, Mapping) else {name: name for name in names}


def _positions(table: Table, names: Names) -> dict[str, int]:
    return {name: table.position(column) for column, name in _named(names).items()}
