"""The cells of a Google Sheet, each with its type, as the Sheets API v4 tells them.

``values.get`` would be shorter, but tells a date as a number like any other, or as a text in the
sheet's own language; ``spreadsheets.get`` tells of each number whether its format is a date.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from collectors.api import CollectorError, Context, Limits, Refused, Unavailable, Unexpected
from collectors.api.google import GoogleCredential, open_google
from collectors.sources.spreadsheet.archive import SMALLER
from collectors.sources.spreadsheet.cells import Cell, Fault
from collectors.sources.spreadsheet.labels import plain
from collectors.sources.spreadsheet.sheets import MOST_CELLS, Line, Merged, is_blank
from collectors.sources.spreadsheet.table import nearest, place
from collectors.sources.spreadsheet.web import FRESH

if TYPE_CHECKING:
    from collectors.api.google import Google, Problem

SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
NAMES = "properties.title,sheets.properties(title,index,sheetType)"
CELLS = (
    "sheets(merges,data(startRow,startColumn,"
    "rowData.values(effectiveValue,effectiveFormat.numberFormat.type)))"
)
FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's dates have no zone
"""The day whose number is 0 in every sheet."""
_DATES = frozenset({"DATE", "DATE_TIME"})
_NO_DATE = Fault("the cell", "is not a date of the calendar")


@dataclass(frozen=True)
class Cells:
    """What one tab holds: its rows that are not blank, and which of its cells are one."""

    file: str
    sheet: str
    lines: Sequence[Line]
    merged: Sequence[Merged]
    revision: str


class Kept:
    """The cells of one tab, for every collector of the process; a failure is kept as long."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._asked_at: datetime | None = None
        self._failure: CollectorError | None = None
        self._cells: Cells | None = None

    def get(self, asked: "SheetAtGoogle") -> Cells:
        """Give the cells as Google told them within the last minute."""
        with self._guard:
            now = asked.context.clock.now()
            if self._asked_at is None or now - self._asked_at >= FRESH:
                self._asked_at, self._failure, self._cells = now, None, None
                try:
                    self._cells = asked.cells()
                except CollectorError as exc:
                    self._failure = exc
            if self._cells is None:
                raise self._failure or Unexpected("the Google Sheet was not read")
            return self._cells


@dataclass(frozen=True)
class SheetAtGoogle:
    """One tab of a Google Sheet, for one run; ``sheet`` is its name or number, None the first."""

    context: Context
    number: str
    sheet: str | None

    @cached_property
    def google(self) -> "Google":
        """The API, as it is asked for this sheet."""
        return open_google(
            self.context,
            "sheets",
            "v4",
            scopes=[SCOPE],
            explain=self._explained,
            hold=self._held,
        )

    def cells(self) -> Cells:
        """Ask for what there is, and then for the cells of one tab."""
        told = self._ask(fields=NAMES)
        reply: Any = told
        try:
            file = f"Google Sheet {plain(told['properties']['title'])!r}"
            title = self._chosen(file, [one["properties"] for one in told["sheets"]])
            reply = self._ask(fields=CELLS, ranges=["'" + title.replace("'", "''") + "'"])
            (sheet,) = reply["sheets"]
            lines = list(_lines(sheet.get("data", ()), place(file, title)))
            merged = [_merged(one) for one in sheet.get("merges", ())]
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            sample = json.dumps(reply)
            raise Unexpected("Google's answer is no sheet as it is documented", sample) from exc
        return Cells(file, plain(title), lines, merged, _revision(title, lines, merged))

    def _ask(self, **what: Any) -> Any:
        sheets = self.google.service.spreadsheets()
        return self.google.execute(sheets.get(spreadsheetId=self.number, **what))

    def _chosen(self, file: str, tabs: Sequence[Mapping[str, Any]]) -> str:
        """Give the title of the tab that is asked for, as Google spells it."""
        kinds = {plain(one["title"]): one for one in sorted(tabs, key=lambda one: one["index"])}
        names, wanted = list(kinds), self.sheet
        if wanted is None:
            found = [name for name in names if _is_grid(kinds[name])][:1]
        elif wanted in names:
            found = [wanted]
        else:
            found = names[int(wanted) - 1 :][:1] if wanted.isdecimal() and int(wanted) else []
        if not found:
            raise Refused(
                f"{file}: there is no sheet {wanted or 1!r}; {nearest(wanted or '', names)}"
            )
        if not _is_grid(kinds[found[0]]):
            raise Refused(f"{place(file, found[0])}: is a chart or another database's, not cells")
        return str(kinds[found[0]]["title"])

    def _held(self) -> AbstractContextManager[Any]:
        keys = quota_keys(self.google.project, self.context.credential)
        return self.context.quota.request(keys)

    def _explained(self, problem: "Problem") -> CollectorError | None:
        if problem.code == 403 and problem.status and not problem.reason:
            return Refused(
                f"{problem}: {self.google.account} may not see the Google Sheet {self.number}: "
                "share it with that account, as a Viewer"
            )
        if problem.code == 404 and problem.status:
            return Refused(f"{problem}: there is no such Google Sheet: correct `google_sheet`")
        if problem.code == 400 and problem.status == "FAILED_PRECONDITION":
            return Refused(
                f"{problem}: it is a file of another program in Google Drive: save it as a Google "
                "Sheet (File > Save as Google Sheets)"
            )
        return None


def quota_keys(project: str, credential: GoogleCredential) -> dict[str, Limits]:
    """Give the keys of a project, and of its requests for sheets."""
    of_project = f"google:{project}"
    return {of_project: Limits(), f"{of_project}:sheets": Limits(concurrent=credential.concurrent)}


def _is_grid(tab: Mapping[str, Any]) -> bool:
    return bool(tab.get("sheetType", "GRID") == "GRID")


def _lines(blocks: Sequence[Mapping[str, Any]], where: str) -> Iterator[Line]:
    """Give each row that is not blank, up to the last cell that is not."""
    left = MOST_CELLS
    for block in blocks:
        before = [""] * block.get("startColumn", 0)
        for number, row in enumerate(block.get("rowData", ()), block.get("startRow", 0) + 1):
            cells: list[Cell] = [*before, *map(_cell, row.get("values", ()))]
            while cells and is_blank(cells[-1]):
                cells.pop()
            left -= len(cells)
            if left < 0:
                raise Refused(f"{where}: has more than {MOST_CELLS} cells; {SMALLER}")
            if cells:
                yield number, cells


def _cell(told: Mapping[str, Any]) -> Cell:
    value = told.get("effectiveValue") or {}
    if "errorValue" in value:
        return _fault(str(value["errorValue"].get("type", "the cell")))
    if "numberValue" not in value:
        text: Cell = value.get("stringValue", value.get("boolValue", ""))
        return text
    number = value["numberValue"]
    form = (told.get("effectiveFormat") or {}).get("numberFormat") or {}
    if form.get("type") in _DATES:
        return _day(number)
    return int(number) if number == number // 1 else float(number)


def _fault(kind: str) -> Fault:
    if kind == "LOADING":
        raise Unavailable("the Google Sheet is still calculating; it is read again next time")
    return Fault(kind, "is an error")


def _day(number: float) -> date | Fault:
    try:
        moment = FIRST_DAY + timedelta(days=number)
    except OverflowError:
        return _NO_DATE
    return moment.date() if number == number // 1 else moment


def _merged(told: Mapping[str, int]) -> Merged:
    """Give it as workbooks do: from 1, and with its last row and column."""
    return (
        told["startColumnIndex"] + 1,
        told["startRowIndex"] + 1,
        told["endColumnIndex"],
        told["endRowIndex"],
    )


def _revision(title: str, lines: Sequence[Line], merged: Sequence[Merged]) -> str:
    digest = hashlib.sha256(repr((title, merged)).encode())
    for line in lines:
        digest.update(repr(line).encode())
    return digest.hexdigest()
