"""Uptime: probes of one's own, gathered to hours in the fields that Pingdom gives.

::

    service: carers-allowance
    collectors:
      monitoring:
        source: uptime
        schedule: every 1 minute
        query:
          url: https://www.gov.uk/carers-allowance/how-to-claim
          body: Claim Carer

With a login, over IPv4 and IPv6, with the name that a data set of Pingdom's had::

    service: blue-badge
    collectors:
      monitoring:
        source: uptime
        schedule: every 5 minutes
        query:
          url: https://apply.example.gov.uk/health
          check: Blue Badge - Start page
          headers: {authorization: "Bearer ${HEALTH_TOKEN:-none}"}
          expect_status: [200, 301-302]
          body: /state. *(ok|degraded)/
          ip: both

====================  ============================================================================
``url``               what to look at, ``https://…`` or ``http://…``
``check``             what figures are kept under: the dimension ``check``. Without it the URL, as
                      far as ``?``. A data set that Pingdom filled goes on under the same name
``method``            ``GET`` or ``HEAD``
``headers``           more headers; one that logs in comes by reference, ``${VAR}`` or ``file:name``
``expect_status``     which answers are good, as ``200-399`` or a list: ``[200, 301-302]``
``body``              a text that has to be in the answer, or a pattern (of Python): ``/…/``. The
                      first 1,000,000 bytes are read
``follow_redirects``  how many redirects to follow; the status of the last answer counts, and of
                      the first where this is 0
``timeout``           seconds for all of it, over each version of IP, redirects included
``connect_timeout``   seconds for each address to take the connection
``tls_expiry``        tell when the certificate expires within so many days; 0 never does
``ip``                ``4``, ``6``, ``any`` (whichever takes the connection first), or ``both``: it
                      is up only if it is over each
``allow_private``     ``yes`` for a service in one's own network or on this machine
====================  ============================================================================

The daemon looks at every tick of the schedule (``every …``, of more than ``timeout`` and at most an
hour), and keeps what it saw. An hour is collected when it is over. ``run`` collects the hours of
which there are probes, and does not probe; ``sample`` and ``check`` do, once, and keep nothing.
There is no past to ask for: the first hour is the one in which the daemon began.

One reading an hour, with the dimension ``check`` and these measures:

===============  =================================================================================
``avgresponse``  mean time in milliseconds from the look-up of the name to the last byte, of the
                 probes that found it up (the slower one, of ``both``); unknown where none did
``uptime``       seconds
``downtime``     seconds
``unmonitored``  seconds without a probe
===============  =================================================================================

What a probe saw holds until the next tick, so the three add up to 3600. A tick that was missed, as
the daemon was not running or too busy, is ``unmonitored``; so is one where this machine could not
look (it has no IPv6, say) or may not. How often it was down, and why the last time, is told with
the run, and so is a certificate that expires soon.

A redirect to another scheme is never followed, neither to ``http`` nor to ``https``: it counts as
down, as do too many redirects. Headers of the query are not sent to another host. TLS certificates
are verified. Proxies of the environment are not used. A host is resolved first, every address of it
is checked, and the connection goes to that very address: link-local ones and others from which
clouds give out secrets are never probed.
"""

import re
import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeInt,
    WithJsonSchema,
    field_serializer,
    model_validator,
)
from urllib3.util import parse_url

from collectors.api import (
    Context,
    NotYet,
    Period,
    Probing,
    Reading,
    Refused,
    Secret,
    Unavailable,
    Window,
    counted,
    without_query,
)
from collectors.api.texts import QueryText
from collectors.api.times import asked_alone
from collectors.sources.uptime.addresses import refusal
from collectors.sources.uptime.hours import Hour, Probe
from collectors.sources.uptime.looking import Look, Question
from collectors.sources.uptime.seeing import Seen, together

__all__ = ["Uptime"]

_LOGINS = frozenset({"authorization", "proxy-authorization", "cookie"})
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_STATUSES = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?")


def _is_url(url: str) -> str:
    try:
        parts = parse_url(url)
    except ValueError as exc:
        raise ValueError("this is no URL") from exc
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError("give a whole URL, with http:// or https://")
    if parts.auth:
        raise ValueError("a login belongs in a header, by reference")
    return url


def _is_statuses(text: str) -> str:
    match = _STATUSES.fullmatch(text)
    if match is None or (match[2] and match[2] < match[1]):
        raise ValueError("a status is written like 200, several like 200-299")
    return text


def _is_pattern(text: str) -> str:
    try:
        _pattern(text)
    except re.error as exc:
        raise ValueError(f"this is no pattern: {exc}") from exc
    return text


def _can_be_sent(headers: Mapping[str, Secret | str]) -> Mapping[str, Secret | str]:
    for name, value in headers.items():
        if _TOKEN.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not the name of a header")
        if name.lower() in _LOGINS and not isinstance(value, Secret):
            raise ValueError(f"{name} is a login: give it by reference, ${{VAR}} or file:name")
        text = _revealed(value)
        if not (text.isprintable() and text.isascii()):
            raise ValueError(f"the header {name} holds what cannot be sent: use plain letters")
    return headers


Statuses = Annotated[str, AfterValidator(_is_statuses)]
Family = Annotated[
    Literal["any", "4", "6", "both"], WithJsonSchema({"enum": ["any", 4, 6, "both"]})
]
Header = Annotated[Secret | str, Field(union_mode="left_to_right")]


class Uptime(Probing):
    """Probes of one URL, gathered to hours; the module is its manual page."""

    name: ClassVar[str] = "uptime"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.HOUR})

    url: Annotated[QueryText, AfterValidator(_is_url)]
    check: Annotated[str, Field(min_length=1)] | None = None
    method: Literal["GET", "HEAD"] = "GET"
    headers: Annotated[Mapping[str, Header], AfterValidator(_can_be_sent)] = {}
    expect_status: tuple[Statuses, ...] | Statuses = "200-399"
    body: Annotated[str, Field(min_length=1), AfterValidator(_is_pattern)] | None = None
    follow_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    timeout: Annotated[float, Field(gt=0, le=300)] = 20
    connect_timeout: Annotated[float, Field(gt=0, le=300)] = 5
    tls_expiry: NonNegativeInt = 14
    ip: Family = "any"
    allow_private: bool = False

    @field_serializer("url", when_used="json")
    def _without_query(self, url: str) -> str:
        return f"{without_query(url)}?****" if "?" in url else without_query(url)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.body is not None and self.method == "HEAD":
            raise ValueError("`method: HEAD` has no `body` to look at: use GET")
        try:
            host = (parse_url(self.url).host or "").strip("[]")
            reason = refusal(host, allow_private=self.allow_private)
        except ValueError:
            return self  # a name, which is looked up with every probe
        if reason is not None:
            raise ValueError(reason)
        return self

    @property
    def longest(self) -> timedelta:
        """The timeout, twice where both versions of IP are asked."""
        return timedelta(seconds=self.timeout * (2 if self.ip == "both" else 1))

    def probe(self, at: datetime, context: Context) -> Mapping[str, Any]:
        """Look once, and give what was seen as ``Seen`` keeps it."""
        return self._look(context).kept()

    def told(self, result: Mapping[str, Any]) -> str:
        """Say in a sentence what a probe saw."""
        return Seen.model_validate(result).told()

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield a reading for every hour of ``window``, from the probes that there are."""
        self._check_is_over(window, context)
        latest: Seen | None = None
        for window_of_hour in asked_alone(window, Period.HOUR, context.zone):
            hour = self._hour(window_of_hour, context)
            for sentence in hour.warnings():
                context.warn(sentence)
            latest = hour.probes[-1][1] if hour.probes else latest
            yield hour.reading(self.check or without_query(self.url))
        if latest is not None:
            self._warn_of_expiry(latest, context)

    def examine(self, context: Context) -> Iterator[str]:
        """Look once; raises Unavailable where it is down, Refused where it may not be looked at."""
        seen = self._look(context)
        if seen.up is None:
            raise Refused(f"{without_query(self.url)}: {seen.reason}")
        if not seen.up:
            raise Unavailable(f"{without_query(self.url)} is down: {seen.reason}")
        self._warn_of_expiry(seen, context)
        yield f"{without_query(self.url)} is {seen.told()}"

    def _look(self, context: Context) -> Seen:
        for value in self.headers.values():
            if isinstance(value, Secret):
                context.hide(value)
        question = self._question(context)
        if self.ip != "both":
            return Look(question, self.ip).see()
        return together({family: Look(question, family).see() for family in ("4", "6")})

    def _question(self, context: Context) -> Question:
        return Question(
            url=self.url,
            method=self.method,
            headers={name: _revealed(value) for name, value in self.headers.items()},
            statuses=frozenset(self._statuses()),
            body=None if self.body is None else _pattern(self.body),
            follow=self.follow_redirects,
            connect=self.connect_timeout,
            total=self.timeout,
            allow_private=self.allow_private,
            tls=lambda: context.shared.get(("uptime", "tls"), ssl.create_default_context),
        )

    def _statuses(self) -> Iterator[int]:
        said = self.expect_status
        for text in (said,) if isinstance(said, str) else said:
            first, _, last = text.partition("-")
            yield from range(int(first), int(last or first) + 1)

    def _hour(self, window: Window, context: Context) -> Hour:
        every = context.probes.every
        rows = context.probes.between(window.start - every, window.end)
        probes: list[Probe] = [(at, Seen.model_validate(seen)) for at, seen in rows]
        return Hour(window, every, probes)

    def _check_is_over(self, window: Window, context: Context) -> None:
        """Raise NotYet where the last probe of the window may still be under way."""
        every, now = context.probes.every, context.clock.now()
        if not window.end <= now < window.end + every:
            return
        if not any(context.probes.between(window.end - every, window.end)):
            raise NotYet("the last probe of the hour is missing and may still be under way")

    def _warn_of_expiry(self, seen: Seen, context: Context) -> None:
        if seen.expires is None:
            return
        left = timedelta(seconds=seen.expires - context.clock.now().timestamp())
        if left <= timedelta(days=self.tls_expiry):
            day = context.clock.now() + left
            context.warn(
                f"its TLS certificate expires on {day:%Y-%m-%d}, in {counted(left.days, 'day')}"
            )


def _revealed(value: Secret | str) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _pattern(text: str) -> re.Pattern[str]:
    is_pattern = len(text) > 2 and text[0] == text[-1] == "/"
    return re.compile(text[1:-1] if is_pattern else re.escape(text))
