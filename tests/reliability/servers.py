"""The two far sides: a source of rows in pages, and a platform that speaks the write API."""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.reliability.figures import FIRST, PURPLE, SERVICE, SPANS, Day
from tests.servers.http import LONGEST, Answer, HttpServer, Request, json_answer
from tests.servers.write_api import WriteApiServer

PAGE = 7
TOKENS = {f"{SERVICE}/{series}": f"token-of-{series}" for series in SPANS}


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

    ``windows`` counts how often the first page of a window was asked for. While it is ``down`` it
    tells nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.day: Day = FIRST
        self.down = False
        self.gate = Gate()
        self.windows: Counter[tuple[str, str, str]] = Counter()

    def answer(self, request: Request) -> Answer:
        if self.down:
            return Answer(404)
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


class Platform(WriteApiServer):
    """The platform of a trial: one of its data sets has a schema that knows no purple.

    It answers that it has kept a post, or removed a record, and forgets to: the first so many of
    ``loses`` and ``leaves``.
    """

    def __init__(self) -> None:
        super().__init__(TOKENS)
        self.rules = {f"{SERVICE}/refused": _no_purple}
        self.gate = Gate()
        self.loses = 0
        self.leaves = 0

    def answer(self, request: Request) -> Answer:
        self.gate.let_through(request.path)
        return super().answer(request)

    def _keep(self, name: str, records: list[Any]) -> Answer:
        with self._keeping:
            if self.loses:
                self.loses -= 1
                return json_answer({"status": "ok"})
        return super()._keep(name, records)

    def _delete(self, name: str, identity: str) -> Answer:
        with self._keeping:
            if self.leaves and identity in self.held[name]:
                self.leaves -= 1
                return json_answer({"status": "ok"})
        return super()._delete(name, identity)


def _no_purple(record: Mapping[str, Any]) -> str | None:
    if record.get("channel") == PURPLE:
        return f"'{PURPLE}' is not one of ['paper', 'phone', 'web']"
    return None
