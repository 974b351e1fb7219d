"""Runs that come to the end of a quota: they are parked or wait, and nothing is asked for twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from collectors.api import Limits
from collectors.clock import FixedClock, epoch, from_epoch
from collectors.http_client import HttpClient
from collectors.runner import Between, Parts, Wish, collect, collect_taken, draft, feed, plan
from collectors.store import Run, State, Store
from tests.archives import Archive, Behaviour, parts_of
from tests.places import NOW
from tests.store.worlds import open_store

NAME = "toll/days"
SERVICE = """\
service: toll
collectors:
  days: {source: archive, schedule: daily, zone: UTC, query: {shelf: days}}
"""


@dataclass
class Watched:
    """Sleeps by setting the clock forward, and keeps what the store says of the run meanwhile."""

    clock: FixedClock
    store: Store
    seen: list[Run] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seen += self.store.view.runs(limit=1)
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def archive() -> Iterator[Behaviour]:
    Archive.behaviour.reset()
    yield Archive.behaviour
    Archive.behaviour.reset()


@pytest.fixture
def sleep(database_url: str) -> Iterator[Watched]:
    clock = FixedClock(NOW)
    store = open_store(database_url, clock)
    yield Watched(clock, store)
    store.close()


@pytest.fixture
def parts(tmp_path: Path, sleep: Watched, archive: Behaviour) -> Parts:
    services = tmp_path / "config" / "services"
    services.mkdir(parents=True)
    (services / "toll.yaml").write_text(SERVICE)
    made = parts_of(tmp_path / "config", sleep.store, sleep.clock)
    http = HttpClient(clock=sleep.clock, sleep=sleep)
    return replace(made, http=http)


def begun(parts: Parts, first: str, last: str) -> int:
    """Begin a backfill, and enter its first run."""
    wish = Wish(between=Between(date.fromisoformat(first), date.fromisoformat(last)))
    number = parts.store.backfills.create(draft(parts, parts.collectors, wish).order("toll"))
    feed(parts, parts.collectors, 1)
    return number


def take(parts: Parts) -> Run | None:
    """Work off one run as a daemon does."""
    feed(parts, parts.collectors, 1)
    for run in parts.store.queue.take(1):
        collect_taken(parts, parts.collectors[NAME], run, lambda *_: None, parks=True)
        return parts.store.view.run(run.id)
    return None


def given(archive: Behaviour) -> list[int]:
    return [at.day for at in archive.given]


@pytest.mark.parametrize("limits", [Limits(per_minute=3), Limits(per_hour=3)])
def test_a_run_ends_where_a_quota_does_and_the_rest_is_parked(parts, sleep, archive, limits):
    archive.limits["archive"] = limits
    number = begun(parts, "2026-11-01", "2026-11-07")

    first, second = take(parts), take(parts)

    assert given(archive) == [1, 2, 3]
    assert (first.state, first.end - first.start) == (State.DONE, 2 * 86400)
    assert "the rest of its window is due again: the quota archive is spent" in first.reason
    assert (second.state, second.start) == (State.PARKED, first.end)
    assert sleep.seen == [], "no worker waits"
    while parts.store.backfills.running():
        parked = parts.store.view.runs(states=[State.PARKED])
        sleep.clock.at = from_epoch(parked[0].not_before) if parked else sleep.clock.at
        take(parts)
        parts.store.backfills.settle()
    assert given(archive) == [1, 2, 3, 3, 4, 5, 5, 6, 7], "the last one might not be whole"
    assert parts.store.backfills.progress([number])[0].done == 7


def test_who_waits_says_for_what_and_until_when(parts, sleep, archive):
    archive.limits["archive"] = Limits(per_minute=3)
    begun(parts, "2026-11-01", "2026-11-04")
    [(run_id, _)] = parts.store.backfills.due([1], 1)

    collect(parts, parts.collectors[NAME], run_id, lambda *_: None)

    waited = sum((one.state == State.RUNNING) for one in sleep.seen)
    assert waited >= 12, "it does not wait in one go"
    assert sleep.seen[0].reason.startswith("waits: the quota archive is spent until 2026-11-20")
    assert sleep.seen[0].not_before - epoch(NOW) in range(60, 71)
    done = parts.store.view.run(run_id)
    assert (done.state, done.not_before) == (State.DONE, None)
    assert done.reason == "4 observations of 4 readings"
    assert done.waited in range(60, 73)


def test_what_was_waited_for_a_quota_is_not_time_that_a_request_takes(parts, sleep, archive):
    archive.limits["archive"] = Limits(per_minute=3)
    begun(parts, "2026-11-01", "2026-11-04")
    [(run_id, _)] = parts.store.backfills.due([1], 1)
    collect(parts, parts.collectors[NAME], run_id, lambda *_: None)

    [speed] = parts.store.backfills.speeds([NAME])

    assert speed.seconds <= 1


def test_what_cannot_be_cut_waits_where_it_is(parts, sleep, archive):
    archive.limits["archive"] = Limits(per_minute=3)
    between = Between(date(2026, 11, 1), date(2026, 11, 4))
    [run_id] = plan(parts, parts.collectors[NAME], between).runs
    [run] = parts.store.queue.take(1)

    outcome = collect_taken(parts, parts.collectors[NAME], run, lambda *_: None, parks=True)

    assert (outcome.state, given(archive)) == (State.DONE, [1, 2, 3, 4])
    assert sleep.seen[0].id == run_id


def test_what_is_left_of_a_backfill_takes_as_long_as_its_quotas_allow(parts, sleep, archive):
    archive.limits["archive"] = Limits(per_hour=4)
    number = begun(parts, "2026-09-01", "2026-11-19")
    take(parts)
    while not (known := parts.store.backfills.progress([number])[0]).pace:
        sleep.clock.advance(timedelta(hours=2))
        take(parts)
        parts.store.backfills.settle()
    assert known.pace >= 2, "it was parked for hours, and nothing of that is work"
    assert known.seconds_left == 3600, "two runs of two requests are left: more than this hour has"
