"""One trial: a configuration, a source, a platform, and processes that are killed at their work."""

import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from collectors.clock import FixedClock, epoch
from collectors.datasets import DataSets
from collectors.store import DELIVERED, OWED, Owner, Store, tables
from collectors.store.owner import is_free
from collectors.store.runs import OPEN
from collectors.values import DataSet
from tests.reliability.figures import (
    FIRST,
    SERVICE,
    SPANS,
    Day,
    collected,
    dead_letters,
    expected,
)
from tests.reliability.processes import Child, Template
from tests.reliability.servers import TOKENS, Platform, SourceServer

WORKERS = 4
CONFIGURED = """\
target: [embedded{platform}]
state: {state}
embedded: {{url: "{embedded}"}}
timezone: Europe/London
workers: {workers}
"""
COLLECTORS = f"""\
service: {SERVICE}
collectors:
  daily:
    source: counts
    schedule: daily
    since: 2026-10-18
    batch: 10
    query: {{url: "{{source}}/daily", settle_hours: "72"}}
  refused:
    source: counts
    schedule: daily
    since: 2026-10-18
    batch: 10
    query: {{url: "{{source}}/refused", settle_hours: "72"}}
  hourly:
    source: counts
    schedule: hourly
    since: 2026-10-26
    batch: 10
    query: {{url: "{{source}}/hourly", settle_hours: "24", span_hours: "12"}}
  latest:
    source: counts
    schedule: daily
    since: 2026-10-25
    replace: yes
    batch: 10
    query: {{url: "{{source}}/latest", settle_hours: "24"}}
"""
PERIOD_KEYS = tuple(
    f"_{one}_start_at" for one in ("hour", "day", "week", "month", "quarter", "year")
)
Held = Mapping[str, Iterable[Mapping[str, Any]]]
"""What a target holds: records by series."""


@dataclass
class Trial:
    """Where everything of a trial is. ``day`` is the day that it is now."""

    directory: Path
    database_url: str
    source: SourceServer
    platform: Platform
    templates: tuple[Template, Template]
    day: Day = FIRST

    def configure(self) -> None:
        """Write the configuration and the tokens."""
        for name in ("config/services", "credentials"):
            (self.directory / name).mkdir(parents=True)
        self.target(with_platform=True)
        service = COLLECTORS.replace("{source}", self.source.url)
        (self.directory / f"config/services/{SERVICE}.yaml").write_text(service)
        tokens = self.directory / "credentials/tokens.yaml"
        tokens.write_text("".join(f"{name}: {token}\n" for name, token in TOKENS.items()))
        tokens.chmod(0o600)
        self.turn_to(FIRST)

    def target(self, *, with_platform: bool) -> None:
        """Write ``platform.yaml``, with the platform beside the embedded target or without it."""
        platform = f', {{name: platform, url: "{self.platform.url}/data"}}'
        text = CONFIGURED.format(
            platform=platform if with_platform else "",
            state=self.database_url,
            embedded=self.embedded_url,
            workers=WORKERS,
        )
        (self.directory / "config/platform.yaml").write_text(text)

    def turn_to(self, day: Day) -> None:
        """Let it be that day, for the source, for every clock and every server."""
        self.day = self.source.day = day
        ahead = (day.now - datetime.now(UTC)).total_seconds()
        self.source.ahead = self.platform.ahead = ahead

    def start(
        self,
        step: str | None = None,
        passing: int = 1,
        *,
        command: Sequence[str] = ("run",),
        what: Sequence[str] = ("--all",),
        beside: bool = False,
    ) -> Child:
        """Start a command; it kills itself when it passes ``step`` for the given time."""
        places = {"--config": "config", "--credentials": "credentials"}
        options = [part for name, at in places.items() for part in (name, str(self.directory / at))]
        order = {
            "arguments": [*options, *command, *what, "--json"],
            "ahead": self.source.ahead,
            "step": step,
            "passing": passing,
            "output": str(self.directory / "output.txt"),
        }
        return self.templates[beside].start(order)

    def run(self, step: str | None = None, passing: int = 1) -> int:
        """Start ``run --all`` and give its exit code once it has ended or been killed."""
        return self.ended(self.start(step, passing))

    def run_and_die(self, step: str, passing: int) -> None:
        """Start ``run --all`` and see it killed at a step."""
        assert self.run(step, passing) == -signal.SIGKILL, self.output

    def run_to_the_end(self) -> None:
        """Start ``run --all`` and see it end by itself; 1 is for observations that were refused."""
        assert self.run() in {0, 1}, self.output

    def ended(self, child: Child) -> int:
        """Wait for the end of a child and of all that it asked of the servers."""
        code = child.wait()
        self.source.wait_until_quiet()
        self.platform.wait_until_quiet()
        return code

    @contextmanager
    def held_up(self) -> Iterator[Child]:
        """Start ``run --all`` and hold it while it both collects and sends; then let it go on."""
        self.source.gate.shut("/hourly")
        self.platform.gate.shut()
        child = self.start()
        self.source.gate.wait_for(1)
        self.platform.gate.wait_for(1)
        yield child
        self.source.gate.open()
        self.platform.gate.open()

    @contextmanager
    def without_tokens(self) -> Iterator[None]:
        """Let the platform accept nothing, for want of a token."""
        tokens = self.directory / "credentials/tokens.yaml"
        away = tokens.rename(tokens.with_name("away.yaml"))
        yield
        away.rename(tokens)

    @property
    def output(self) -> str:
        """All that the processes of this trial have printed."""
        return (self.directory / "output.txt").read_text()

    @property
    def wrong(self) -> list[str]:
        """Everything that is not as it must be; in the data sets, then in the store."""
        platform = {series: self.platform.held[f"{SERVICE}/{series}"].values() for series in SPANS}
        embedded = self.embedded()
        return [
            *misses("platform", self.day, platform, schema=True),
            *misses("embedded", self.day, embedded, schema=False),
            *_other_ids(platform, embedded),
            *(f"two posts about one period at a time: {one}" for one in self.platform.overlaps),
            *self._wrong_in_store(),
        ]

    @property
    def embedded_url(self) -> str:
        """The database of the embedded data sets: a file beside the store's, or the same server."""
        on_server = self.database_url.startswith("postgresql")
        return self.database_url if on_server else f"sqlite:///{self.directory}/data-sets.db"

    def embedded(self) -> Held:
        """Give what the embedded data sets hold, as it was sent."""
        data_sets = DataSets(self.embedded_url, clock=FixedClock(self.day.now))
        added = {*PERIOD_KEYS, "_updated_at"}
        held = {
            series: [
                {name: value for name, value in one.items() if name not in added}
                for one in data_sets.read(DataSet(SERVICE, series))
            ]
            for series in SPANS
        }
        data_sets.close()
        return held

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store, to look into it."""
        clock = FixedClock(self.day.now)
        store = Store(self.database_url, clock=clock, owner=Owner.this_process())
        try:
            yield store
        finally:
            store.close()

    def runs(self, store: Store, *states: str) -> list[sa.RowMapping]:
        """Give the runs in these states."""
        query = sa.select(tables.runs).where(tables.runs.c.state.in_(states))
        return store.view.database.read(
            lambda connection: list(connection.execute(query).mappings())
        )

    def _wrong_in_store(self) -> list[str]:
        me, now = Owner.this_process(), epoch(self.day.now)
        with self.store() as store:
            return [
                *(f"open run: {dict(run)}" for run in self.runs(store, *OPEN)),
                *(f"in the outbox: {entry}" for entry in store.view.entries()),
                *(
                    f"not free: {depth.lane}"
                    for depth in store.view.depths(empty_too=True)
                    if not is_free(depth.lane.owner, depth.lane.lease_until, me, now)
                    or depth.lane.parked_at
                    or depth.lane.retry_at
                ),
                *self._wrong_letters(store),
                *(said for series in SPANS for said in self._wrong_coverage(store, series)),
            ]

    def _wrong_letters(self, store: Store) -> list[str]:
        found = [
            (one.target, without_id(orjson.loads(one.observation)))
            for one in store.view.dead_letters()
        ]
        return compared("dead letters", dead_letters(self.day), found)

    def _wrong_coverage(self, store: Store, series: str) -> list[str]:
        name = f"{SERVICE}/{series}"
        start, end = map(epoch, self.day.covered[series])
        stretches = store.view.collected(name)
        edges = [start, *(edge for one in stretches for edge in (one.start, one.end)), end]
        tiled = edges[::2] == edges[1::2] and all(one.start < one.end for one in stretches)
        wrong = [] if tiled else [f"{name} is not collected from {start} to {end}: {stretches}"]
        lanes = [one.lane for one in store.view.depths(empty_too=True)]
        for lane in (one for one in lanes if one.data_set == name):
            delivered = store.view.lane_intervals(lane.id, name, DELIVERED)
            if delivered != [(start, end)]:
                wrong.append(f"{lane.name} has {delivered}, not {start} to {end}")
            if owed := store.view.lane_intervals(lane.id, name, OWED):
                wrong.append(f"{lane.name} is owed {owed}")
        counts = [one.observations for one in stretches]
        if None not in counts and sum(map(int, counts)) != collected(self.day, series):
            wrong.append(f"{name} counts {counts} observations")
        return wrong


def misses(target: str, day: Day, held: Held, *, schema: bool) -> list[str]:
    """Tell what a target misses and what it has too much, observation by observation."""
    return [
        said
        for series, records in held.items()
        for said in compared(
            f"{series} at {target}",
            expected(day, series, schema=schema),
            map(without_id, records),
        )
    ]


def _other_ids(platform: Held, embedded: Held) -> list[str]:
    """Tell which observations have one id here and another there."""
    return [
        f"{series}: other ids at the platform than here: {one}"
        for series, records in platform.items()
        for one in _spelt(records) - _spelt(embedded[series])
    ]


def compared(what: str, right: Iterable[Any], found: Iterable[Any]) -> list[str]:
    """Tell what was not found of what is right, and what was found beside it."""
    wanted, there = _spelt(right), _spelt(found)
    return [
        *(f"{what}: missing {one}" for one in (wanted - there).elements()),
        *(f"{what}: too much {one}" for one in (there - wanted).elements()),
    ]


def _spelt(values: Iterable[Any]) -> Counter[str]:
    return Counter(orjson.dumps(one, option=orjson.OPT_SORT_KEYS).decode() for one in values)


def without_id(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give an observation without its id, which is ours to choose."""
    return {name: value for name, value in record.items() if name != "_id"}
