"""Asking a JSON endpoint: requests, pages, logins, and what its answers mean."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from collectors.api import (
    CollectorError,
    Context,
    Refused,
    Reply,
    Secret,
    Unexpected,
    Window,
    scrub,
    without_query,
)
from collectors.api.texts import secret_in
from collectors.api.times import Bounds
from collectors.sources.json.credential import JsonCredential
from collectors.sources.json.pages import Pages, Turn
from collectors.sources.json.placeholders import Values, filled, filled_all, filled_tree

Records = Callable[[Any], list[Any]]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is sent: ``url``, ``params``, ``headers``, ``form`` and ``body`` hold placeholders."""

    method: str
    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]
    body: str | None
    window: Bounds
    pages: Pages | None

    @property
    def texts(self) -> Iterator[str]:
        """Every text that a reference may have given."""
        yield self.url
        for texts in (self.params, self.headers, self.form):
            yield from texts.values()
        if self.body is not None:
            yield self.body


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, with everything filled in."""

    url: str
    body: bytes | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Endpoint:
    """What answers a ``question``, for one run."""

    question: Question
    context: Context

    def __post_init__(self) -> None:
        for text in self.question.texts:
            if (secret := secret_in(text)) is not None:
                self.context.hide(secret)

    @property
    def place(self) -> str:
        """The endpoint as it may be shown."""
        return without_query(self._address())

    def answers(self, window: Window, records: Records) -> Iterator[list[Any]]:
        """Give the records of each page; ``records`` finds them in an answer.

        Raises Unavailable, Refused or Unexpected.
        """
        pages = self.question.pages
        turn: Turn | None = pages.begin() if pages else Turn(number=1, offset=0)
        seen: set[bytes] = set()
        count = 0
        while turn is not None:
            count += 1
            if pages and count > pages.at_most:
                raise Unexpected(
                    f"{self.place} has more than {pages.at_most} pages: ask for less at once with "
                    "`max_days`, or raise `pages.at_most`"
                )
            request = self._request(window, turn)
            reply = self._ask(request)
            self._check_new(request, reply, count, seen)
            answer = reply.json()
            found = records(answer)
            yield found
            turn = self._next(turn, reply, answer, request.url, len(found))

    def _next(self, turn: Turn, reply: Reply, answer: Any, url: str, count: int) -> Turn | None:
        pages = self.question.pages
        if pages is None:
            return None
        try:
            after = pages.after(turn, reply, answer, url, count)
        except ValueError as exc:
            raise Unexpected(f"{reply.url}: {exc}", reply.text()) from exc
        if after is not None and after.url is not None:
            return replace(after, url=self._kept_home(after.url))
        return after

    def _kept_home(self, url: str) -> str:
        """Give the next page's URL with our scheme and host; Unexpected where it has another's."""
        own, said = urlsplit(self._address()), urlsplit(url)
        known = {own.netloc.lower(), urlsplit(self.question.url).netloc.lower()}
        if said.netloc.lower() not in known:
            raise Unexpected(
                f"{self.place}: the next page is said to be at {said.hostname}; the login is for "
                f"{own.hostname} only"
            )
        return urlunsplit(said._replace(scheme=own.scheme, netloc=own.netloc))

    def _check_new(self, request: Request, reply: Reply, count: int, seen: set[bytes]) -> None:
        if self.question.pages is None:
            return
        asked = hashlib.sha256(f"{request.url} {request.body!r}".encode()).digest()
        numbered = self.question.pages.by in ("page", "offset")
        answered = hashlib.sha256(reply.body).digest() if numbered else asked
        if asked in seen or answered in seen:
            raise Unexpected(
                f"{self.place}: page {count} is one that was there before, so `pages` by "
                f"{self.question.pages.by} leads round in a circle",
                reply.text(),
            )
        seen |= {asked, answered}

    def _request(self, window: Window, turn: Turn) -> Request:
        asked, login = self.question, self._login
        values = self._values(window, turn)
        headers = {"Accept": "application/json", **filled_all(asked.headers, values)}
        body: bytes | None = None
        if asked.body is not None:
            body = json.dumps(filled_tree(json.loads(asked.body), values)).encode()
            headers = {"Content-Type": "application/json", **headers}
        elif asked.form:
            body = urlencode(filled_all(asked.form, values)).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        url = turn.url or with_params(self._filled(values), filled_all(asked.params, values))
        if login is not None:
            url = with_params(url, login.params())
            headers |= login.headers()
        return Request(url=url, body=body, headers=headers)

    def _filled(self, values: Values) -> str:
        quoted = {name: "" if one is None else quote(str(one), ":") for name, one in values.items()}
        return str(filled(self._address(), quoted))

    def _values(self, window: Window, turn: Turn) -> Values:
        start, end = self.question.window.spelt(window, self.context.zone)
        place = {"page": turn.number, "offset": turn.offset, "cursor": turn.cursor}
        return {"start": start, "end": end, **place}

    def _ask(self, request: Request) -> Reply:
        return self.context.http.try_again(lambda: self._once(request), self._judge)

    def _once(self, request: Request) -> Reply:
        login = self._login
        reply = self.context.http.send(
            self.question.method,
            request.url,
            body=request.body,
            headers=request.headers,
            bearer=login.token if login else None,
        )
        return replace(reply, body=scrub(reply.body, *self._secrets()))

    def _secrets(self) -> Iterator[Secret]:
        if self._login is not None:
            yield from self._login.secrets
        for text in self.question.texts:
            if (secret := secret_in(text)) is not None:
                yield secret

    def _judge(self, reply: Reply) -> CollectorError | None:
        error = self.context.http.default_judge(reply)
        if reply.status in (401, 403):
            given = f"the credential {self.context.credential_name}" if self._login else "none"
            return Refused(f"{error} (the login it was sent: {given}; see `credentials`)")
        return error

    @property
    def _login(self) -> JsonCredential | None:
        login: JsonCredential | None = self.context.credential
        return login

    def _address(self) -> str:
        """Give the ``url`` of the question, at the credential's ``base_url`` if it has one."""
        url = self.question.url
        base = self._login.base_url if self._login else None
        if base is None:
            if "://" not in url:
                raise Refused(
                    f"`url` ({url}) has no host, and the credential that the collector names no "
                    "`base_url`: give one of them"
                )
            return url
        inner = urlunsplit(urlsplit(url)._replace(scheme="", netloc=""))
        return f"{base.rstrip('/')}/{inner.lstrip('/')}"


def with_params(url: str, params: Mapping[str, str]) -> str:
    """Give ``url`` with those parameters in its query that are not there yet."""
    there = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    more = {name: value for name, value in params.items() if name not in there}
    if not more:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}"
