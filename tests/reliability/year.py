"""``python -m tests.reliability.year``: a year of 4,000 collectors, and all that may be down in it.

The collectors are divided among the processors; each part sees the same outages. It takes minutes.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from multiprocessing import cpu_count
from pathlib import Path

from collectors.clock import FixedClock
from tests.reliability.fleet import Fleet
from tests.reliability.memory_book import MemoryBook
from tests.reliability.simulation import CALM, Simulation
from tests.reliability.weather import Weather
from tests.reliability.witness import Seen, Witness

START = datetime(2026, 1, 1, 9, 17, tzinfo=UTC)
FLEET = Fleet(daily=3000, hourly=700, weekly=300, instants=20, since=date(2025, 11, 1))


def simulate(part: int, parts: int, seed: int, days: int) -> Seen:
    """Simulate every so many-th collector; the first part tells how far it has come."""
    end = START + timedelta(days=days)
    with tempfile.TemporaryDirectory() as directory:
        collectors = dict(list(FLEET.configured(Path(directory) / "config").items())[part::parts])
    weather = Weather.drawn(seed, START, end - CALM)
    clock = FixedClock(START)
    witness = Witness(collectors, weather, START)
    book = MemoryBook(collectors, weather, witness, clock)
    Simulation(collectors, weather, book, witness, clock).run(
        START, end, tell if part == 0 else lambda _now: None
    )
    witness.conclude(end - CALM)
    return witness.seen


def tell(now: datetime) -> None:
    """Tell on every tenth day how far the time has come."""
    if now.toordinal() % 10 == 0:
        print(f"{time.strftime('%H:%M:%S')}  simulated until {now:%Y-%m-%d}", flush=True)


def main(arguments: Sequence[str]) -> None:
    """Simulate, and say what was seen; AssertionError where something should not have been."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2026, help="draws the outages")
    parser.add_argument("--days", type=int, default=365 + CALM.days)
    parser.add_argument("--processes", type=int, default=cpu_count())
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    with ProcessPoolExecutor(chosen.processes) as pool:
        under_way = [
            pool.submit(simulate, part, chosen.processes, chosen.seed, chosen.days)
            for part in range(chosen.processes)
        ]
        seen = sum((one.result() for one in under_way), Seen())
    took = timedelta(seconds=round(time.monotonic() - began))
    print(f"{chosen.days} days of seed {chosen.seed} in {took}: {seen}")


if __name__ == "__main__":
    main(sys.argv[1:])
