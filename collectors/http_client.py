"""The one HTTP client: a pool a host, timeouts, retries with full jitter, size limits, our errors.

It sits on urllib3 rather than on requests: a request costs a third of the CPU time, and the
proxies of the environment are looked up once and not on every call.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import getproxies

import orjson
from urllib3 import BaseHTTPResponse, HTTPHeaderDict
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from collectors import __version__
from collectors.clock import Clock
from collectors.errors import SAMPLE_LENGTH, CollectorError, Refused, Unavailable, Unexpected
from collectors.http_messages import printable, scrub, target, translate, without_query
from collectors.http_transport import Transport, read_body
from collectors.values import Secret

__all__ = ["PATIENCE", "HttpClient", "Judge", "Reply", "scrub", "without_query"]

USER_AGENT = f"performance-collector/{__version__}"
MAX_REPLY = 64 * 1024 * 1024
RETRIED = frozenset({408, 425, 429})
"""What is tried again, beside every 5xx."""
PATIENCE = 60.0
"""Seconds: a longer wait than this is not slept through; the run is put back instead."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers (any case), and the whole body, already unpacked.

    Headers and body never hold the bearer token that was sent, also where the server echoes it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str

    def json(self) -> Any:
        """Give the body read as JSON; Unexpected, with a sample, where it is something else."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as exc:
            kind = printable(self.headers.get("Content-Type", "no content type"))[:_SHOWN]
            raise Unexpected(f"{self.url} answered {kind}, not JSON", self.text()) from exc

    def text(self) -> str:
        """Give the beginning of the body on one line, for a message or a sample."""
        return printable(self.body[:SAMPLE_LENGTH].decode("utf-8", "replace"))

    def retry_after(self, now: datetime) -> float | None:
        """Give the seconds that ``Retry-After`` asks for, as a number or a date; else None."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isdecimal():
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None


Judge = Callable[[Reply], CollectorError | None]
"""Says what is wrong with a reply: ``Unavailable`` is tried again, any other error is raised."""


@dataclass
class HttpClient:
    """Sends requests. Safe to share between threads.

    ``attempts`` counts tries in all; ``connect`` and ``read`` are seconds without an answer,
    ``total`` is seconds for one whole reply; ``patience`` is the longest wait, in seconds, that is
    slept through between tries; ``max_reply`` is in bytes, unpacked. ``proxies`` is what the
    environment said when the client was made. ``skew`` is how far this machine's clock was ahead
    of the last server's ``Date`` header, in seconds.
    """

    clock: Clock
    attempts: int = 4
    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    pool_size: int = 16
    skew: float = 0.0
    patience: float = PATIENCE
    max_reply: int = MAX_REPLY
    proxies: Mapping[str, str] = field(default_factory=getproxies, repr=False)
    _transport: Transport = field(init=False, repr=False)
    _dated: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        self._transport = Transport(
            proxies=self.proxies,
            timeout=Timeout(connect=self.connect, read=self.read),
            total=self.total,
            size=self.pool_size,
        )

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: Secret | None = None,
        judge: Judge | None = None,
    ) -> Reply:
        """GET ``url``, again where that makes sense, and give a good reply; see ``try_again``."""
        full = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
        return self.try_again(lambda: self.send("GET", full, headers=headers, bearer=bearer), judge)

    def try_again(
        self, once: Callable[[], Reply], judge: Judge | None = None, attempts: int | None = None
    ) -> Reply:
        """Give the good reply of ``once``, which is called again where that makes sense.

        ``attempts`` counts tries in all, instead of the client's own. Raises Unavailable (after
        the last try, or where the wait is longer than ``patience``), Refused, Unexpected, or
        whatever ``judge`` returns.
        """
        judged = judge or self.default_judge
        attempt = 1
        while True:
            try:
                reply = once()
                error = judged(reply)
            except Unavailable as exc:
                error = exc
            if error is None:
                return reply
            if not isinstance(error, Unavailable) or attempt >= (attempts or self.attempts):
                raise error
            self._wait(error, attempt)
            attempt += 1

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        bearer: Secret | None = None,
    ) -> Reply:
        """Make one request, once, and give whatever was answered, also an error status.

        Redirects are not followed. Raises Unavailable where there was no whole answer, Unexpected
        where the answer is larger than ``max_reply``, Refused where this cannot be asked at all.
        """
        place = without_query(url)
        what = f"{method} {place}"
        if not url.lower().startswith(("http://", "https://")):
            raise Refused(f"{what}: not a URL with http:// or https://")
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **(headers or {})}
        if bearer is not None:
            sent["Authorization"] = _authorization(bearer, what)
        try:
            raw = self._transport.request(method, url, body, sent)
            self._note_skew(raw)
            content = read_body(raw, place, self.max_reply)
        except HTTPError as exc:
            raise translate(exc, what) from exc
        except ValueError as exc:
            raise Refused(f"{what}: this URL or one of the headers cannot be sent") from exc
        return Reply(raw.status, _scrubbed(raw.headers, bearer), scrub(content, bearer), place)

    def default_judge(self, reply: Reply) -> CollectorError | None:
        """Judge by the status alone: 2xx is good; 5xx and ``RETRIED`` are tried again."""
        if 200 <= reply.status < 300:
            return None
        message = f"{reply.url} answered {reply.status}"
        if reply.status in RETRIED or reply.status >= 500:
            return Unavailable(message, reply.retry_after(self.clock.now()))
        if reply.status < 400:
            return Refused(f"{message}: {_moved(reply)}")
        return Refused(f"{message}: {reply.text()[:_SHOWN] or 'with no explanation'}")

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def _wait(self, error: Unavailable, attempt: int) -> None:
        asked = error.retry_after or 0.0
        if asked > self.patience:
            raise error
        self.sleep(asked + random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))

    def _note_skew(self, raw: BaseHTTPResponse) -> None:
        dated = raw.headers.get("Date", "")
        if dated == self._dated:  # of this very second
            return
        self._dated = dated
        try:
            server = parsedate_to_datetime(dated)
        except (ValueError, TypeError, OverflowError):
            return
        if server.tzinfo is not None:
            self.skew = (self.clock.now() - server.astimezone(UTC)) / timedelta(seconds=1)


def _authorization(bearer: Secret, what: str) -> str:
    token = bearer.reveal()
    if not token.isascii() or not token.isprintable() or token != token.strip() or not token:
        raise Refused(
            f"{what}: the token is empty, or holds a space, a line break or another character "
            "that no token has; copy it anew"
        )
    return f"Bearer {token}"


def _scrubbed(headers: HTTPHeaderDict, bearer: Secret | None) -> Mapping[str, str]:
    values = "\n".join(headers.values()).encode()
    if scrub(values, bearer) == values:
        return headers
    pairs = ((name, scrub(value.encode(), bearer).decode()) for name, value in headers.items())
    return HTTPHeaderDict(pairs)


def _moved(reply: Reply) -> str:
    location = reply.headers.get("Location")
    if location is None:
        return "neither an answer nor an error"
    return f"it has moved to {target(reply.url, location)[:_SHOWN]}; write that address"
