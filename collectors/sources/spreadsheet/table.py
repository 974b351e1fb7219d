"""A table: its columns' names, and its rows, wherever they were read from."""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from collectors.api import Refused
from collectors.sources.spreadsheet.cells import Cell, text_of
from collectors.sources.spreadsheet.labels import plain

Record = tuple[int, Sequence[Cell]]
"""The number of a row, as a spreadsheet shows it, and its cells."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record; ``number`` is its row as a spreadsheet shows it.

    ``problem`` says what is wrong with its length. A row that is too short is filled up with
    blanks; one that is too long is not ``whole``: nobody knows which cell belongs where.
    """

    number: int
    cells: tuple[Cell, ...]
    problem: str = ""
    whole: bool = True


@dataclass(frozen=True)
class Table:
    """What a file, or one ``sheet`` of it, holds: its columns' names on one line, its rows."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sheet: str | None = None

    @property
    def place(self) -> str:
        """Its file, and sheet, for a message."""
        return place(self.file, self.sheet)

    def cell_place(self, row: Row, index: int) -> str:
        """Give where one of its cells stands, for a message."""
        column = f"column {self.columns[index]!r}"
        if self.sheet is None:
            return f"{self.file}: row {row.number}, {column}"
        return f"{self.file}: {_quoted(self.sheet)}!{_letters(index)}{row.number}, {column}"

    def position(self, column: str) -> int:
        """Give the index of a column; Refused, with the nearest, where it is not there once."""
        wanted = plain(column)
        found = [index for index, name in enumerate(self.columns) if name == wanted]
        if not found:
            near = nearest(wanted, self.columns)
            raise Refused(f"{self.place}: there is no column {wanted!r}; {near}")
        if len(found) > 1:
            where = " and ".join(str(index + 1) for index in found)
            raise Refused(f"{self.place}: more than one column is called {wanted!r}: {where}")
        return found[0]

    def by_text(self, index: int) -> dict[str, list[Row]]:
        """Give the rows of each text that a column holds."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(text_of(row.cells[index]), []).append(row)
        return found


def place(file: str, sheet: str | None) -> str:
    """Name a file, or a sheet of it, in a message."""
    return file if sheet is None else f"{file}: sheet {sheet!r}"


def _quoted(sheet: str) -> str:
    return sheet if re.fullmatch(r"\w+", sheet) else "'" + sheet.replace("'", "''") + "'"


def _letters(index: int) -> str:
    before, last = divmod(index, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def divide(
    where: str, records: Sequence[Record], header: Collection[int]
) -> tuple[tuple[str, ...], Sequence[Record]]:
    """Give the columns' names and the records under them; blank records are not among these.

    ``header`` has the numbers of the rows that hold the names; without any it is the first.
    Refused where one of them or everything after them is blank.
    """
    rows = dict(records)
    numbers = sorted(header) or [records[0][0]]
    for number in numbers:
        if number not in rows:
            raise Refused(f"{where}: row {number} is blank, or not there; set `header`")
    parts = zip_longest(*([text_of(cell) for cell in rows[one]] for one in numbers), fillvalue="")
    names = tuple(plain(" ".join(part)) for part in parts)
    body = [record for record in records if record[0] > numbers[-1]]
    if not body:
        raise Refused(f"{where}: has a header and no rows")
    return names, body


def nearest(wanted: str, names: Iterable[str]) -> str:
    """Say which of ``names`` come nearest to the wanted one, or else which there are."""
    there = {name.lower(): name for name in names if name}
    close = difflib.get_close_matches(wanted.lower(), there, n=3, cutoff=0.5)
    if close:
        return f"nearest: {', '.join(repr(there[name]) for name in close)}"
    few = [repr(name) for name in list(there.values())[:5]]
    return f"there are: {', '.join(few) or 'none'}{', …' if len(there) > len(few) else ''}"
