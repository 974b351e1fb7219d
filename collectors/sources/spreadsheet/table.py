"""A file of comma-separated values becomes a table: its revision, its columns, its rows."""

import codecs
import csv
import difflib
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from collectors.api import Refused, Shared, Unavailable
from collectors.sources.spreadsheet.labels import plain

AUTO = "auto"
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One record; ``number`` is its row as a spreadsheet shows it, the header being row 1.

    ``problem`` says what is wrong with its length. A row that is too short is filled up with
    blanks; one that is too long is not ``whole``: nobody knows which cell belongs where.
    """

    number: int
    cells: tuple[str, ...]
    problem: str = ""
    whole: bool = True


@dataclass(frozen=True)
class Table:
    """What a file holds: its place for messages, its columns' names on one line, its rows."""

    place: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

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

    def by_value(self, index: int) -> dict[str, list[Row]]:
        """Give the rows of each text that a column holds."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.cells[index].strip(), []).append(row)
        return found


def nearest(wanted: str, names: Iterable[str]) -> str:
    """Say which of ``names`` come nearest to the wanted one, or else which there are."""
    there = {name.lower(): name for name in names if name}
    close = difflib.get_close_matches(wanted.lower(), there, n=3, cutoff=0.5)
    if close:
        return f"nearest: {', '.join(repr(there[name]) for name in close)}"
    few = [repr(name) for name in list(there.values())[:5]]
    return f"there are: {', '.join(few) or 'none'}{', …' if len(there) > len(few) else ''}"


def revision(path: Path, shared: Shared) -> str:
    """Give the size and hash of the content, read again only if the file was touched."""
    try:
        status = path.stat()
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    touched = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    key = ("spreadsheet revision", str(path), touched)
    found: str = shared.get(key, lambda: _revision(_content(path)))
    return found


def read_table(path: Path, expected: str, encoding: str, delimiter: str) -> Table:
    """Read the file of that revision. Raises Unavailable where it has changed meanwhile."""
    content = _content(path)
    if _revision(content) != expected:
        raise Unavailable(f"{path}: changed while it was being read; it is read again next time")
    return parse(content, str(path), encoding, delimiter)


def parse(content: bytes, place: str, encoding: str = AUTO, delimiter: str = AUTO) -> Table:
    """Give the table that ``content`` is; ``place`` names it in messages.

    Raises Unavailable where it looks half-written, Refused where it is no table.
    """
    text = _decode(content, place, encoding)
    if not text.strip():
        raise Unavailable(f"{place}: is empty; write the file again, whole")
    if "\0" in text:
        raise Refused(f"{place}: is not text; save the sheet as CSV")
    cut = delimiter if delimiter != AUTO else _delimiter(text)
    records = _records(text, place, cut)
    if len(records) < 2:
        raise Refused(f"{place}: has a header and no rows")
    header = tuple(plain(name) for name in records[0][1])
    last, cells = records[-1]
    if len(cells) < len(header) and not text.endswith(("\n", "\r")):
        raise Unavailable(
            f"{place}: ends in the middle of row {last} ({len(cells)} of {len(header)} cells, no "
            "line end); it looks half-written: write it whole, or end its last line"
        )
    return Table(place, header, tuple(_row(number, cells, header) for number, cells in records[1:]))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError as exc:
        raise Refused(f"{path}: is a directory; name a file in it") from exc
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _revision(content: bytes) -> str:
    return f"{len(content)}-{hashlib.sha256(content).hexdigest()}"


def _unreadable(path: Path, exc: OSError) -> Unavailable:
    reason = exc.strerror or type(exc).__name__
    return Unavailable(f"{path}: cannot be read ({reason}); put it there, readable by this user")


def _decode(content: bytes, place: str, encoding: str) -> str:
    marked = (name for mark, name in _MARKS.items() if content.startswith(mark))
    tried = [next(marked, "utf-8"), "cp1252"] if encoding == AUTO else [encoding]
    for name in tried:
        try:
            return content.decode(name).removeprefix("\ufeff")
        except UnicodeError:
            continue
    names = "neither UTF-8 nor Windows-1252" if encoding == AUTO else f"not {encoding}"
    raise Refused(f"{place}: is {names}; set `encoding`, or save it as UTF-8")


def _delimiter(text: str) -> str:
    def cells(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
        except csv.Error:
            return 0

    return max(",;\t", key=cells)


def _records(text: str, place: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if any(map(str.strip, cells)):
                records.append((number, cells))
    except csv.Error as exc:
        if "unexpected end of data" in str(exc):
            raise Unavailable(
                f"{place}: ends inside the quotes of row {number + 1}; it looks half-written: "
                "write it whole"
            ) from exc
        raise Refused(f"{place}: row {number + 1} is not CSV: {exc}") from exc
    return records


def _row(number: int, cells: list[str], header: tuple[str, ...]) -> Row:
    missing = len(header) - len(cells)
    if missing == 0:
        return Row(number, tuple(cells))
    if missing > 0:
        problem = (
            f"row {number} has {len(cells)} cells of {len(header)}: "
            f"column {header[len(cells)]!r} and what follows is unknown"
        )
        return Row(number, (*cells, *[""] * missing), problem)
    if not any(map(str.strip, cells[missing:])):
        return Row(number, tuple(cells[:missing]))
    problem = (
        f"row {number} has {len(cells)} cells of {len(header)}: {cells[len(header)]!r} stands "
        f"after the last column, {header[-1]!r}; the row is left out"
    )
    return Row(number, tuple(cells[: len(header)]), problem, whole=False)
