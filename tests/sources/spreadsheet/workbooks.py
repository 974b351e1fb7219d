"""Workbooks as openpyxl writes them, and the same ones tampered with."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from collectors.api import ALWAYS, Context, Period, Reading
from collectors.sources.spreadsheet import Spreadsheet
from tests.contexts import SimpleShared, make_context

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
HEAD = ("month", "n")
ROWS = [HEAD, ("Apr 2013", 1), ("May 2013", 2)]


class CountingShared(SimpleShared):
    """Counts what it builds, by the first part of the key."""

    def __init__(self) -> None:
        super().__init__()
        self.built: list[str] = []

    def get(self, key: Any, build: Callable[[], Any]) -> Any:
        if key not in self.held:
            self.built.append(key[0])
        return super().get(key, build)


def book(rows: Iterable[Iterable[Any]] = ROWS, *, title: str = "Sheet1") -> Workbook:
    """Give a workbook with one sheet of these rows."""
    made = Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(list(row))
    return made


def old_mac_book() -> Workbook:
    """Give a workbook, still without rows, that counts its days from 1904."""
    made = Workbook()
    made.epoch = CALENDAR_MAC_1904
    return made


def content_of(made: Workbook) -> bytes:
    """Give the file that a workbook is."""
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def tampered(content: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Give the archive with what ``change`` makes of each part; None leaves it out."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
    return file.getvalue()


def replaced(content: bytes, part: str, old: str, new: str) -> bytes:
    """Give the archive with one text of a part replaced by another."""

    def change(name: str, held: bytes) -> bytes:
        assert name != part or old.encode() in held, held
        return held.replace(old.encode(), new.encode()) if name == part else held

    return tampered(content, change)


def with_cells(rows: str, head: Iterable[str] = HEAD) -> bytes:
    """Give a workbook of a header and these rows of XML, as some other program might write it."""
    return replaced(content_of(book([head])), SHEET, "</sheetData>", f"{rows}</sheetData>")


def with_shared_texts(rows: str, texts: str) -> bytes:
    """Give the same, with the texts of its cells in a part of their own, as Excel writes them."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/{TEXTS}" ContentType="{kind}"/></Types>'
    content = replaced(with_cells(rows), "[Content_Types].xml", "</Types>", override)
    part = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{texts}</sst>'
    with zipfile.ZipFile(file := io.BytesIO(content), "a") as new:
        new.writestr(TEXTS, part)
    return file.getvalue()


def archive(parts: Mapping[str, bytes]) -> bytes:
    """Give a ZIP archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return file.getvalue()


def context_of(directory: Path = Path(), **parts: Any) -> Context:
    """Give the context of a monthly collector in London."""
    place = {"directory": directory, "period": Period.MONTH, "zone": ZoneInfo("Europe/London")}
    return make_context(**(place | parts))


def collect(context: Context, **query: Any) -> list[Reading]:
    """Collect a long sheet of months."""
    said = {"file": "figures.xlsx", "date": "month", "measures": ["n"]} | query
    return list(Spreadsheet(**said).collect(ALWAYS, context))


def figures(context: Context, **query: Any) -> list[Any]:
    """Give the measure of each reading."""
    return [reading.measures["n"] for reading in collect(context, **query)]


def told(context: Context) -> list[str]:
    """Give what was told, without the directory."""
    return [text.replace(f"{context.directory}/", "") for text in context.warn.told]
