"""What may be said of a request: URLs without secrets, and urllib3's errors in plain words."""

import base64
import html
import re
import ssl
from functools import lru_cache
from urllib.parse import quote, quote_plus, urljoin, urlsplit, urlunsplit

import orjson
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    InvalidHeader,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    PoolError,
    ProtocolError,
    ProxyError,
    SSLError,
    TimeoutError,  # noqa: A004 - urllib3's own, the root of its timeouts
)

from collectors.errors import CollectorError, Refused, Unavailable
from collectors.values import Secret

NO_URL = "(not a URL)"
BLOT = "****"
SHORTEST_IN_BASE64 = 8
_ESCAPE = re.compile(r"%[0-9A-F]{2}")
_WORDS: tuple[tuple[type[HTTPError], str], ...] = (
    (NameResolutionError, "the host name cannot be resolved; see the spelling, or the network"),
    (NewConnectionError, "no connection"),
    (ConnectTimeoutError, "no connection in time"),
    (TimeoutError, "no answer in time"),
    (DecodeError, "the answer is packed as gzip and damaged"),
    (ProtocolError, "the connection broke before the whole answer had come"),
    (PoolError, "the connection was closed on this side"),
)


def translate(exc: HTTPError, what: str) -> CollectorError:
    """Give our error for one of urllib3's; ``what`` is the method and place that was asked.

    Only our own words and the operating system's are used: urllib3's quote URLs, and what the
    far side sent.
    """
    if isinstance(exc, (LocationValueError, InvalidHeader)):
        return Refused(f"{what}: this cannot be asked; give a whole URL with http:// or https://")
    return Unavailable(f"{what}: {describe(exc)}", timed_out=_is_timeout(exc))


def describe(exc: BaseException) -> str:
    """Say in a few words what went wrong on the way."""
    if isinstance(exc, ProxyError):
        return f"the proxy failed: {describe(exc.original_error)}"
    if isinstance(exc, SSLError) and exc.args and isinstance(exc.args[0], Exception):
        return describe(exc.args[0])
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"the server's TLS certificate is not valid: {exc.verify_message}"
    if isinstance(exc, ssl.SSLError):
        return f"TLS failed: {(exc.reason or 'no reason given').replace('_', ' ').lower()}"
    words = next((words for kind, words in _WORDS if isinstance(exc, kind)), type(exc).__name__)
    cause = exc if isinstance(exc, OSError) else exc.__cause__
    if isinstance(cause, OSError) and cause.strerror and not isinstance(exc, NameResolutionError):
        return f"{words}: {cause.strerror.lower()}"
    return words


def _is_timeout(exc: BaseException) -> bool:
    cause = exc.original_error if isinstance(exc, ProxyError) else exc
    # To urllib3 a connection that was refused is a timeout too.
    return isinstance(cause, TimeoutError) and not isinstance(cause, NewConnectionError)


def without_query(url: str) -> str:
    """Give ``url`` as it may be shown: no user, no password, no query, no fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return NO_URL
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", "")) if host else NO_URL


def target(url: str, location: str) -> str:
    """Give where the ``Location`` header of a reply of ``url`` points to, as it may be shown."""
    try:
        return printable(without_query(urljoin(url, location)))
    except ValueError:
        return NO_URL


def scrub(content: bytes, *secrets: Secret | None) -> bytes:
    """Blot out each secret wherever ``content`` echoes it, in whichever of its ``spellings``."""
    for secret in secrets:
        if secret is not None and secret.reveal():
            for spelling in spellings(secret.reveal()):
                content = content.replace(spelling.encode(), BLOT.encode())
    return content


def printable(text: str) -> str:
    """Give ``text`` on one line, without characters that would steer a terminal."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


@lru_cache(maxsize=1024)
def spellings(text: str) -> tuple[str, ...]:
    """Give ``text`` in every way that it may be echoed: for JSON, HTML, a URL, in base64."""
    in_json = orjson.dumps(text).decode()[1:-1]
    spelt = {text, in_json, in_json.replace("/", "\\/"), html.escape(text), repr(text)[1:-1]}
    spelt |= _in_base64(text.encode())
    for percent in (quote(text), quote(text, safe=""), quote_plus(text)):
        spelt |= {percent, _ESCAPE.sub(lambda match: match[0].lower(), percent)}
    for code in ("\\u{:04x}", "\\u{:04X}"):
        spelt.add("".join(one if one.isalnum() else code.format(ord(one)) for one in text))
    return tuple(sorted(spelt, key=len, reverse=True))


def _in_base64(content: bytes) -> set[str]:
    """Give what base64 makes of ``content`` in the midst of something, wherever it begins there."""
    spelt = set()
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + content).decode()
        own = coded[-(-shift * 8 // 6) : (shift + len(content)) * 8 // 6]
        if len(own) >= SHORTEST_IN_BASE64:
            spelt |= {own, own.translate(str.maketrans("+/", "-_"))}
    return spelt
