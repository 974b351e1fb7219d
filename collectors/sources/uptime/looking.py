"""One look at a URL: resolve, check, connect to that very address, ask, follow, read, judge.

Nothing that the far side says is told again: it may be an echo of a secret.
"""

import errno
import http.client
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from urllib3.util import Url, parse_url

from collectors.sources.uptime.addresses import Address, check, resolve
from collectors.sources.uptime.seeing import Down, Seen, Unseen
from collectors.sources.uptime.wire import Wire

BODY_AT_MOST = 1_000_000
"""Bytes; what comes after is not read."""

CUT_OFF = "the connection broke before the whole answer had come"
PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OURS = frozenset(
    {errno.ENETUNREACH, errno.ENETDOWN, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EMFILE}
)
"""What goes wrong on this machine, and says nothing of the target."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What to ask, and what is a good answer; times are in seconds."""

    url: str
    method: str
    headers: Mapping[str, str] = field(repr=False)
    statuses: frozenset[int]
    body: re.Pattern[str] | None
    follow: int
    connect: float
    total: float
    allow_private: bool
    tls: Callable[[], ssl.SSLContext]


class Look:
    """One look, over one version of IP (``any``, ``4``, ``6``)."""

    def __init__(self, question: Question, family: str) -> None:
        self._question = question
        self._family = family
        self._known: dict[str, Any] = {}
        self._began = time.monotonic()
        self._ends = self._began + question.total

    def see(self) -> Seen:
        """Look, and say what was seen; never raises for what the far side does."""
        try:
            with _border(self._question.total):
                self._follow(parse_url(self._question.url))
        except Down as exc:
            return Seen(up=False, reason=str(exc), **self._known)
        except Unseen as exc:
            return Seen(up=None, reason=str(exc))
        return Seen(up=True, total=_milliseconds(self._began), **self._known)

    def _follow(self, url: Url) -> None:
        headers = self._question.headers
        for hop in range(self._question.follow + 1):
            location = self._ask(url, headers, redirected=hop > 0)
            if location is None:
                return
            following = _target(url, location)
            if following.netloc != url.netloc:
                headers = {}  # what is meant for one host is not for another
            url = following
        raise Down(f"it redirects more than {self._question.follow} times")

    def _ask(self, url: Url, headers: Mapping[str, str], *, redirected: bool) -> str | None:
        """Ask once, and give where a redirect that is to be followed leads."""
        with self._connected(url, redirected=redirected) as wire:
            wire.send(_request(self._question.method, url, headers))
            response = http.client.HTTPResponse(wire, method=self._question.method)  # type: ignore[arg-type] # it only calls makefile
            response.begin()
            self._known["status"] = response.status
            location = response.headers.get("Location")
            if location and response.status in _REDIRECTS and self._question.follow:
                return location
            if response.status not in self._question.statuses:
                raise Down(f"it answered {response.status}")
            self._read(response)
        return None

    def _connected(self, url: Url, *, redirected: bool) -> Wire:
        host = (url.host or "").strip("[]")
        port = url.port or PORTS[str(url.scheme)]
        left = self._ends - time.monotonic()
        addresses = resolve(host, port, self._family, left)
        try:
            check(addresses, allow_private=self._question.allow_private)
        except Unseen as exc:
            if redirected:
                raise Down(f"it redirects to where nothing is probed: {exc}") from exc
            raise
        wire = self._first(addresses)
        if url.scheme == "https":
            try:
                self._known["expires"] = wire.secure(self._question.tls(), host)
            except BaseException:
                wire.close()
                raise
        return wire

    def _first(self, addresses: list[Address]) -> Wire:
        """Connect to the first of the addresses that takes it, as a browser would."""
        problems: list[Exception] = []
        for address in addresses:
            began = time.monotonic()
            try:
                with _border(self._question.connect, connecting=True):
                    wire = Wire.to(address, self._question.connect, self._ends)
            except (Down, Unseen) as exc:
                problems.append(exc)
                continue
            self._known["connect"] = _milliseconds(began)
            return wire
        raise next((one for one in problems if isinstance(one, Down)), problems[0])

    def _read(self, response: http.client.HTTPResponse) -> None:
        content = response.read(BODY_AT_MOST)
        if response.length and len(content) < BODY_AT_MOST:
            raise Down(CUT_OFF)
        wanted = self._question.body
        if wanted is None:
            return
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Down("the answer is packed, which was not asked for, so its text is not known")
        if wanted.search(_text(content, response.headers.get_content_charset())) is None:
            raise Down("the answer does not hold the text that it should")


def _request(method: str, url: Url, headers: Mapping[str, str]) -> bytes:
    sent = {"host": url.netloc, "accept": "*/*", "accept-encoding": "identity"}
    sent |= {"connection": "close", "user-agent": "performance-collector"}
    sent |= {name.lower(): value for name, value in headers.items()}
    lines = [f"{method} {url.request_uri} HTTP/1.1", *(f"{name}: {sent[name]}" for name in sent)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _target(url: Url, location: str) -> Url:
    try:
        there = parse_url(urljoin(url.url, location))
    except ValueError as exc:
        raise Down("it redirects to what is no URL") from exc
    if there.scheme != url.scheme:
        named = there.scheme if there.scheme in PORTS else "another scheme"
        raise Down(f"it redirects from {url.scheme} to {named}, which is not followed")
    if not there.host:
        raise Down("it redirects to what is no URL")
    return there._replace(auth=None, fragment=None)


def _text(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@contextmanager
def _border(seconds: float, *, connecting: bool = False) -> Iterator[None]:
    """Make whatever goes wrong on the way into Down, or Unseen where it goes wrong here."""
    try:
        yield
    except (Down, Unseen):
        raise
    except ssl.SSLCertVerificationError as exc:
        raise Down(f"its TLS certificate is not valid: {exc.verify_message}") from exc
    except ssl.SSLError as exc:
        reason = (exc.reason or "no reason given").replace("_", " ").lower()
        raise Down(f"TLS failed: {reason}") from exc
    except TimeoutError as exc:
        what = "no connection" if connecting else "no whole answer"
        raise Down(f"{what} within {seconds:g} seconds") from exc
    except OSError as exc:
        if exc.errno in _OURS:
            raise Unseen(f"this machine cannot reach it: {_words(exc)}") from exc
        raise Down(f"no connection: {_words(exc)}" if connecting else CUT_OFF) from exc
    except http.client.IncompleteRead as exc:
        raise Down(CUT_OFF) from exc
    except (http.client.HTTPException, ValueError) as exc:
        raise Down("what it answered is not HTTP") from exc


def _words(exc: OSError) -> str:
    return (exc.strerror or type(exc).__name__).lower()
