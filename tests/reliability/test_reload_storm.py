"""A storm of edits while a daemon runs: who is not meant feels nothing of it.

Files are added, changed, broken and removed and tokens replaced in quick succession, noticed by the
watcher or told by SIGHUP. COLLECTOR_TEST_EDITS says how many edits, COLLECTOR_TEST_SEED gives the
same ones again.
"""

import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest

from collectors.clock import epoch
from collectors.store import State, TickOutcome, tables
from tests.reliability.conftest import mixed_hour
from tests.reliability.hour import MOMENTS, Hour
from tests.reliability.hour_checks import is_done, mistakes, rows, ticks_since, wrong
from tests.reliability.hour_secrets import leaks, read_page
from tests.reliability.processes import Child, Template

EDITS = int(os.environ.get("COLLECTOR_TEST_EDITS") or 60)
SEED = int(os.environ.get("COLLECTOR_TEST_SEED") or 2026)
SECOND = timedelta(seconds=1)
MEGABYTE = 1 << 20


@pytest.fixture
def hour(tmp_path: Path, templates: tuple[Template, Template]) -> Iterator[Hour]:
    """A mixed hour in a file of its own: what is stormed does not see which database it has."""
    with mixed_hour(tmp_path, f"sqlite:///{tmp_path}/state.db", templates) as made:
        yield made


def test_a_storm_of_edits_costs_no_tick_and_ends_with_the_last_configuration(hour: Hour):
    chance = random.Random(SEED)
    hour.configure()
    hour.backfill()
    daemon = hour.daemon()
    pages = hour.begun()
    began = hour.clock.now()
    _storm(hour, daemon, chance)
    _a_broken_file_keeps_its_last_good_version(hour, pages, chance)
    before = Size.of(daemon)
    _storm(hour, daemon, chance)
    _a_broken_file_keeps_its_last_good_version(hour, pages, chance)
    after = Size.of(daemon)
    assert after.is_hardly_more_than(before), (before, after)
    titles = hour.settle_files()
    daemon.kill(signal.SIGHUP)
    hour.until(lambda: all(title in _page(pages, name) for name, title in titles.items()))
    over = hour.clock.now()
    _just_these_tick(hour, {"toll/every", MOMENTS, *titles})
    hour.until(lambda: is_done(hour))
    assert mistakes(hour) == []
    assert leaks(hour, pages) == []
    hour.stop()
    hour.flush()
    assert "\n".join(wrong(hour)) == ""
    _no_moment_was_missed(hour, began, over)


@dataclass(frozen=True)
class Size:
    """What a process takes; ``memory`` is in megabytes."""

    threads: int
    files: int
    memory: int

    @classmethod
    def of(cls, child: Child) -> "Size":
        process = psutil.Process(child.pid)
        memory = process.memory_info().rss // MEGABYTE
        return cls(process.num_threads(), process.num_fds(), memory)

    def is_hardly_more_than(self, other: "Size") -> bool:
        """Tell whether it has not grown, but for threads and connections of pools not yet full."""
        return (
            self.threads <= other.threads + 4
            and self.files <= other.files + 8
            and self.memory <= other.memory * 1.1
        )


def _storm(hour: Hour, daemon: Child, chance: random.Random) -> None:
    """Make half of the edits."""
    for _ in range(EDITS // 2):
        hour.edit(chance)
        if chance.random() < 0.3:
            daemon.kill(signal.SIGHUP)
        hour.source.stopping.wait(chance.uniform(0, 0.2))


def _a_broken_file_keeps_its_last_good_version(
    hour: Hour, pages: str, chance: random.Random
) -> None:
    name = "moving-0/cars"
    title = hour.move("moving-0")
    hour.until(lambda: title in _page(pages, name))
    hour.breaks("moving-0", chance)
    hour.until(lambda: any("moving-0.yaml" in one for one in mistakes(hour)))
    broken = hour.clock.now()
    hour.until(lambda: name in {tick.collector for tick in ticks_since(hour, broken)})
    assert title in _page(pages, name)


def _just_these_tick(hour: Hour, names: set[str]) -> None:
    """See who ticks every second, for a while."""
    since = hour.clock.now() + SECOND
    hour.until(
        lambda: any(tick.at > epoch(since + 2 * SECOND) for tick in ticks_since(hour, since))
    )
    assert {tick.collector for tick in ticks_since(hour, since)} - {"toll/latest"} == names


def _no_moment_was_missed(hour: Hour, began: datetime, over: datetime) -> None:
    ours = [tick for tick in ticks_since(hour, began) if tick.collector == MOMENTS]
    ticks = [tick for tick in ours if tick.at <= epoch(over)]
    assert {tick.outcome for tick in ticks} == {TickOutcome.RAN}, ticks
    store = hour.store()
    ran = {one["id"]: one["state"] for one in rows(store, tables.runs)}
    store.close()
    assert {ran[tick.run_id] for tick in ticks} == {State.DONE}


def _page(pages: str, name: str) -> str:
    return read_page(f"{pages}/status/collectors/{name}").decode()
