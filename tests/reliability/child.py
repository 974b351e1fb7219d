"""The process that is killed: a real ``run`` of the program, in a process of its own.

This one imports everything, once, and then forks a child for each order that it reads, so that a
start costs no imports. It has no thread and no connection then, so a child begins as a fresh
process does. An order is a line of JSON: ``arguments``, ``ahead`` (seconds that the clock is ahead of the
machine's), ``step`` and ``passing`` (the child kills itself when it passes that step for so many
times; ``step`` may be null), ``output`` (a file); with ``clock`` (a file) in the place of ``ahead``
the test moves the clock while the child lives. What is printed is the child's process id and, once
it has ended, its exit code: a signal is negative.
"""

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import psycopg  # noqa: F401 - imported here so that no child has to

from collectors.api import Context, Credential, Limits, Period, Reading, Secret, Source, Window
from collectors.cli import main
from collectors.cli.settings import World
from tests.reliability.clocks import SharedClock, ShiftedClock


class Counts(Source):
    """Counts by channel, from a server that gives them in pages."""

    name: ClassVar[str] = "counts"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.HOUR, Period.DAY})
    url: str
    settle_hours: int
    span_hours: int | None = None

    @property
    def settle(self) -> timedelta:
        return timedelta(hours=self.settle_hours)

    @property
    def max_span(self) -> timedelta | None:
        return None if self.span_hours is None else timedelta(hours=self.span_hours)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        page, more = 1, True
        bounds = {"start": window.start.isoformat(), "end": window.end.isoformat()}
        while more:
            reply = self.ask(context, {**bounds, "page": page})
            yield from map(_reading, reply["rows"])
            page, more = page + 1, reply["more"]

    def ask(self, context: Context, params: dict[str, Any]) -> Any:
        """Give one page."""
        return context.http.get(self.url, params=params).json()


class Key(Credential):
    """What opens a guarded source."""

    key: Secret


class Guarded(Counts):
    """Counts for whoever has the key, one request at a time."""

    name: ClassVar[str] = "guarded"
    credential: ClassVar[type[Credential]] = Key
    quota: ClassVar[str] = "guarded"

    def quota_keys(self, credential: Any, credential_name: str) -> dict[str, Limits]:
        return {"guarded": Limits(concurrent=1)}

    def ask(self, context: Context, params: dict[str, Any]) -> Any:
        key = context.credential.key
        with context.quota.request(self.quota_keys(None, "")):
            return context.http.get(self.url, params=params, bearer=key).json()


class Moments(Source):
    """One figure of the present moment."""

    name: ClassVar[str] = "moments"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.INSTANT})
    url: str

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        reply = context.http.get(self.url, params={"at": window.start.isoformat()}).json()
        yield Reading(window.start, {"count": reply["count"]})


def _reading(row: dict[str, Any]) -> Reading:
    dimensions = {name: text for name, text in row.items() if name not in ("at", "count")}
    return Reading(datetime.fromisoformat(row["at"]), {"count": row["count"]}, dimensions)


@dataclass
class Fatal:
    """Kills this process when it passes a step for the given time."""

    step: str | None
    passing: int
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, step: str) -> None:
        if step != self.step:
            return
        with self._lock:
            self.passing -= 1
            if not self.passing:
                os.kill(os.getpid(), signal.SIGKILL)


def live(order: dict[str, Any]) -> NoReturn:
    """Be the child: run the program as the order says."""
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    clock = SharedClock(order["clock"]) if "clock" in order else ShiftedClock(order["ahead"])
    world = World(
        sources={one.name: one for one in (Counts, Guarded, Moments)},
        clock=clock,
        step=Fatal(order["step"], order["passing"]),
    )
    sys.exit(main(order["arguments"], world=world))


def warm_up() -> None:
    """Run once with nothing to collect, so that all that is imported late has been imported."""
    with tempfile.TemporaryDirectory() as directory, redirect_stdout(sys.stderr):
        platform = Path(directory, "config", "platform.yaml")
        platform.parent.mkdir()
        databases = (
            f"state: sqlite:///{directory}/a.db\nembedded: {{url: sqlite:///{directory}/b.db}}"
        )
        platform.write_text(databases)
        assert main(["--config", str(platform.parent), "run", "--all"]) == 0
    assert threading.active_count() == 1


def serve() -> None:
    """Fork a child for each order, one after the other."""
    warm_up()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            live(json.loads(line))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
