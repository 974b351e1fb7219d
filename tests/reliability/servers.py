"""The two far sides: a source of rows in pages, and a platform that speaks the write API."""

import gzip
import re
import threading
from collections import Counter
from datetime import datetime
from typing import Any

import orjson

from tests.reliability.figures import FIRST, PURPLE, SERVICE, SPANS, Day
from tests.servers.http import LONGEST, Answer, HttpServer, Request, json_answer

PAGE = 7
TOKENS = {f"{SERVICE}/{series}": f"token-of-{series}" for series in SPANS}
_KEY = re.compile(r"[a-z_][a-z0-9_]+")
_INTERNAL = {"_id", "_timestamp", "_start_at", "_end_at"}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


class Gate:
    """Lets everybody through, until it is shut; counts whom it has held."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._shut_for: str | None = None
        self._held = 0

    def shut(self, path: str = "/") -> None:
        """Hold whoever asks for something that begins with ``path``, from now on."""
        with self._changed:
            self._shut_for, self._held = path, 0

    def open(self) -> None:
        """Let everybody through."""
        with self._changed:
            self._shut_for = None
            self._changed.notify_all()

    def let_through(self, path: str) -> None:
        """Come to the gate, and go on once it is open."""
        with self._changed:
            if self._shut_for is None or not path.startswith(self._shut_for):
                return
            self._held += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._shut_for is None, LONGEST)

    def wait_for(self, number: int) -> None:
        """Wait until so many are held."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._held >= number, LONGEST)


class SourceServer(HttpServer):
    """Tells the rows that it knows on a ``day``: ``GET /<series>?start=…&end=…&page=…``.

    ``windows`` counts how often the first page of a window was asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.day: Day = FIRST
        self.gate = Gate()
        self.windows: Counter[tuple[str, str, str]] = Counter()

    def answer(self, request: Request) -> Answer:
        series = request.path.strip("/")
        start, end = (request.query[name] for name in ("start", "end"))
        page = int(request.query["page"])
        if page == 1:
            self.windows[series, start, end] += 1
        self.gate.let_through(request.path)
        opens, closes = datetime.fromisoformat(start), datetime.fromisoformat(end)
        found = [row.told() for row in self.day.rows[series] if opens <= row.at < closes]
        shown = found[(page - 1) * PAGE : page * PAGE]
        return json_answer({"rows": shown, "more": len(found) > page * PAGE})


class WriteApiServer(HttpServer):
    """The platform: checks in the order of the write API, and keeps records as they were posted.

    It answers that it has kept a post, or removed a record, and forgets to: the first so many of
    ``loses`` and ``leaves``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in TOKENS}
        self.gate = Gate()
        self.loses = 0
        self.leaves = 0
        self._keeping = threading.Lock()

    def answer(self, request: Request) -> Answer:
        match request.path.strip("/").split("/"):
            case ["data", group, kind, *rest] if f"{group}/{kind}" in self.held:
                name = f"{group}/{kind}"
            case _:
                return _error(404, "Could not find data_set_config")
        if request.headers.get("authorization") != f"Bearer {TOKENS[name]}":
            return _error(401, f"Unauthorized: Invalid bearer token for '{name}'")
        self.gate.let_through(request.path)
        with self._keeping:
            if request.method == "DELETE" and len(rest) == 1:
                return self._remove(name, rest[0])
            if request.method == "POST" and not rest:
                return self._keep(name, request)
        return _error(405, "Method Not Allowed")

    def _remove(self, name: str, identity: str) -> Answer:
        if identity not in self.held[name]:
            return json_answer({"messages": f"No record found with id {identity}"}, 400)
        if self.leaves:
            self.leaves -= 1
        else:
            del self.held[name][identity]
        return json_answer({"status": "ok"})

    def _keep(self, name: str, request: Request) -> Answer:
        if not request.body:
            return _error(400, "Expected JSON request body but received zero bytes.")
        if request.headers.get("content-type") != "application/json":
            return _refusal(["ValidationError('Expected header: Content-type: application/json',)"])
        packed = "gzip" in request.headers.get("content-encoding", "")
        records = orjson.loads(gzip.decompress(request.body) if packed else request.body)
        if problems := [said for one in records for said in _problems(name, one)]:
            return _refusal(problems)
        if self.loses:
            self.loses -= 1
        else:
            self.held[name] |= {one["_id"]: one for one in records}
        return json_answer({"status": "ok"})


def _problems(name: str, record: dict[str, Any]) -> list[str]:
    said = []
    for key, value in record.items():
        if not _KEY.fullmatch(key.lower()):
            said.append(f"{key} is not a valid key")
        elif key.startswith("_") and key not in _INTERNAL:
            said.append(f"{key} is not a recognised internal field")
        if not isinstance(value, int | float | str | bool | None):
            said.append(f"{key} has an invalid value")
    if not re.fullmatch(r"\S+", str(record.get("_id", ""))):
        said.append(f'_id "{record.get("_id")}" is not a valid id')
    if not _DATE.fullmatch(str(record.get("_timestamp", ""))):
        said.append("'_timestamp' is a required property")
    if name.endswith("/refused") and record.get("channel") == PURPLE:
        said.append(f"'{PURPLE}' is not one of ['paper', 'phone', 'web']")
    return said


def _refusal(messages: list[str]) -> Answer:
    return json_answer({"messages": messages}, 400)


def _error(status: int, message: str) -> Answer:
    return json_answer({"status": "error", "message": message}, status)
