"""Google as far as sheets go: tokens, and ``spreadsheets.get`` of the Sheets API v4.

It checks in Google's order (token, API enabled, the sheet, who may see it, its kind, the tab) and
answers with Google's bodies. Of a request's ``fields`` it knows the two masks that are asked for,
and gives nothing that they do not name.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tests.servers.google import (
    SCOPE,
    GoogleAccount,
    GoogleServer,
    Problem,
    bad,
    failed,
    reason,
)
from tests.servers.http import Answer, Request, json_answer

SHEETS_SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
NUMBER = "1Qz8r3ZkXn4VvT7b9LwYcU2sPqRtEaHdGfJm5oIxK0AB"
ERRORS = {"#N/A": "N_A", "#DIV/0!": "DIVIDE_BY_ZERO", "Loading...": "LOADING"}
FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's dates have no zone


@dataclass
class Tab:
    """One tab: rows of what is typed into it. ``merged`` is in Google's indexes."""

    title: str
    rows: list[list[Any]]
    kind: str = "GRID"
    merged: list[dict[str, int]] = field(default_factory=list)
    first: tuple[int, int] = (0, 0)


class SheetsServer(GoogleServer):
    """Serves the sheet ``NUMBER`` with its ``tabs`` to ``account.readers``."""

    wanted = SHEETS_SCOPE

    def __init__(self, *tabs: Tab) -> None:
        super().__init__(GoogleAccount(scope=f"{SCOPE} {SHEETS_SCOPE}"))
        self.title = "Tolls"
        self.tabs = list(tabs)
        self.is_a_file = False
        self.fault: Answer | None = None

    @property
    def asked(self) -> int:
        """How often the API was asked."""
        return sum(one.path.startswith("/v4/") for one in self.requests)

    def _api(self, request: Request) -> Answer:
        match = re.fullmatch(r"/v4/spreadsheets/([^/:]+)", unquote(request.path))
        if match is None or request.method != "GET":
            return Answer(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>")
        if not self.account.enabled:
            facts = {"service": "sheets.googleapis.com", "consumer": "projects/1234"}
            details = [reason("SERVICE_DISABLED", **facts)]
            message = (
                "Google Sheets API has not been used in project 1234 before or it is disabled."
            )
            raise Problem(failed(403, message, "PERMISSION_DENIED", details=details))
        who = self._logged_in(request)
        if self.fault is not None:
            return self.fault
        if match[1] != NUMBER:
            raise Problem(failed(404, "Requested entity was not found.", "NOT_FOUND"))
        if who not in self.account.readers:
            message = "The caller does not have permission"
            raise Problem(failed(403, message, "PERMISSION_DENIED"))
        if self.is_a_file:
            message = "This operation is not supported for this document"
            raise Problem(failed(400, message, "FAILED_PRECONDITION"))
        return json_answer(self._told(request.query))

    def _told(self, query: dict[str, str]) -> Any:
        if "ranges" not in query:
            assert query["fields"] == "properties.title,sheets.properties(title,index,sheetType)"
            tabs = [
                {"title": tab.title, "index": index, "sheetType": tab.kind}
                for index, tab in enumerate(self.tabs)
            ]
            return {
                "properties": {"title": self.title},
                "sheets": [{"properties": one} for one in tabs],
            }
        assert "effectiveFormat.numberFormat.type" in query["fields"]
        title = query["ranges"][1:-1].replace("''", "'")
        found = [tab for tab in self.tabs if tab.title == title]
        if not found:
            raise bad(f"Unable to parse range: {query['ranges']}")
        (tab,) = found
        data: dict[str, Any] = {"rowData": [_row(one) for one in tab.rows]}
        data |= {
            name: at for name, at in zip(("startRow", "startColumn"), tab.first, strict=True) if at
        }
        return {"sheets": [{"data": [data], **({"merges": tab.merged} if tab.merged else {})}]}


def _row(cells: list[Any]) -> dict[str, Any]:
    return {"values": [_cell(one) for one in cells]} if cells else {}


def _cell(typed: Any) -> dict[str, Any]:
    match typed:
        case None:
            return {}
        case bool():
            return {"effectiveValue": {"boolValue": typed}}
        case str() if typed in ERRORS:
            return {"effectiveValue": {"errorValue": {"type": ERRORS[typed], "message": "no"}}}
        case str():
            return {"effectiveValue": {"stringValue": typed}}
        case datetime():
            return _number((typed - FIRST_DAY) / timedelta(days=1), "DATE_TIME")
        case date():
            return _number((typed - FIRST_DAY.date()).days, "DATE")
        case (number, form):
            return _number(number, form)
    return {"effectiveValue": {"numberValue": typed}}


def _number(number: float, form: str) -> dict[str, Any]:
    return {
        "effectiveValue": {"numberValue": number},
        "effectiveFormat": {"numberFormat": {"type": form}},
    }
