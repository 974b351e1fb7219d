"""A source for tests, and the server that it asks: honest, small, and able to fail in every way."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from collectors.api import (
    Context,
    Credential,
    Document,
    NotYet,
    Period,
    QuotaSpent,
    Reading,
    Refused,
    Secret,
    Source,
    Unavailable,
    Unexpected,
    Window,
)
from tests.servers.http import LONGEST, Answer, HttpServer, Request, json_answer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class FeedCredential(Credential):
    """A token for the feed."""

    token: Secret


class Feed(Source):
    """Rows from a server, page by page; what the server says goes wrong, goes wrong."""

    name: ClassVar[str] = "feed"
    periods: ClassVar[frozenset[Period]] = frozenset(Period)
    url: str
    settle_hours: int = 0
    span_days: int | None = None
    breaks: str = ""

    @property
    def settle(self) -> timedelta:
        return timedelta(hours=self.settle_hours)

    @property
    def max_span(self) -> timedelta | None:
        return None if self.span_days is None else timedelta(days=self.span_days)

    def earliest(self, now: datetime) -> datetime | None:
        if self.breaks == "earliest":
            raise ZeroDivisionError("division by zero")
        return None

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        bounds = {"start": window.start.isoformat(), "end": window.end.isoformat()}
        page: int | None = 1
        while page is not None:
            bearer = context.credential.token if context.credential else None
            params = {**bounds, "page": page}
            answer = context.http.get(self.url, params=params, bearer=bearer).json()
            context.state.update(answer.get("remember", {}))
            for sentence in answer.get("warnings", ()):
                context.warn(sentence)
            if answer.get("quota_key"):
                context.quota.report(answer["quota_key"], 7, context.clock.now() + DAY)
            _fail_as_told(answer, context)
            yield from map(_reading, answer["rows"])
            page = answer["next"]


class SecretFeed(Feed):
    """The same, for those who log in."""

    name: ClassVar[str] = "secret-feed"
    credential: ClassVar[type[Credential] | None] = FeedCredential


class Scroll(Document):
    """A document on a server: its revision, and its rows."""

    name: ClassVar[str] = "scroll"
    url: str
    breaks: str = ""

    def revision(self, context: Context) -> str:
        if self.breaks == "revision":
            raise ZeroDivisionError("division by zero")
        return str(context.http.get(f"{self.url}/revision").json())

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        yield from map(_reading, context.http.get(f"{self.url}/rows").json()["rows"])


SOURCES: dict[str, type[Source]] = {one.name: one for one in (Feed, SecretFeed, Scroll)}


def _reading(row: dict[str, Any]) -> Reading:
    return Reading(datetime.fromisoformat(row["at"]), row["measures"], row["dimensions"])


def _fail_as_told(answer: dict[str, Any], context: Context) -> None:
    match answer.get("error"):
        case "not yet":
            raise NotYet("the figures come out on Friday")
        case "quota":
            raise QuotaSpent("the day's quota is spent", context.clock.now() + 2 * HOUR)
        case "unavailable":
            raise Unavailable("it is down")
        case "refused":
            raise Refused("it says no")
        case "unexpected":
            raise Unexpected("it talks nonsense", "<nonsense>")
        case "bug":
            raise KeyError("oops")
        case str() as other:
            raise RuntimeError(other)


@dataclass(eq=False)
class FeedServer(HttpServer):
    """Gives two rows a period, ``step`` apart, to whoever asks for a window.

    ``rows`` replaces what is given for a window that it has (by its start); ``error`` is told on
    page ``error_at``. ``held`` answers wait until the test lets them go.
    """

    step: timedelta = HOUR
    channels: tuple[str, ...] = ("paper", "web")
    count: int = 1
    page: int = 1000
    error: str | None = None
    error_at: int = 1
    warnings: tuple[str, ...] = ()
    remember: dict[str, str] = field(default_factory=dict)
    odd: list[dict[str, Any]] | None = None
    fault: Answer | None = None
    quota_key: str = ""
    revision: list[str] = field(default_factory=lambda: ["1"])
    hold: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self.asked: Counter[tuple[str, str]] = Counter()

    def answer(self, request: Request) -> Answer:
        """Tell the page of the window that is asked for, or the revision."""
        if self.hold:
            self.released.wait(LONGEST)
        if self.fault is not None:
            return self.fault
        if request.path.endswith("/revision"):
            return json_answer(self.revision.pop(0) if len(self.revision) > 1 else self.revision[0])
        if request.path.endswith("/rows"):
            return json_answer({"rows": self.odd or []})
        page = int(request.query["page"])
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
        if page == 1:
            self.asked[f"{start:%m-%dT%H}", f"{end:%m-%dT%H}"] += 1
        told: dict[str, Any] = {"remember": self.remember, "warnings": self.warnings}
        told["quota_key"] = self.quota_key
        if self.error is not None and page == self.error_at:
            return json_answer({**told, "error": self.error})
        rows = self._rows(start, end) if self.odd is None else self.odd
        shown = rows[(page - 1) * self.page : page * self.page]
        following = page + 1 if len(rows) > page * self.page else None
        return json_answer({**told, "rows": shown, "next": following})

    def _rows(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        periods = range((end - start) // self.step)
        return [
            row(start + number * self.step, channel, self.count)
            for number in periods
            for channel in self.channels
        ]


def row(at: datetime, channel: str, count: int | None) -> dict[str, Any]:
    """Give a row as the server tells it."""
    return {
        "at": at.isoformat(),
        "dimensions": {"channel": channel},
        "measures": {"count": count},
    }
