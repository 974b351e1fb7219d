"""A world in every state, made by real runs, and the real server that shows it."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import indent
from typing import Any, ClassVar

import urllib3

from collectors.cli.settings import Settings, World
from collectors.clock import FixedClock
from collectors.web import MOUNTED_AT, Scene, Server, application, mount, status_application
from tests.feeds import SOURCES, Feed, FeedServer
from tests.places import NOW, Place
from tests.servers.http import LONGEST
from tests.servers.write_api import WriteApiServer

SCRIPT = "<script>alert(1)</script>"
SOURCE_TOKEN = "planted/source+token=="
SINK_TOKEN = "planted/sink+token&=1"
PLANTED = (SOURCE_TOKEN, SINK_TOKEN)
HOURLY = "{source: feed, schedule: hourly, zone: UTC"
DAILY = "{source: feed, schedule: daily, zone: UTC"


class Forgetful(Feed):
    """A feed that remembers five days."""

    name: ClassVar[str] = "forgetful"

    def earliest(self, now: datetime) -> datetime | None:
        return now - timedelta(days=5)


@dataclass
class Busy:
    """A place with a server for each way in which a feed may be."""

    place: Place
    feeds: dict[str, FeedServer] = field(default_factory=dict)

    def service(self, name: str, title: str, *collectors: str) -> None:
        said = "\n".join(collectors)
        text = f"service: {name}\ntitle: {title!r}\ncollectors:\n{indent(said, '  ')}\n"
        (self.place.config / "services" / f"{name}.yaml").write_text(text)

    def query(self, feed: str, more: str = "") -> str:
        return f"query: {{url: '{self.feeds[feed].url}'{more}}}}}"


@contextmanager
def busy_place(directory: Path) -> Iterator[Busy]:
    """Make a place in which every state that a collector can be in is that of one."""
    with ExitStack() as open_ones:
        busy = Busy(Place(directory, sources={**SOURCES, "forgetful": Forgetful}))
        for name, made in _feeds().items():
            busy.feeds[name] = open_ones.enter_context(made)
        sink = open_ones.enter_context(WriteApiServer(_tokens()))
        sink.rules["ferry/letters"] = _refuse_scripts
        busy.place.servers += [*busy.feeds.values(), sink]
        busy.place.platform(f"target: {{url: '{sink.url}/data', name: platform}}")
        lines = [f"{name}: '{token}'\n" for name, token in _tokens().items()]
        wrong = "bridge/unsent: wrong-token\n"
        kept = (one for one in lines if not one.startswith("bridge/unsent"))
        busy.place.secret("tokens.yaml", "".join([*kept, wrong]))
        busy.place.secret("secret-feed.yaml", f"token: '{SOURCE_TOKEN}'\n")
        _toll(busy)
        _bridge(busy)
        _ferry(busy)
        _live(busy)
        yield busy


def _feeds() -> dict[str, FeedServer]:
    return {
        "good": FeedServer(),
        "empty": FeedServer(odd=[]),
        "down": FeedServer(error="unavailable"),
        "refusing": FeedServer(error="refused"),
        "slow": FeedServer(error="not yet"),
        "spent": FeedServer(error="quota", quota_key="feed/project"),
        "hostile": FeedServer(channels=("paper", "web", SCRIPT), warnings=(f"odd {SCRIPT}",)),
    }


def _tokens() -> dict[str, str]:
    toll = ("hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "instant", "scroll")
    bridge = ("late", "failed", "not-yet", "parked", "lost", "unsent", "paused", "never")
    names = [*(f"toll/{key}" for key in toll), *(f"bridge/{key}" for key in bridge)]
    return dict.fromkeys([*names, "ferry/letters"], SINK_TOKEN)


def _toll(busy: Busy) -> None:
    empty = busy.query("empty")
    longer = ("weekly", "monthly", "quarterly", "yearly")
    hours = busy.query("good", ", settle_hours: 48").replace("source: feed", "")
    busy.service(
        "toll",
        "Crossings",
        f"hourly: {HOURLY}, since: 2026-11-01, deadline: 3 hours, {hours}",
        f"daily: {DAILY}, since: 2025-06-01, {empty}",
        *(f"{key}: {{source: feed, schedule: {key}, since: 2019-01-01, {empty}" for key in longer),
        f"instant: {{source: feed, schedule: every 30 minutes, zone: UTC, {empty}",
        f"scroll: {{source: scroll, schedule: daily, period: day, {busy.query('empty')}",
    )


def _bridge(busy: Busy) -> None:
    def one(key: str, feed: str, more: str = "", start: str = HOURLY) -> str:
        return f"{key}: {start}, since: 2026-11-17{more}, {busy.query(feed)}"

    forgetful = DAILY.replace("source: feed", "source: forgetful")
    secret = HOURLY.replace("source: feed", "source: secret-feed")
    busy.service(
        "bridge",
        f"Bridges {SCRIPT}",
        one("late", "down", ", deadline: 2 hours"),
        one("failed", "refusing", start=DAILY),
        one("not-yet", "slow"),
        one("parked", "spent"),
        f"lost: {forgetful}, since: 2026-11-01, {busy.query('empty')}",
        one("unsent", "good", start=secret),
        one("paused", "good"),
    )


def _ferry(busy: Busy) -> None:
    said = f"title: 'Letters {SCRIPT}', labels: [water], since: 2026-11-19"
    busy.service("ferry", "Ferries", f"letters: {HOURLY}, {said}, {busy.query('hostile')}")


def _live(busy: Busy) -> None:
    """Run at noon of three days, pause one, then add one that never runs, and a broken file."""
    place = busy.place
    for days in (2, 1, 0):
        place.clock.at = NOW - timedelta(days=days)
        place.run("run", "--all")
    place.run("pause", "bridge/paused")
    path = place.config / "services" / "bridge.yaml"
    never = f"  never: {HOURLY}, {busy.query('good')}\n"
    path.write_text(path.read_text() + never)
    broken = f"service: broken\ncollectors:\n  one: {{source: {SCRIPT!r}}}\n"
    (place.config / "services" / "broken.yaml").write_text(broken)


def _refuse_scripts(record: Any) -> str | None:
    return f"no {SCRIPT} here" if SCRIPT in record.values() else None


@dataclass(frozen=True)
class Site:
    """A server of a place; ``url`` is that of the overview, without a slash at the end."""

    place: Place
    server: Server

    @property
    def url(self) -> str:
        return self.server.url + MOUNTED_AT

    def ask(self, path: str, method: str = "GET", **options: Any) -> urllib3.BaseHTTPResponse:
        return urllib3.request(
            method, self.url + path, timeout=LONGEST, retries=False, redirect=False, **options
        )

    def text(self, path: str) -> str:
        return self.ask(path).data.decode()


@contextmanager
def served(place: Place) -> Iterator[Site]:
    """Serve the place as it is, at its time, as ``serve`` does."""
    world = World(sources=place.sources, clock=FixedClock(place.clock.now()), http=place.http)
    settings = Settings(world, place.config, place.credentials, None)
    with settings.data_sets() as data_sets, settings.looking() as look:
        app = application(
            data_sets, settings.configuration, clock=world.clock, token_of=lambda _: None
        )
        scene = lambda: Scene(settings.configuration, look())  # noqa: E731
        mount(app, status_application(scene, clock=world.clock))
        server = Server(app, "127.0.0.1", 0)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield Site(place, server)
        finally:
            server.stop()
            thread.join()
