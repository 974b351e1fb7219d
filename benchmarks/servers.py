"""The far sides, each in a process of its own: a source of pages, a sink that reads what it gets.

    python -m benchmarks.servers source 0.3     # wait 0.3 s before each page
    python -m benchmarks.servers sink 0.05      # wait 0.05 s before each answer
    python -m benchmarks.servers google 0       # the same rows as Google's Data API

Each prints its URL and serves until its standard input ends.
"""

import gzip
import hashlib
import sys
import threading
import time
from collections import Counter
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.rows import (
    DATA_SET,
    FIRST_DAY,
    METRICS,
    NAMES,
    PAGE,
    ROWS_A_DAY,
    SINK_PATH,
    SOURCE_PATH,
    TOKEN,
    rows,
)

OBSERVATIONS = 365 * ROWS_A_DAY
QUOTA = {"consumed": 1, "remaining": 100_000}


class Server(ThreadingHTTPServer):
    """One server; ``wait`` is how many seconds each answer takes."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler], wait: float) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.wait = wait
        self.pages: dict[tuple[int, ...], bytes] = {}
        self.bodies: list[bytes] = []


class Handler(BaseHTTPRequestHandler):
    """What both sides share: HTTP/1.1, connections that stay open, JSON."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def answer(self, body: bytes, status: int = 200) -> None:
        """Send a JSON body."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
        """Say nothing."""


class Source(Handler):
    """Gives pages of rows, made before the first is asked for."""

    def do_GET(self) -> None:
        """Give the page at ``offset`` of the ``rows`` that there are."""
        asked = parse_qs(urlsplit(self.path).query)
        time.sleep(self.server.wait)
        offset, end = (int(asked[name][0]) for name in ("offset", "rows"))
        self.answer(page(self.server.pages, offset, end))


class DataApi(Handler):
    """Answers ``runReport`` of one property with the year's rows, and gives tokens."""

    def do_POST(self) -> None:
        """Give a page of a report, or a token."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/token"):
            self.answer(b'{"access_token": "the-token-of-google", "expires_in": 3600}')
        elif ":runReport" in self.path:
            self.answer(self._report(orjson.loads(body)))
        else:
            self.answer(b'{"error": {"code": 404, "message": "not here"}}', 404)

    def _report(self, asked: dict[str, Any]) -> bytes:
        days = asked["dateRanges"][0]
        first, last = (
            (date.fromisoformat(days[name]) - FIRST_DAY).days for name in ("startDate", "endDate")
        )
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", PAGE))
        begin, end = first * ROWS_A_DAY, min((last + 1) * ROWS_A_DAY, OBSERVATIONS)
        key = begin + offset, min(begin + offset + limit, end), end - begin
        if key not in self.server.pages:
            self.server.pages[key] = orjson.dumps(report(*key))
        return self.server.pages[key]


class Sink(Handler):
    """Takes observations as a write API does: checks the token, unpacks, parses, answers."""

    def do_POST(self) -> None:
        """Read one request whole."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answer(b'{"status":"error","message":"Unauthorized"}', 401)
            return
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        count = len(orjson.loads(body))
        if self.path != f"{SINK_PATH}/{DATA_SET}" or not count:
            self.answer(b'{"status":"error","message":"Not found"}', 404)
            return
        self.server.bodies.append(body)
        time.sleep(self.server.wait)
        self.answer(b'{"status":"ok"}')

    def do_GET(self) -> None:
        """Tell what has come since the last time this was asked, and forget it."""
        bodies, self.server.bodies = self.server.bodies, []
        self.answer(orjson.dumps(summary(bodies)))


def page(known: dict[tuple[int, ...], bytes], offset: int, end: int) -> bytes:
    """Give the page of rows that begins at ``offset``; it is built once."""
    key = offset, min(offset + PAGE, end)
    if key not in known:
        known[key] = orjson.dumps({"rows": list(rows(*key)), "rowCount": end})
    return known[key]


def report(first: int, last: int, count: int) -> dict[str, Any]:
    """Give one page as the Data API spells it."""
    return {
        "dimensionHeaders": [{"name": name} for name in NAMES],
        "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in METRICS],
        "rows": list(rows(first, last)),
        "rowCount": count,
        "metadata": {"currencyCode": "GBP", "timeZone": "UTC"},
        "propertyQuota": {"tokensPerDay": QUOTA, "tokensPerHour": QUOTA},
        "kind": "analyticsData#runReport",
    }


def summary(bodies: list[bytes]) -> dict[str, Any]:
    """Count what has come, and sum it up whatever the order in which it came.

    The sum is over every field but ``_id``, which the two sides make in ways of their own.
    """
    fields: Counter[str] = Counter()
    ids: set[str] = set()
    total = 0
    for body in bodies:
        for observation in orjson.loads(body):
            fields.update(observation.keys())
            ids.add(observation.pop("_id"))
            text = orjson.dumps(observation, option=orjson.OPT_SORT_KEYS)
            total += int.from_bytes(hashlib.blake2b(text, digest_size=6).digest())
    return {
        "requests": len(bodies),
        "ids": len(ids),
        "fields": dict(sorted(fields.items())),
        "checksum": f"{total % 2**48:012x}",
    }


KINDS = {"source": (Source, SOURCE_PATH), "sink": (Sink, SINK_PATH), "google": (DataApi, "")}


def main(kind: str, wait: str) -> None:
    """Serve until the standard input ends."""
    handler, path = KINDS[kind]
    server = Server(handler, float(wait))
    if kind == "source":
        for offset in range(0, OBSERVATIONS, PAGE):
            page(server.pages, offset, OBSERVATIONS)
    print(f"http://127.0.0.1:{server.server_address[1]}{path}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
