"""The cells of one sheet become a table, also where those of its header are merged."""

from collections.abc import Collection, Sequence

from collectors.api import Refused
from collectors.sources.spreadsheet.archive import SMALLER
from collectors.sources.spreadsheet.cells import Cell
from collectors.sources.spreadsheet.table import Record, Row, Table, divide, place

MOST_CELLS = 10_000_000
"""Cells that a sheet may have: its rows, times the columns that have a name."""

Line = tuple[int, list[Cell]]
"""The number of a row, and its cells up to the last that is not blank."""
Merged = tuple[int, int, int, int]
"""The first column and row, and the last column and row, of cells that are one; from 1."""


def sheet_table(
    file: str,
    sheet: str,
    lines: Sequence[Line],
    merged: Sequence[Merged],
    header: Collection[int],
) -> Table:
    """Give the table in the rows of a sheet that are not blank.

    Refused where there are none, or none under the header, or too many.
    """
    where = place(file, sheet)
    if not lines:
        raise Refused(f"{where}: is empty")
    heads = sorted(header) or [lines[0][0]]
    _spread(dict(lines), merged, heads)
    names, body = divide(where, lines, heads)
    return Table(file, *_cut(where, names, body), sheet=sheet)


def is_blank(cell: Cell) -> bool:
    """Tell whether nothing stands in a cell."""
    return isinstance(cell, str) and not cell.strip()


def _spread(lines: dict[int, list[Cell]], merged: Sequence[Merged], heads: Sequence[int]) -> None:
    """Let the text of merged cells stand in all of their columns, in the first row of the header.

    Not beyond the last column in use: a title may be merged over all columns there can be.
    """
    width = max(map(len, lines.values()))
    for first_column, first_row, last_column, last_row in merged:
        head = next((number for number in heads if first_row <= number <= last_row), None)
        if head not in lines or first_column > len(lines.get(first_row, ())):
            continue
        text, last = lines[first_row][first_column - 1], min(last_column, width)
        line = lines[head]
        line.extend([""] * (last - len(line)))
        line[first_column - 1 : last] = [text] * (last - first_column + 1)


def _cut(
    where: str, names: tuple[str, ...], body: Sequence[Record]
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Leave out what stands beyond the last column that has a name, and make all rows as long."""
    width = max((index for index, name in enumerate(names, 1) if name), default=0)
    if len(body) * width > MOST_CELLS:
        raise Refused(f"{where}: has more than {MOST_CELLS} cells; {SMALLER}")
    cut = ((number, cells[:width]) for number, cells in body)
    rows = tuple(
        Row(number, (*cells, *[""] * (width - len(cells))))
        for number, cells in cut
        if not all(map(is_blank, cells))
    )
    if not rows:
        raise Refused(f"{where}: has a header and no rows")
    return names[:width], rows
