"""The far sides of the mixed hour: a source, a platform and a webhook, all at the hour's time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from tests.reliability.clocks import SharedClock
from tests.reliability.hour_figures import hours, is_final, moment, rows
from tests.servers.http import Answer, HttpServer, Request, json_answer
from tests.servers.write_api import WriteApiServer

PAGE = 7
LATENCY = 0.005
"""Seconds that the source takes for a page, so that two of one window would be seen together."""
Asked = tuple[str, datetime, datetime]


class HourSource(HttpServer):
    """Tells the rows of a series, and of ``guarded`` ones to whoever has the ``key``.

    ``GET /<series>?start=…&end=…&page=…`` and ``GET /moments?at=…``. ``overlaps`` names the windows
    that were asked for while an overlapping one was under way.
    """

    def __init__(self, clock: SharedClock) -> None:
        super().__init__()
        self.clock = clock
        self.key = ""
        self.overlaps: list[Asked] = []
        self._under_way: list[Asked] = []
        self._looking = threading.Lock()

    def answer(self, request: Request) -> Answer:
        self.ahead = self.clock.ahead
        if request.path == "/moments":
            at = datetime.fromisoformat(request.query["at"])
            return json_answer({"count": moment(int(at.timestamp()))})
        if "guarded" in request.query and request.headers.get("authorization") != self._needed:
            return json_answer({"error": f"bad key: {request.headers.get('authorization')}"}, 401)
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
        series = request.path.strip("/")
        with self._seen((series, start, end)):
            self.stopping.wait(LATENCY)
            return self._page(series, start, end, int(request.query["page"]))

    @property
    def _needed(self) -> str:
        return f"Bearer {self.key}"

    def _page(self, series: str, start: datetime, end: datetime, page: int) -> Answer:
        now = self.clock.now()
        found = [
            row.told()
            for hour in hours(start, end)
            for row in rows(series, hour, final=is_final(hour, now))
        ]
        shown = found[(page - 1) * PAGE : page * PAGE]
        return json_answer({"rows": shown, "more": len(found) > page * PAGE})

    @contextmanager
    def _seen(self, asked: Asked) -> Iterator[None]:
        series, start, end = asked
        with self._looking:
            if any(it[0] == series and it[1] < end and start < it[2] for it in self._under_way):
                self.overlaps.append(asked)
            self._under_way.append(asked)
        try:
            yield
        finally:
            with self._looking:
                self._under_way.remove(asked)


class HourPlatform(WriteApiServer):
    """A platform at the hour's time."""

    def __init__(self, clock: SharedClock, tokens: dict[str, str]) -> None:
        super().__init__(tokens)
        self.clock = clock

    def answer(self, request: Request) -> Answer:
        self.ahead = self.clock.ahead
        return super().answer(request)


class Hook(HttpServer):
    """A webhook that fails at first, and quotes its own address in what it says."""

    def answer(self, request: Request) -> Answer:
        if len(self.requests) % 2:
            return json_answer({"error": f"no such hook: {request.path}"}, 404)
        return json_answer({})
