"""A small HTTP server on loopback that answers as a test says, and as badly as a test wants.

with HttpServer(scripted(Answer(503), Answer(200, b"{}"))) as server:
    client.get(server.url + "/path")
assert [request.path for request in server.requests] == ["/path", "/path"]
"""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

LONGEST = 30.0
"""Seconds after which a stall ends by itself, so that a broken test cannot hang."""


@dataclass(frozen=True)
class Request:
    """What was asked; ``headers`` have lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to answer, and how badly.

    ``cut``: hang up after so many bytes of the body. ``stall``: say nothing, until the server
    stops. ``drip``: seconds between the bytes of the body. ``raw``: these bytes, instead of
    anything that looks like HTTP. ``chunked``: send the body in chunks, ``cut`` included.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    stall: bool = False
    drip: float | None = None
    raw: bytes | None = None
    chunked: bool = False


Spoil = Callable[[int, Request, Answer], Answer]
"""Makes another answer of one; the number counts the requests of a server, from 1."""


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Give an answer of JSON."""
    kind = {"Content-Type": "application/json"}
    return Answer(status, json.dumps(value).encode(), kind | dict(headers or {}))


def html_answer(text: str = "<!DOCTYPE html><h1>Sign in</h1>", status: int = 200) -> Answer:
    """Give the page of somebody who is in the way."""
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def packed(answer: Answer) -> Answer:
    """Give the same answer, packed with gzip."""
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return replace(answer, body=gzip.compress(answer.body), headers=headers)


def scripted(*answers: Answer) -> Callable[[Request], Answer]:
    """Give the answers one after the other, and the last one ever after."""
    left = list(answers)
    guard = threading.Lock()

    def answer(_: Request) -> Answer:
        with guard:
            return left.pop(0) if len(left) > 1 else left[0]

    return answer


class HttpServer:
    """A context manager: serves from ``with`` to its end; every request stays in ``requests``.

    ``ahead`` is how many seconds its ``Date`` header is ahead of the machine's clock; ``spoil`` may
    be set to what makes something else of its answers.
    """

    def __init__(self, answer: Callable[[Request], Answer] | None = None) -> None:
        self.requests: list[Request] = []
        self.spoil: Spoil = _left_alone
        self.connections = 0
        self.ahead = 0.0
        self.stopping = threading.Event()
        self._answer = answer
        self._guard = threading.Condition()
        self._open = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Request) -> Answer:
        """Say what to answer; to be overridden where no function was given."""
        if self._answer is None:
            return Answer(404)
        return self._answer(request)

    def respond(self, request: Request) -> Answer:
        """Note the request and give its answer, spoiled or not."""
        with self._guard:
            self.requests.append(request)
            number = len(self.requests)
        return self.spoil(number, request, self.answer(request))

    def connected(self) -> None:
        """Count a connection."""
        with self._guard:
            self.connections += 1
            self._open += 1

    def disconnected(self) -> None:
        """Note that a connection has been closed and everything it brought was answered."""
        with self._guard:
            self._open -= 1
            self._guard.notify_all()

    def wait_until_quiet(self) -> None:
        """Wait until nobody is connected, as when the client has been killed."""
        with self._guard:
            if not self._guard.wait_for(lambda: not self._open, LONGEST):
                raise TimeoutError("somebody is still connected")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _left_alone(_number: int, _request: Request, answer: Answer) -> Answer:
    return answer


class _Server(ThreadingHTTPServer):
    owner: HttpServer
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Leave it: a client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.owner.connected()

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.owner.disconnected()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.server.owner.ahead)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(size),
        )
        self._send(self.server.owner.respond(request))

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

    def _send(self, answer: Answer) -> None:
        if answer.stall:
            self.server.owner.stopping.wait(LONGEST)
            self.close_connection = True
        elif answer.raw is not None:
            self._write([answer.raw], answer.drip)
            self.close_connection = True
        else:
            self._send_http(answer)

    def _send_http(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        body = answer.body[: answer.cut]
        pieces = _chunks(body) if answer.chunked else [body]
        ended = [b"0\r\n\r\n"] if answer.chunked and answer.cut is None else []
        self._write([*pieces, *ended], answer.drip)
        self.close_connection = self.close_connection or answer.cut is not None

    def _write(self, pieces: Iterable[bytes], drip: float | None) -> None:
        whole = b"".join(pieces)
        if drip is None:
            self.wfile.write(whole)
            return
        for byte in whole:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.owner.stopping.wait(drip):
                return

    def log_message(self, *_: object) -> None:
        """Say nothing; ``requests`` tells it all."""


def _chunks(body: bytes, size: int = 1024) -> list[bytes]:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return [b"%x\r\n%b\r\n" % (len(part), part) for part in parts]
