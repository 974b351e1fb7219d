"""A sheet of an XLSX workbook becomes a table.

openpyxl reads what a cell is: its shared text, its date, its cached value. The rows are read here
one by one from the sheet's XML, because openpyxl's own read-only sheets hold on to every row, make
up the rows and columns that a sheet only claims to have, and do not tell which cells are merged.
"""

import threading
import warnings
import zlib
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import IO, Any
from xml.etree.ElementTree import Element
from zipfile import BadZipFile

from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import coordinate_to_tuple, range_boundaries
from openpyxl.worksheet._reader import (
    DATA_TAG,
    FORMULA_TAG,
    MERGE_TAG,
    ROW_TAG,
    VALUE_TAG,
    WorkSheetParser,
)
from openpyxl.xml.constants import SHEET_MAIN_NS

from collectors.api import CollectorError, Refused, Unavailable
from collectors.sources.spreadsheet.archive import SMALLER, Archive
from collectors.sources.spreadsheet.cells import Cell, Fault
from collectors.sources.spreadsheet.labels import plain
from collectors.sources.spreadsheet.sheets import MOST_CELLS, Line, Merged, is_blank, sheet_table
from collectors.sources.spreadsheet.table import Table, nearest, place

MOST_HELD = 200_000
"""Elements of XML that are held in memory at once: those of a row, or of all beside the rows."""

_SHEET_TAG = f"{{{SHEET_MAIN_NS}}}worksheet"
_UNSAVED = Fault(
    "a formula", "has no stored value: let a spreadsheet program calculate and save the file"
)
_DAMAGED = Fault("the cell", "is damaged")
_quiet = threading.Lock()


def read_workbook(
    content: bytes, file: str, sheet: str | None = None, header: Collection[int] = ()
) -> Table:
    """Give the table in a sheet: the first, or that of a name or number; ``file`` names the file.

    Raises Unavailable where the file is half-written, Refused where it cannot be read or is beyond
    the limits, or has no such sheet.
    """
    # What openpyxl warns of (styles, extensions) changes no figure. The filters are the process's.
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Archive(content, file) as archive:
                return _read(archive, file, sheet, header)
        except CollectorError:
            raise
        except (BadZipFile, zlib.error, EOFError) as exc:
            raise Unavailable(f"{file}: is damaged or half-written: write it whole") from exc
        except Exception as exc:  # openpyxl raises whatever a wrong file makes it stumble over
            raise Refused(
                f"{file}: is no XLSX workbook that can be read ({type(exc).__name__}); open it in "
                "a spreadsheet program and save it anew"
            ) from exc


def _read(archive: Archive, file: str, sheet: str | None, header: Collection[int]) -> Table:
    reader = ExcelReader(archive.source, read_only=True, data_only=True, keep_links=False)
    reader.archive = archive
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    apply_stylesheet(archive, reader.wb)
    name, part = _chosen(reader, file, sheet)
    with archive.open_sheet(part) as source:
        rows = _Rows(source, reader.shared_strings, reader.wb, place(file, name))
        lines = list(rows)
    return sheet_table(file, name, lines, rows.merged, header)


def _chosen(reader: ExcelReader, file: str, wanted: str | None) -> tuple[str, str]:
    """Give the name of a sheet, and the part of the archive that holds it."""
    sheets = [
        (plain(sheet.name), rel.target, rel.Type.endswith("/worksheet"))
        for sheet, rel in reader.parser.find_sheets()
    ]
    names = [name for name, _, _ in sheets]
    if wanted is None:
        found = [sheet for sheet in sheets if sheet[2]][:1]
    elif wanted in names:
        found = [sheets[names.index(wanted)]]
    else:
        found = sheets[int(wanted) - 1 :][:1] if wanted.isdecimal() and int(wanted) else []
    if not found:
        raise Refused(f"{file}: there is no sheet {wanted or 1!r}; {nearest(wanted or '', names)}")
    name, part, has_rows = found[0]
    if not has_rows:
        raise Refused(f"{place(file, name)}: is a chart or a macro, and has no rows")
    return name, part


class _Rows(WorkSheetParser):
    """The rows of a sheet that are not blank; ``merged`` is known once all have been read."""

    def __init__(self, source: IO[bytes], texts: list[str], workbook: Any, place: str) -> None:
        super().__init__(
            source,
            texts,
            data_only=True,
            epoch=workbook.epoch,
            date_formats=workbook._date_formats,  # noqa: SLF001 - openpyxl's own sheets do so
            timedelta_formats=workbook._timedelta_formats,  # noqa: SLF001
        )
        self.place = place
        self.merged: list[Merged] = []

    def __iter__(self) -> Iterator[Line]:
        """Give each row, without the blank cells at its end."""
        left = MOST_CELLS
        for element in self._row_elements():
            number, found = self.parse_row(element)  # type: ignore[arg-type] # types-openpyxl
            self.row_dimensions.clear()
            cells = _line(found)
            left -= len(cells)
            if left < 0:
                raise Refused(f"{self.place}: has more than {MOST_CELLS} cells; {SMALLER}")
            if cells:
                yield number, cells

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """Give a cell as openpyxl does, and as a fault where it has no value that can be told."""
        try:
            found: dict[str, Any] = super().parse_cell(element)
        except (ValueError, LookupError, ArithmeticError):
            reference = element.get("r")
            column = coordinate_to_tuple(reference)[1] if reference else self.col_counter
            return {"column": column, "value": _DAMAGED}
        if found["data_type"] == "e":
            found["value"] = Fault(str(found["value"]), "is an error")
        elif found["value"] is None and _lacks_its_value(element):
            found["value"] = _UNSAVED
        return found

    def _row_elements(self) -> Iterator[Element]:
        """Give the XML of each row, which is forgotten when the next is asked for."""
        held, rows = 0, None
        for event, element in iterparse(self.source, ("start", "end")):
            if event == "start":
                held += 1
                self._check(element, held, begun=rows is not None)
                if element.tag == DATA_TAG:
                    rows = element
            elif element.tag == ROW_TAG and rows is not None:
                yield element
                rows.clear()
                held = 0
            elif element.tag == MERGE_TAG:
                self.merged = [_bounds(cell.get("ref", "")) for cell in element]

    def _check(self, element: Element, held: int, *, begun: bool) -> None:
        if held > MOST_HELD:
            raise Refused(f"{self.place}: has too many tags; {SMALLER}")
        if held == 1 and not begun and element.tag != _SHEET_TAG:
            raise Refused(f"{self.place}: is XLSX of the strict kind; save it as ordinary XLSX")


def _lacks_its_value(element: Element) -> bool:
    """Whether it is a formula whose result was never stored; a text may well be blank."""
    return element.find(FORMULA_TAG) is not None and not (
        element.get("t") == "str" and element.find(VALUE_TAG) is not None
    )


def _bounds(reference: str) -> Merged:
    first_column, first_row, last_column, last_row = range_boundaries(reference)
    return first_column or 1, first_row or 1, last_column or 1, last_row or 1


def _line(found: Sequence[dict[str, Any]]) -> list[Cell]:
    """Give a row's cells from the first column to the last that is not blank."""
    placed = {one["column"]: one["value"] for one in found if one["value"] is not None}
    held = {column: _cell(value) for column, value in placed.items()}
    last = max((column for column, cell in held.items() if not is_blank(cell)), default=0)
    return [held.get(column, "") for column in range(1, last + 1)]


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.replace("_x000D_", "\r")
    return value if isinstance(value, int | float | date | Fault) else str(value)
