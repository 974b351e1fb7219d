"""A platform that speaks the write API: its order of checks, its bodies, and its bad days.

Data sets are those of ``tokens``. What it holds is in ``held``, by data set and ``_id``. Answers in
``faults`` are given first, in turn, to whoever asks for that data set, before anything is checked.
"""

import gzip
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tests.servers.http import LONGEST, Answer, HttpServer, Request, json_answer

UNPACKED = 10 * 1024 * 1024
_KEY = re.compile(r"[a-z_][a-z0-9_]+")
_INTERNAL = {"_id", "_timestamp", "_start_at", "_end_at"}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
_TYPE = "ValidationError('Expected header: Content-type: application/json',)"

Problem = Callable[[Mapping[str, Any]], str | None]
"""A rule of one data set: gives what is wrong with a record."""


class WriteApiServer(HttpServer):
    """A platform with the data sets and tokens of ``tokens``.

    ``rules`` are more rules by data set, as a schema would have them; ``breaks_on`` gives True for
    a record on which the server has a bug and answers 500; ``limit`` is the largest batch, in
    records (413); ``deletes`` says whether DELETE is known. ``wait_for`` holds posts back until so
    many are under way at once. ``most`` is how many ever were; ``overlaps`` names the data sets to
    which two posts about one ``_timestamp`` were under way at once.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        super().__init__()
        self.tokens = dict(tokens)
        self.held: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in tokens}
        self.faults: dict[str, list[Answer | Callable[[], Answer]]] = defaultdict(list)
        self.rules: dict[str, Problem] = {}
        self.breaks_on: Problem = lambda _record: None
        self.limit: int | None = None
        self.deletes = True
        self.wait_for = 0
        self.most = 0
        self.overlaps: list[str] = []
        self._keeping = threading.Condition()
        self._under_way: list[tuple[str, set[str]]] = []

    def posts(self, name: str) -> list[list[dict[str, Any]]]:
        """Give the records of each POST to a data set, in order of arrival."""
        path = f"/data/{name}"
        return [
            orjson.loads(_unpacked(one))
            for one in self.requests
            if one.method == "POST" and one.path == path and one.body
        ]

    def wait_until_held(self, name: str, number: int) -> None:
        """Wait until a data set holds so many records."""
        with self._keeping:
            assert self._keeping.wait_for(lambda: len(self.held[name]) >= number, LONGEST)

    def answer(self, request: Request) -> Answer:
        """Check in the order of the write API: data set, token, body, records."""
        match request.path.strip("/").split("/"):
            case ["data", group, kind, *rest] if f"{group}/{kind}" in self.tokens:
                name = f"{group}/{kind}"
            case ["_status"]:
                return json_answer({"status": "ok", "message": "app is up"})
            case _:
                return failed(404, "Could not find data_set_config")
        if self.faults[name]:
            fault = self.faults[name].pop(0)
            return fault if isinstance(fault, Answer) else fault()
        if (refused := self._refuse_token(name, request)) is not None:
            return refused
        match request.method, rest:
            case "POST", []:
                return self._post(name, request)
            case "PUT", []:
                return self._empty(name, request)
            case "DELETE", [identity] if self.deletes:
                return self._delete(name, identity)
        return failed(405, "405 Method Not Allowed: The method is not allowed.")

    def _refuse_token(self, name: str, request: Request) -> Answer | None:
        said = request.headers.get("authorization")
        headers = {"WWW-Authenticate": "bearer"}
        if said is None:
            expected = "Expected header of form: Authorization: Bearer <token>"
            return failed(401, expected, headers)
        token = said.removeprefix("Bearer ") if said.startswith("Bearer ") else None
        if token == self.tokens[name]:
            return None
        stored = name.replace("/", "_").replace("-", "_")
        return failed(401, f"Unauthorized: Invalid bearer token '{token}' for '{stored}'", headers)

    def _post(self, name: str, request: Request) -> Answer:
        if not request.body:
            return failed(400, "Expected JSON request body but received zero bytes.")
        if len(_unpacked(request)) > UNPACKED:
            return Answer(
                413, b"<h1>413 Request Entity Too Large</h1>", {"Content-Type": "text/html"}
            )
        try:
            records = orjson.loads(_unpacked(request))
        except orjson.JSONDecodeError as exc:
            return failed(400, f'Error parsing JSON: "{exc}"')
        if request.headers.get("content-type") != "application/json" or records is None:
            return refusal([_TYPE])
        records = records if isinstance(records, list) else [records]
        if self.limit is not None and len(records) > self.limit:
            return Answer(
                413, b"<h1>413 Request Entity Too Large</h1>", {"Content-Type": "text/html"}
            )
        return self._keep(name, records)

    def _keep(self, name: str, records: list[Any]) -> Answer:
        if problems := [said for one in records for said in self._problems(name, one)]:
            return refusal(problems)
        under_way = (name, {one["_timestamp"] for one in records})
        self._enter(under_way)
        try:
            if any(map(self.breaks_on, records)):
                return failed(500, "Internal Server Error: KeyError('x',)")
            with self._keeping:
                self.held[name] |= {one["_id"]: one for one in records}
                self._keeping.notify_all()
            return json_answer({"status": "ok"})
        finally:
            with self._keeping:
                self._under_way.remove(under_way)

    def _enter(self, under_way: tuple[str, set[str]]) -> None:
        name, times = under_way
        with self._keeping:
            if any(other == name and times & theirs for other, theirs in self._under_way):
                self.overlaps.append(name)
            self._under_way.append(under_way)
            self.most = max(self.most, len(self._under_way))
            self._keeping.notify_all()
            assert self._keeping.wait_for(lambda: self.most >= self.wait_for, LONGEST)

    def _problems(self, name: str, record: Any) -> list[str]:
        said = problems(record)
        more = self.rules.get(name, lambda _record: None)(record)
        return [*said, more] if more else said

    def _empty(self, name: str, request: Request) -> Answer:
        if orjson.loads(_unpacked(request)) != []:
            return failed(400, "Not implemented: you can only pass an empty JSON list")
        self.held[name].clear()
        return json_answer({"status": "ok", "message": f"{name} now contains 0 records"})

    def _delete(self, name: str, identity: str) -> Answer:
        with self._keeping:
            if self.held[name].pop(identity, None) is None:
                return json_answer({"messages": f"No record found with id {identity}"}, 400)
        return json_answer({"status": "ok"})


def failed(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Give an error in the platform's own form."""
    return json_answer({"status": "error", "message": message}, status, headers)


def refusal(messages: list[str]) -> Answer:
    """Give the answer to records that break a rule: it does not say which ones."""
    return json_answer({"messages": messages}, 400)


def problems(record: Mapping[str, Any]) -> list[str]:
    """Give what the write API's own rules say of a record."""
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
    return said


def _unpacked(request: Request) -> bytes:
    packed = "gzip" in request.headers.get("content-encoding", "")
    return gzip.decompress(request.body) if packed else request.body
