"""Documents that are at a URL: fetched once for all collectors, and again only when changed."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from collectors.api import (
    CollectorError,
    Context,
    Refused,
    Reply,
    Unavailable,
    without_query,
)
from collectors.api.web_login import WebCredential
from collectors.sources.spreadsheet.files import Part, revision_of
from collectors.sources.spreadsheet.formats import Content

FRESH = timedelta(minutes=1)
"""How long what a server said is good for other collectors of the process."""
SURE = timedelta(minutes=1)
"""How old a Last-Modified must be to tell versions apart: it counts seconds (RFC 9110, 8.8.2)."""
REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_UNCHANGED = 304
_REMEMBERED = "download"
_PAGES = ("text/html", "application/xhtml+xml")


class SpreadsheetCredential(WebCredential):
    """What a private URL asks for: a bearer token, a user and password, or a header."""


class Version(BaseModel):
    """What is remembered of a download: its revision, and how to ask whether it has changed."""

    model_config = ConfigDict(frozen=True)

    url: str
    revision: str
    etag: str | None = None
    last_modified: str | None = None

    def conditions(self) -> dict[str, str]:
        """Give the headers that ask for the content only if it is another one."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


class Download:
    """What is known of one URL, for every collector of the process that reads it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._place = without_query(url)
        self._guard = threading.Lock()
        self._asked_at: datetime | None = None
        self._failure: CollectorError | None = None
        self._version: Version | None = None
        self._content: Content | None = None

    def version(self, context: Context) -> Version:
        """Give what the server has, as it said within the last minute; a failure lasts as long."""
        with self._guard:
            now = context.clock.now()
            if self._asked_at is not None and now - self._asked_at < FRESH:
                if self._failure is not None:
                    raise self._failure
                if self._version is not None:
                    return self._version
            self._asked_at, self._failure = now, None
            try:
                return self._fetch(context, self._version or self._remembered(context))
            except CollectorError as exc:
                self._failure = exc
                raise

    def content(self, context: Context, revision: str) -> Content:
        """Give the content of that revision; Unavailable where the server has another by now."""
        with self._guard:
            version, content = self._version, self._content
            if content is None:
                version = self._fetch(context, None)
                content = self._content
            if version is None or content is None or version.revision != revision:
                raise Unavailable(
                    f"{self._place}: changed while it was being read; it is read again next time"
                )
            return content

    def _fetch(self, context: Context, known: Version | None) -> Version:
        reply = _get(self._url, known.conditions() if known else {}, context)
        if known is None or reply.status != _UNCHANGED:
            content = self._content = self._read(reply)
            known = Version(
                url=_digest(self._url),
                revision="-".join(filter(None, (revision_of(reply.body), content.charset))),
                etag=reply.headers.get("ETag"),
                last_modified=_trusted_date(reply),
            )
        self._version = known
        return known

    def _read(self, reply: Reply) -> Content:
        kind = Message()
        kind["Content-Type"] = reply.headers.get("Content-Type", "text/plain")
        if reply.status != 200:
            raise Refused(f"{self._place} answered {reply.status}, which brings no file")
        if kind.get_content_type() in _PAGES:
            raise Refused(
                f"{self._place} answered a web page and not a sheet: it may ask people to log in; "
                "give the address of the file itself, or `credentials`"
            )
        return Content(file=self._place, data=reply.body, charset=kind.get_content_charset())

    def _remembered(self, context: Context) -> Version | None:
        try:
            version = Version.model_validate_json(context.state.get(_REMEMBERED, ""))
        except ValidationError:
            return None
        return version if version.url == _digest(self._url) else None


@dataclass(frozen=True)
class Web:
    """The document at a URL."""

    url: str
    context: Context

    @property
    def place(self) -> str:
        """The URL without its query, which may hold a secret."""
        return without_query(self.url)

    def parts(self) -> Sequence[Part]:
        """Give what the server has, and remember it for the next run."""
        version = self._download.version(self.context)
        self.context.state[_REMEMBERED] = version.model_dump_json(exclude_none=True)
        return [Part(self.place, version.revision)]

    def content(self, part: Part) -> Content:
        """Give the content; Unavailable where the server has another by now."""
        return self._download.content(self.context, part.revision)

    @property
    def _download(self) -> Download:
        key = ("spreadsheet download", self.url, self.context.credential)
        found: Download = self.context.shared.get(key, lambda: Download(self.url))
        return found


def is_url(name: str) -> bool:
    """Say whether a file's name is the address of one."""
    return name.lower().startswith(("http://", "https://"))


def without_secrets(name: str) -> str:
    """Give a file's name as it may be shown: the query of a URL may hold a secret."""
    return f"{without_query(name)}?****" if is_url(name) and "?" in name else name


def _get(url: str, conditions: Mapping[str, str], context: Context) -> Reply:
    """GET a file, through redirects; the credential is only sent to the host that was named."""
    at = url
    for _ in range(REDIRECTS + 1):
        login = context.credential if _origin(at) == _origin(url) else None
        reply = context.http.get(
            at,
            headers={**conditions, **(login.headers() if login else {})},
            bearer=login.token if login else None,
            judge=lambda reply: _judge(reply, context),
        )
        location = reply.headers.get("Location")
        if reply.status not in _MOVED or location is None:
            return reply
        at = _moved(at, location)
    raise Refused(f"{without_query(url)} redirects more than {REDIRECTS} times")


def _moved(at: str, location: str) -> str:
    try:
        moved = urljoin(at, location)
        scheme = urlsplit(moved).scheme
    except ValueError:
        scheme = ""
    if scheme not in {"http", "https"}:
        raise Refused(f"{without_query(at)} redirects to what is no http:// or https:// address")
    return moved


def _judge(reply: Reply, context: Context) -> CollectorError | None:
    """Judge by the status; what an error's body says is not shown: it may repeat the URL."""
    said = f"{reply.url} answered {reply.status}"
    if reply.status in _MOVED or reply.status == _UNCHANGED:
        return None
    if reply.status in {401, 403}:
        given = f"the credential {context.credential_name}" if context.credential else "none"
        return Refused(f"{said}: it asks for a login ({given} was sent); set `credentials`")
    if reply.status in {404, 410}:
        return Refused(f"{said}: there is nothing there; correct `file`")
    error = context.http.default_judge(reply)
    return Refused(said) if isinstance(error, Refused) else error


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _trusted_date(reply: Reply) -> str | None:
    """Give Last-Modified where a change after it would have shown."""
    said = reply.headers.get("Last-Modified", "")
    try:
        age = parsedate_to_datetime(reply.headers.get("Date", "")) - parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    return said if age >= SURE else None
