"""A file of comma-separated values becomes a table."""

import codecs
import csv
import io
from collections.abc import Collection
from itertools import islice

from collectors.api import Refused, Unavailable
from collectors.sources.spreadsheet.table import Record, Row, Table, divide

AUTO = "auto"
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_text(
    content: bytes,
    file: str,
    *,
    encoding: str = AUTO,
    delimiter: str = AUTO,
    header: Collection[int] = (),
) -> Table:
    """Give the table that ``content`` is; ``file`` names it in messages.

    Raises Unavailable where it looks half-written, Refused where it is no table.
    """
    text = _decode(content, file, encoding)
    if not text.strip():
        raise Unavailable(f"{file}: is empty; write the file again, whole")
    if "\0" in text:
        raise Refused(f"{file}: is not text; save the sheet as CSV")
    cut = delimiter if delimiter != AUTO else _delimiter(text, max(header, default=1))
    records = _records(text, file, cut)
    names, body = divide(file, records, header)
    last, cells = body[-1]
    if len(cells) < len(names) and not text.endswith(("\n", "\r")):
        raise Unavailable(
            f"{file}: ends in the middle of row {last} ({len(cells)} of {len(names)} cells, no "
            "line end); it looks half-written: write it whole, or end its last line"
        )
    return Table(file, names, tuple(_row(record, names) for record in body))


def _decode(content: bytes, file: str, encoding: str) -> str:
    marked = (name for mark, name in _MARKS.items() if content.startswith(mark))
    tried = [next(marked, "utf-8"), "cp1252"] if encoding == AUTO else [encoding]
    for name in tried:
        try:
            return content.decode(name).removeprefix("\ufeff")
        except (UnicodeError, LookupError):
            continue
    names = "neither UTF-8 nor Windows-1252" if encoding == AUTO else f"not {encoding}"
    raise Refused(f"{file}: is {names}; set `encoding`, or save it as UTF-8")


def _delimiter(text: str, header: int) -> str:
    def cells(delimiter: str) -> int:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            return max(map(len, islice(reader, header - 1, header)), default=0)
        except csv.Error:
            return 0

    return max(",;\t", key=cells)


def _records(text: str, file: str, delimiter: str) -> list[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[Record] = []
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if any(map(str.strip, cells)):
                records.append((number, cells))
    except csv.Error as exc:
        if "unexpected end of data" in str(exc):
            raise Unavailable(
                f"{file}: ends inside the quotes of row {number + 1}; it looks half-written: "
                "write it whole"
            ) from exc
        raise Refused(f"{file}: row {number + 1} is not CSV: {exc}") from exc
    return records


def _row(record: Record, names: tuple[str, ...]) -> Row:
    number, cells = record
    missing = len(names) - len(cells)
    if missing == 0:
        return Row(number, tuple(cells))
    if missing > 0:
        problem = (
            f"row {number} has {len(cells)} cells of {len(names)}: "
            f"column {names[len(cells)]!r} and what follows is unknown"
        )
        return Row(number, (*cells, *[""] * missing), problem)
    beyond = cells[missing:]
    if not any(isinstance(cell, str) and cell.strip() for cell in beyond):
        return Row(number, tuple(cells[:missing]))
    problem = (
        f"row {number} has {len(cells)} cells of {len(names)}: {beyond[0]!r} stands "
        f"after the last column, {names[-1]!r}; the row is left out"
    )
    return Row(number, tuple(cells[: len(names)]), problem, whole=False)
