"""Backfills: drafted from coverage, fed to the queue a few at a time, and every period once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from collectors.api import QuotaSpent, Refused, Unavailable
from collectors.clock import FixedClock, from_epoch
from collectors.runner import (
    Between,
    Draft,
    Parts,
    Wish,
    collect,
    collect_taken,
    draft,
    feed,
    plan,
)
from collectors.store import PartState
from tests.archives import Archive, Behaviour, days, parts_of
from tests.places import NOW
from tests.store.worlds import open_store

SERVICE = """\
service: toll
collectors:
  days: {source: archive, schedule: daily, zone: UTC, query: {shelf: days}}
  short: {source: archive, schedule: daily, zone: UTC, query: {shelf: short, span_days: 10}}
  weeks: {source: archive, schedule: weekly, zone: UTC, query: {shelf: weeks}}
  young: {source: archive, schedule: daily, zone: UTC, query: {shelf: young, settle_days: 3}}
"""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def archive() -> Behaviour:
    """What the archives do; as new for each test."""
    Archive.behaviour.reset()
    return Archive.behaviour


@pytest.fixture
def parts(
    tmp_path: Path, database_url: str, clock: FixedClock, archive: Behaviour
) -> Iterator[Parts]:
    services = tmp_path / "config" / "services"
    services.mkdir(parents=True)
    (services / "toll.yaml").write_text(SERVICE)
    store = open_store(database_url, clock)
    yield parts_of(tmp_path / "config", store, clock)
    store.close()


def wish(start: str, end: str = "2026-11-20", **more) -> Wish:
    return Wish(between=Between(date.fromisoformat(start), date.fromisoformat(end)), **more)


def drafted(parts: Parts, what: Wish, *names: str) -> Draft:
    return draft(parts, {f"toll/{one}": parts.collectors[f"toll/{one}"] for one in names}, what)


def begun(parts: Parts, what: Wish, *names: str) -> int:
    return parts.store.backfills.create(drafted(parts, what, *names).order("toll"))


def work(parts: Parts, at_most: int = 2, rounds: int = 100) -> None:
    """Feed and collect until nothing can go on, or for so many rounds."""
    for _ in range(rounds):
        feed(parts, parts.collectors, at_most)
        runs = parts.store.queue.take(100)
        for run in runs:
            collect_taken(parts, parts.collectors[run.collector], run, lambda *_: None)
        if not runs:
            return


def states(parts: Parts, number: int) -> list[str]:
    parts.store.backfills.settle()
    return [str(part.state) for part in parts.store.backfills.parts(number)]


def state(parts: Parts, number: int) -> str:
    return str(parts.store.backfills.progress([number])[0].backfill.state)


def chunks(made: Draft) -> list[str]:
    """The chunks in the order in which they are collected."""
    last = timedelta(days=1)
    return [
        f"{one.collector[5:]} {from_epoch(one.start):%m-%d}..{from_epoch(one.end) - last:%m-%d}"
        for one in made.order("").chunks
    ]


def test_collectors_take_turns_chunk_by_chunk(parts):
    assert chunks(drafted(parts, wish("2026-10-15"), "days", "short", "weeks")) == [
        "days 10-15..10-31",
        "short 10-15..10-31",
        "weeks 10-12..11-01",
        "days 11-01..11-19",
        "short 11-01..11-19",
        "weeks 11-02..11-15",
    ]


def test_the_newest_may_come_first(parts):
    assert chunks(drafted(parts, wish("2026-09-30", newest_first=True), "days")) == [
        "days 11-01..11-19",
        "days 10-01..10-31",
        "days 09-30..09-30",
    ]


def test_a_draft_tells_runs_requests_and_what_is_passed_over(parts, archive):
    begun(parts, wish("2026-11-06", "2026-11-10"), "short")
    work(parts)
    archive.earliest = datetime(2026, 10, 28, 5, tzinfo=UTC)
    (share,) = drafted(parts, wish("2026-10-20"), "short").shares
    assert (share.periods, share.settled, share.runs, share.requests) == (17, 5, 3, 6)
    assert days(share.forgotten) == ["10-20..10-28"]
    (share,) = drafted(parts, wish("2026-10-20", force=True), "short").shares
    assert (share.periods, share.settled, share.runs) == (22, 0, 3)


def test_a_draft_is_timed_by_past_runs_of_its_source_whoever_was_collected(parts, clock):
    made = drafted(parts, wish("2026-11-06"), "short")
    assert (made.is_guessed, made.seconds) == (True, 4)
    number = begun(parts, wish("2026-11-06"), "days")
    feed(parts, parts.collectors, 1)
    (run,) = parts.store.queue.take(1)
    clock.advance(timedelta(seconds=20))
    collect_taken(parts, parts.collectors[run.collector], run, lambda *_: None)
    assert states(parts, number) == ["done"]
    made = drafted(parts, wish("2026-11-06"), "short")
    assert (made.is_guessed, made.seconds) == (False, 40)


def test_windows_are_as_long_as_a_source_allows_and_every_period_is_collected_once(parts, archive):
    number = begun(parts, wish("2026-10-15"), "days", "short")
    work(parts)
    assert archive.windows("days") == ["10-15..10-31", "11-01..11-19"]
    assert sorted(archive.windows("short")) == [
        "10-15..10-24",
        "10-25..10-31",
        "11-01..11-10",
        "11-11..11-19",
    ]
    assert state(parts, number) == "done"


def test_so_many_are_under_way_and_no_more(parts):
    begun(parts, wish("2026-01-01"), "days", "short")
    assert feed(parts, parts.collectors, 3) == 3
    assert feed(parts, parts.collectors, 3) == 0
    assert feed(parts, parts.collectors, 5) == 2
    assert len(parts.store.queue.take(100)) == 5


def test_two_backfills_of_the_same_days_collect_them_once(parts, archive):
    numbers = [begun(parts, wish("2026-10-15"), name) for name in ("young", "young")]
    work(parts, at_most=1)
    assert sorted(archive.windows("young")) == ["10-15..10-31", "11-01..11-19"]
    assert [state(parts, number) for number in numbers] == ["done", "done"]


def test_what_is_forced_is_collected_again_and_takes_the_place_of_what_was_there(parts, archive):
    begun(parts, wish("2026-11-06"), "days")
    work(parts)
    before = parts.store.view.collected("toll/days")
    parts.clock.advance(timedelta(minutes=1))
    number = begun(parts, wish("2026-11-06", force=True), "days")
    work(parts)
    (before,), (after,) = before, parts.store.view.collected("toll/days")
    assert archive.windows("days") == ["11-06..11-19"] * 2
    assert (after.start, after.end) == (before.start, before.end)
    assert after.collected_at == before.collected_at + 60
    assert state(parts, number) == "done"


def test_what_was_collected_meanwhile_is_passed_over(parts, archive):
    number = begun(parts, wish("2026-11-01"), "short")
    by_hand = Between(date(2026, 11, 8), date(2026, 11, 12))
    for run_id in plan(parts, parts.collectors["toll/short"], by_hand).runs:
        collect(parts, parts.collectors["toll/short"], run_id, lambda *_: None)
    work(parts)
    assert archive.windows("short") == ["11-08..11-12", "11-01..11-07", "11-13..11-19"]
    assert state(parts, number) == "done"


def test_what_a_source_has_forgotten_meanwhile_fails_alone(parts, archive):
    number = begun(parts, wish("2026-10-01"), "days")
    archive.earliest = datetime(2026, 10, 5, 8, tzinfo=UTC)
    work(parts)
    assert sorted(archive.windows("days")) == ["10-06..10-31", "11-01..11-19"]
    lost = [one for one in parts.store.backfills.parts(number) if one.state is PartState.FAILED]
    assert [(one.periods, one.reason) for one in lost] == [
        (5, "the source does not remember it any more")
    ]
    assert state(parts, number) == "failed"


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (Refused("it says no"), ["failed", "failed"]),
        (Unavailable("it is down"), ["waiting", "waiting"]),
        (QuotaSpent("spent", NOW + timedelta(hours=2)), ["entered", "entered"]),
    ],
)
def test_what_fails_for_good_fails_and_what_passes_waits(parts, archive, error, after):
    number = begun(parts, wish("2026-10-15"), "days")
    archive.error = error
    work(parts)
    assert states(parts, number) == after
    archive.error = None
    parts.store.backfills.retry(number)
    parts.clock.advance(timedelta(hours=2))
    work(parts)
    assert state(parts, number) == "done"


def test_a_collector_that_is_paused_or_gone_waits_and_holds_nobody(parts, archive):
    number = begun(parts, wish("2026-10-15"), "days", "short", "young")
    parts.store.pauses.pause("collector", "toll/short")
    kept = {name: one for name, one in parts.collectors.items() if name != "toll/young"}
    assert feed(parts, kept, 9) == 2
    assert {run.collector for run in parts.store.queue.take(9)} == {"toll/days"}
    parts.store.pauses.resume("collector", "toll/short")
    work(parts, at_most=9)
    assert {name for name, _ in archive.asked} == {"short", "young"}
    assert state(parts, number) == "running"


def test_what_was_still_young_is_collected_again_until_it_is_settled(parts, archive):
    plan(parts, parts.collectors["toll/young"])
    begun(parts, wish("2026-11-10"), "young")
    work(parts)
    parts.clock.advance(timedelta(days=4))
    plan(parts, parts.collectors["toll/young"])
    work(parts)
    settled = parts.store.view.collected("toll/young")[0]
    assert (settled.settled, f"{from_epoch(settled.end):%m-%d}") == (True, "11-21")
    assert archive.windows("young")[-1] == "11-17..11-19"


def test_live_work_is_taken_first(parts):
    begun(parts, wish("2026-10-15"), "days")
    feed(parts, parts.collectors, 9)
    plan(parts, parts.collectors["toll/short"])
    assert [run.kind for run in parts.store.queue.take(9)] == ["live", "backfill", "backfill"]
