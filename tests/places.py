"""A place where the program is run: its directories, its clock, its far sides."""

import io
import json
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import sqlalchemy as sa

from collectors.api import HttpClient, Source
from collectors.cli import main
from collectors.cli.settings import World
from collectors.clock import Clock, FixedClock
from collectors.database import ignore
from collectors.runner import Patience
from collectors.sources import registry
from tests.feeds import SOURCES
from tests.servers.http import HttpServer

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
AT_ONCE = Patience(tries=1, stay=0)
"""Tries once, and leaves what is not delivered to the next run."""
HASTY = Patience(first=0.002, shortest=0.002, longest=0.004, tries=5, owner_wait=0.01)
"""Tries as often as in real life, and hardly waits; needs a clock that goes."""


@dataclass
class GoingClock:
    """A clock that shows ``at`` when it is made, and goes on from there."""

    at: datetime
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self._began)

    def advance(self, by: timedelta) -> None:
        """Set the clock forward."""
        self.at += by


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer, read as JSON."""
        return json.loads(self.out)


class _Stdin(io.TextIOWrapper):
    """What is typed, at a terminal or not."""

    def __init__(self, typed: str, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(typed.encode()), encoding="utf-8")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class _stdin(redirect_stdout[_Stdin]):  # noqa: N801 - called like its sisters
    """Give what is typed to whoever reads stdin."""

    _stream = "stdin"


def no_sleep(_seconds: float) -> None:
    """Do not wait between tries."""


def no_browser(_url: str) -> bool:
    """Be a machine without a browser."""
    return False


def make_client(clock: Clock, read: float = 10.0) -> HttpClient:
    """Give a client that does not wait between tries, nor long for an answer."""
    return HttpClient(clock, pool_size=32, sleep=no_sleep, read=read, proxies={})


@dataclass
class Place:
    """A directory to work in. ``servers`` show the place's time in their answers."""

    directory: Path
    clock: Any = field(default_factory=lambda: FixedClock(NOW))
    sources: Mapping[str, type[Source]] = field(
        default_factory=lambda: {**SOURCES, **{name: registry()[name] for name in registry()}}
    )
    patience: Patience = AT_ONCE
    busy: float = 0.2
    http: Callable[[Clock], HttpClient] = make_client
    step: Callable[[str], None] = ignore
    browse: Callable[[str], bool] = no_browser
    servers: list[HttpServer] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.config / "services").mkdir(parents=True)
        self.credentials.mkdir()
        self.platform("target: embedded")

    @property
    def config(self) -> Path:
        """The configuration directory."""
        return self.directory / "config"

    @property
    def credentials(self) -> Path:
        """The directory of credentials."""
        return self.directory / "credentials"

    @property
    def state(self) -> Path:
        """The file of the state database."""
        return self.directory / "var" / "state.db"

    @property
    def held(self) -> Path:
        """The file of the embedded data sets."""
        return self.directory / "var" / "data-sets.db"

    def platform(self, text: str) -> None:
        """Write platform.yaml; where its databases are is added."""
        where = f"state: sqlite:///{self.state}\nembedded: {{url: 'sqlite:///{self.held}'}}\n"
        (self.config / "platform.yaml").write_text(where + dedent(text))

    def service(self, name: str, collectors: str) -> None:
        """Write the file of a service; ``collectors`` is YAML."""
        indented = "".join(f"  {line}\n" for line in dedent(collectors).strip().splitlines())
        path = self.config / "services" / f"{name}.yaml"
        path.write_text(f"service: {name}\ncollectors:\n{indented}")

    def tokens(self, **tokens: str) -> None:
        """Write tokens.yaml of these; ``__`` in a name is a slash and ``_`` a hyphen."""
        names = {key.replace("__", "/").replace("_", "-"): value for key, value in tokens.items()}
        self.secret("tokens.yaml", "".join(f"{name}: {one}\n" for name, one in names.items()))

    def secret(self, name: str, text: str) -> None:
        """Write a file in credentials/, for its owner alone."""
        path = self.credentials / name
        path.write_text(text)
        path.chmod(0o600)

    def run(self, *arguments: str, typed: str = "", terminal: bool = False) -> Done:
        """Run a command of the program in this process.

        ``typed`` is what comes on stdin, which with ``terminal`` is one.
        """
        for server in self.servers:
            server.ahead = (self.clock.now() - datetime.now(UTC)).total_seconds()
        parts = {
            "sources": self.sources,
            "clock": self.clock,
            "patience": self.patience,
            "busy": self.busy,
            "http": self.http,
            "step": self.step,
            "browse": self.browse,
        }
        places = ["--config", str(self.config), "--credentials", str(self.credentials)]
        out, err = io.StringIO(), io.StringIO()
        stdin = _stdin(_Stdin(typed, terminal=terminal))
        with redirect_stdout(out), redirect_stderr(err), stdin:
            code = main([*places, *arguments], world=World(**parts))
        return Done(code, out.getvalue(), err.getvalue())

    def read(self, data_set: str) -> list[dict[str, Any]]:
        """Give what an embedded data set holds, without what is added when it is read."""
        rows = self.run("read", data_set, "--json").json
        return [
            {name: value for name, value in one.items() if not name.startswith("_") or name in _OWN}
            for one in rows
        ]

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Give columns of a table of the state, by id."""
        engine = sa.create_engine(f"sqlite:///{self.state}")
        names = ", ".join(f'"{column}"' for column in columns)
        try:
            with engine.connect() as connection:
                query = sa.text(f"SELECT {names} FROM {table} ORDER BY rowid")
                return [tuple(one) for one in connection.execute(query)]
        finally:
            engine.dispose()


def hourly(feed: HttpServer, key: str = "hourly", *more: str) -> str:
    """Give the YAML of a collector of hours; ``more`` are lines of its own."""
    lines = [f"{key}:", "  source: feed", "  schedule: hourly", "  zone: UTC"]
    query = f"  query: {{url: '{feed.url}'}}"
    own = [f"  {line}" for line in more]
    said = [] if any(line.startswith("query:") for line in more) else [query]
    return "\n".join([*lines, *said, *own])


_OWN = ("_id", "_timestamp")
