"""How a request travels: pools and proxies, a limit on the whole of a reply, unpacking it.

urllib3 does the work; added here is what it leaves open: its timeouts begin anew with every byte
that comes, and a body that was cut off before it was packed passes as whole.
"""

import http.client
import io
import logging
import re
import socket
import time
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # not in typeshed

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.util import Timeout, Url, make_headers, parse_url

from collectors.errors import ConfigError, Unexpected

PIECE = 65536

# Its warnings and debug lines quote URLs with their query, and headers that may echo a token.
logging.getLogger("urllib3").setLevel(logging.ERROR)


_SPLIT = re.compile(r"(?P<server>https?://[^/?#@]+)(?P<target>(?=/)(?:(?!/\.)[^#])*)")
"""A URL as most are: without a user, ``.`` or ``..`` in its path, or a fragment."""


@lru_cache(maxsize=1024)
def _parsed(server: str) -> Url:
    return parse_url(server)


class Transport:
    """Connection pools that are kept: one a host, straight or through the proxy of a scheme.

    ``proxies`` is what ``urllib.request.getproxies`` gives: a scheme (or ``all``) to the URL of
    its proxy, and ``no`` to the hosts that are asked straight. ``total`` is in seconds.
    """

    def __init__(
        self, *, proxies: Mapping[str, str], timeout: Timeout, total: float, size: int
    ) -> None:
        self._options: dict[str, Any] = {
            "num_pools": 50,
            "maxsize": size,
            "retries": False,
            "timeout": timeout,
        }
        self._classes = _pool_classes(total)
        self._proxies = dict(proxies)
        self._straight = self._prepared(urllib3.PoolManager(**self._options))
        self._through = {
            scheme: self._prepared(self._proxy(scheme, url))
            for scheme in ("http", "https")
            if (url := proxies.get(scheme) or proxies.get("all"))
        }

    def request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """Send one request and give the reply, its body still to be read.

        Raises urllib3's HTTPError; a ValueError where a header cannot be sent.
        """
        what: dict[str, Any] = {"body": body, "headers": headers, "preload_content": False}
        manager, split = self._manager(url), _SPLIT.fullmatch(url)
        if manager is not self._straight or split is None:
            return manager.urlopen(method, url, redirect=False, **what)
        # As the manager does, but for looking at the whole of the URL before it is spelt for HTTP.
        at = _parsed(split["server"])
        pool = manager.connection_from_host(at.host, at.port, at.scheme)
        return pool.urlopen(method, split["target"], redirect=False, assert_same_host=False, **what)

    def close(self) -> None:
        """Close every connection."""
        for manager in (self._straight, *self._through.values()):
            manager.clear()

    def _manager(self, url: str) -> urllib3.PoolManager:
        if not self._through:
            return self._straight
        parts = urlsplit(url)
        if proxy_bypass_environment(parts.netloc.rpartition("@")[2], self._proxies):
            return self._straight
        return self._through.get(parts.scheme.lower(), self._straight)

    def _prepared(self, manager: urllib3.PoolManager) -> urllib3.PoolManager:
        manager.pool_classes_by_scheme = self._classes
        return manager

    def _proxy(self, scheme: str, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        headers = make_headers(proxy_basic_auth=user) if parts.username else None
        host = parts.netloc.rpartition("@")[2]
        try:
            return urllib3.ProxyManager(
                f"{parts.scheme}://{host}", proxy_headers=headers, **self._options
            )
        except (HTTPError, ValueError) as exc:
            raise ConfigError(
                f"the environment names a proxy for {scheme} that cannot be used: "
                f"{parts.scheme}://{host}; give http://host:port or https://host:port"
            ) from exc


def read_body(raw: urllib3.BaseHTTPResponse, place: str, limit: int) -> bytes:
    """Give the whole body, unpacked, and the connection back to its pool.

    Raises Unexpected where it is larger than ``limit`` bytes, packed or not, or packed in a way
    that was not asked for; urllib3's HTTPError where it is cut off or damaged.
    """
    try:
        content = b"".join(_limited(_unpacked(raw, place), place, limit))
    except BaseException:
        raw.close()
        raise
    raw.release_conn()
    return content


def _limited(pieces: Iterator[bytes], place: str, limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise Unexpected(f"{place} answered more than {limit} bytes, which is the limit")
        yield piece


def _pieces(raw: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    while piece := raw.read1(PIECE, decode_content=False):
        yield piece


def _unpacked(raw: urllib3.BaseHTTPResponse, place: str) -> Iterator[bytes]:
    packing = raw.headers.get("Content-Encoding", "identity").strip().lower()
    if packing in {"identity", ""}:
        return _pieces(raw)
    if packing in {"gzip", "x-gzip"}:
        return _gunzipped(_pieces(raw))
    raise Unexpected(f"{place} answered in a packing that was not asked for; only gzip is known")


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack piece by piece, never more than ``PIECE`` at once, however well it was packed."""
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    begun = False
    for packed in pieces:
        begun = True
        rest = packed
        while rest:
            try:
                yield unpacking.decompress(rest, PIECE)
            except zlib.error as exc:
                raise DecodeError("damaged gzip") from exc
            rest = unpacking.unconsumed_tail
            if unpacking.eof and unpacking.unused_data:
                rest = unpacking.unused_data
                unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    if begun and not unpacking.eof:
        raise DecodeError("gzip was cut off")


class _Limited(io.RawIOBase):
    """Reads a socket until a moment has come, however busily the far side drips."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._pause = sock.gettimeout() or seconds
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer takes too long")
        if left < self._pause:
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    total: ClassVar[float]

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        unlimited, self.fp = self.fp, io.BufferedReader(_Limited(sock, self.total))
        unlimited.close()


def _pool_classes(seconds: float) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class Response(_LimitedResponse):
        total = seconds

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
