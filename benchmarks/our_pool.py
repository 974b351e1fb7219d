"""Many small collections by the works of the daemon: from one tick to the last receipt.

    python -m benchmarks.our_pool SOURCE_URL SINK_URL COLLECTIONS

Everything is on: ticks, due queue, coverage, outbox, runs, SQLite with ``synchronous=FULL``, and a
line of log a run. Reading the configuration comes before the tick, and is not measured here.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa

from benchmarks.measuring import told
from benchmarks.quick_servers import ROWS
from benchmarks.rows import TOKEN
from collectors.api import Context, Period, Reading, Source, Window
from collectors.cli import logs
from collectors.cli.settings import Settings, World
from collectors.daemon.chores import Chores
from collectors.daemon.housekeeping import Housekeeping
from collectors.daemon.lookout import Lookout
from collectors.daemon.memory import settle
from collectors.daemon.metrics import Metrics
from collectors.daemon.present import Present
from collectors.daemon.pulse import Pulse
from collectors.daemon.works import Works
from collectors.engine.heart import Heart
from collectors.schedule import Tick, timing_of

WORKERS = 64
A_FILE = 10
"""How many collectors a file holds."""
LONGEST = 120.0


class Hours(Source):
    """A source that asks once, and gives the rows of a day."""

    name: ClassVar[str] = "hours"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.DAY})

    url: str
    number: int

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of a day."""
        asked = {"number": str(self.number), "day": window.start.isoformat()}
        for row in context.http.get(self.url, params=asked).json()["rows"]:
            measures = {"views": row["views"], "seconds": row["seconds"]}
            yield Reading(window.start, measures, {"hour": row["hour"]})


def write_files(directory: Path, source: str, sink: str, collections: int) -> Settings:
    """Write the configuration, ten collectors a file, and give the settings to run it."""
    services = directory / "config" / "services"
    services.mkdir(parents=True)
    (directory / "credentials").mkdir(mode=0o700)
    (directory / "config" / "platform.yaml").write_text(
        f"target: {{url: '{sink}/data', name: bench}}\nworkers: {WORKERS}\n"
        f"state: sqlite:///{directory}/state.db\ntimezone: Europe/London\n"
    )
    for first in range(0, collections, A_FILE):
        entries = "".join(
            f"  c{number % A_FILE}:\n"
            "    {source: hours, schedule: daily, zone: UTC, "
            f"query: {{url: '{source}/rows', number: {number}}}}}\n"
            for number in range(first, min(first + A_FILE, collections))
        )
        name = f"bench-{first // A_FILE}"
        (services / f"{name}.yaml").write_text(f"service: {name}\ncollectors:\n{entries}")
    tokens = directory / "credentials" / "tokens.yaml"
    tokens.touch(mode=0o600)
    tokens.write_text(f'"*": {TOKEN}\n')
    world = World(sources={Hours.name: Hours})
    return Settings(world, directory / "config", directory / "credentials", None)


def work(settings: Settings, collections: int) -> float:
    """Let all collectors tick at once; give the seconds until all is delivered."""
    with settings.store() as store, settings.parts(store) as parts:
        present = Present(settings.configuration, parts)
        pulse = Pulse()
        heart = Heart(store)
        works = Works(present, Metrics(Lookout(lambda: present.parts)), pulse, heart)
        chores = Chores("housekeeper", Housekeeping(present, works).chores())
        at = settings.world.clock.now().replace(microsecond=0)
        tick = Tick(timing_of(next(iter(present.active.values()))), tuple(present.active), (at,))
        settle()
        with heart:
            works.planner.start()
            works.crew.start()
            chores.start()
            began = time.perf_counter()
            works.planner.ticked(tick)
            while works.sender.sent.observations < collections * ROWS:
                time.sleep(0.02)
                if time.perf_counter() > began + LONGEST:
                    sys.exit(f"after {LONGEST} s only {works.sender.sent} were sent")
            seconds = time.perf_counter() - began
            chores.stop(10.0)
            works.stop(10.0)
    return seconds


WANTED = {
    "SELECT count(*) FROM runs WHERE state = 'done'": 1,
    "SELECT count(*) FROM ticks WHERE outcome = 'planned'": 1,
    "SELECT count(*) FROM coverage WHERE settled": 1,
    "SELECT sum(observations) FROM coverage": ROWS,
    "SELECT count(*) FROM lane_coverage WHERE state = 'delivered'": 1,
    "SELECT count(*) FROM outbox": 0,
}
"""What the store must hold in the end, of each collection."""


def check(directory: Path, collections: int) -> None:
    """Refuse a run that left anything else in the store."""
    engine = sa.create_engine(f"sqlite:///{directory}/state.db")
    with engine.connect() as connection:
        for query, each in WANTED.items():
            found = connection.exec_driver_sql(query).scalar()
            if found != each * collections:
                sys.exit(f"{query}: {found} instead of {each * collections}")
    engine.dispose()


def main(source: str, sink: str, collections: str) -> None:
    """Write the files, read them, work, look whether all is there."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings = write_files(Path(folder), source, sink, int(collections))
        if mistakes := settings.configuration.mistakes:
            sys.exit("\n".join(map(str, mistakes[:5])))
        logs.configure(as_json=True, verbose=1, scrub=settings.vault.scrub)
        seconds = work(settings, int(collections))
        check(Path(folder), int(collections))
    told(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
