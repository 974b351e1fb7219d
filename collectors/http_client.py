"""The one HTTP client: a pool a host, timeouts, retries with full jitter, size limits, our errors.

It sits on urllib3 rather than on requests: a request costs a third of the CPU time, and the
environment (proxies, netrc) is looked up once and not on every call.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson
import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Timeout

from collectors import __version__
from collectors.clock import Clock
from collectors.errors import SAMPLE_LENGTH, CollectorError, Refused, Unavailable, Unexpected
from collectors.values import Secret

USER_AGENT = f"performance-collector/{__version__}"
MAX_REPLY = 64 * 1024 * 1024
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
PATIENCE = 60.0
"""Seconds: a longer wait than this is not slept through; the run is put back instead."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers (any case), and the whole body, already unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self) -> Any:
        """Give the body read as JSON; Unexpected, with a sample, where it is something else."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as exc:
            kind = self.headers.get("Content-Type", "no content type")
            raise Unexpected(f"{self.url} answered {kind}, not JSON", self.text()) from exc

    def text(self) -> str:
        """Give the beginning of the body, for a message or a sample."""
        return self.body[:SAMPLE_LENGTH].decode("utf-8", "replace")

    def retry_after(self, now: datetime) -> float | None:
        """Give the seconds that ``Retry-After`` asks for, as a number or a date; else None."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isdigit():
            return float(value)
        try:
            return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (ValueError, TypeError):
            return None


Judge = Callable[[Reply], CollectorError | None]
"""Says what is wrong with a reply: ``Unavailable`` is tried again, any other error is raised."""


@dataclass
class HttpClient:
    """Sends requests. Safe to share between threads.

    ``attempts`` counts tries in all; ``connect`` and ``read`` are seconds without an answer,
    ``total`` is seconds for one whole request. ``skew`` is how far this machine's clock was ahead
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
    _pool: urllib3.PoolManager = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=50, maxsize=self.pool_size, retries=False, headers={"User-Agent": USER_AGENT}
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
        """GET ``url``, trying again where that makes sense, and give a good reply.

        Raises Unavailable (after the last try, or where the wait is longer than ``PATIENCE``),
        Refused, Unexpected, or whatever ``judge`` returns.
        """
        full = f"{url}?{urlencode(params)}" if params else url
        judged = judge or self.default_judge
        for attempt in range(1, self.attempts + 1):
            try:
                reply = self.send("GET", full, headers=headers, bearer=bearer)
                error = judged(reply)
            except Unavailable as exc:
                error = exc
            if error is None:
                return reply
            if not isinstance(error, Unavailable) or attempt == self.attempts:
                raise error
            self._wait(error, attempt)
        raise AssertionError("attempts must be at least 1")

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

        Redirects are not followed. Raises Unavailable where there was no whole answer, and
        Unexpected where the answer is larger than ``MAX_REPLY``.
        """
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **(headers or {})}
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer.reveal()}"
        place = without_query(url)
        try:
            raw = self._pool.request(
                method,
                url,
                body=body,
                headers=sent,
                timeout=Timeout(connect=self.connect, read=self.read),
                preload_content=False,
                redirect=False,
            )
            content = self._read(raw, place)
        except HTTPError as exc:
            raise Unavailable(f"{method} {place}: {describe(exc)}") from exc
        reply = Reply(raw.status, raw.headers, scrub(content, bearer), place)
        self._note_skew(reply)
        return reply

    def default_judge(self, reply: Reply) -> CollectorError | None:
        """Judge by the status alone: 2xx is good; see ``RETRIED`` for what is tried again."""
        if 200 <= reply.status < 300:
            return None
        message = f"{reply.url} answered {reply.status}"
        if reply.status in RETRIED:
            return Unavailable(message, reply.retry_after(self.clock.now()))
        if 400 <= reply.status < 500:
            return Refused(f"{message}: {reply.text()}")
        return Unexpected(message, reply.text())

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def _read(self, raw: urllib3.BaseHTTPResponse, place: str) -> bytes:
        ends = time.monotonic() + self.total
        parts: list[bytes] = []
        size = 0
        try:
            for part in raw.stream(262144, decode_content=True):
                size += len(part)
                if size > MAX_REPLY:
                    raise Unexpected(f"{place} answered more than {MAX_REPLY} bytes")
                if time.monotonic() > ends:
                    raise Unavailable(f"{place} took more than {self.total:.0f} s to answer")
                parts.append(part)
        except BaseException:
            raw.close()
            raise
        raw.release_conn()
        return b"".join(parts)

    def _wait(self, error: Unavailable, attempt: int) -> None:
        if error.retry_after is not None and error.retry_after > PATIENCE:
            raise error
        backoff = random.uniform(0, min(30.0, 0.5 * 2**attempt))
        self.sleep(max(error.retry_after or 0.0, backoff))

    def _note_skew(self, reply: Reply) -> None:
        try:
            server = parsedate_to_datetime(reply.headers.get("Date", ""))
        except (ValueError, TypeError):
            return
        if server.tzinfo is not None:
            self.skew = (self.clock.now() - server.astimezone(UTC)) / timedelta(seconds=1)


def describe(exc: HTTPError) -> str:
    """Say in a few words what went wrong on the way, without addresses of objects."""
    if isinstance(exc, ReadTimeoutError):
        return "no answer in time"
    text = str(getattr(exc, "reason", None) or exc)
    return text.rpartition(">: ")[2] or type(exc).__name__


def without_query(url: str) -> str:
    """Give ``url`` as it may be shown: no user, no password, no query, no fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def scrub(content: bytes, *secrets: Secret | None) -> bytes:
    """Blot out each secret wherever ``content`` echoes it."""
    for secret in secrets:
        if secret is not None and secret.reveal():
            content = content.replace(secret.reveal().encode(), b"****")
    return content
