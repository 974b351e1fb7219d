"""Backfills in the store: what becomes of a part follows from its run, whoever died."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from collectors.clock import FixedClock, epoch, from_epoch
from collectors.store import (
    BackfillChunk,
    BackfillOrder,
    BackfillPart,
    BackfillProgress,
    BackfillState,
    PartState,
    Planned,
    Proposal,
    State,
    Store,
)
from collectors.store.backfill_settling import TRIES
from tests.store.worlds import COLLECTOR, NOW, all_runs, chunk, dead, finish, open_store, start

AT = epoch(NOW)


def order(*chunks: tuple[str, int, int], force: bool = False) -> BackfillOrder:
    return BackfillOrder(
        what="everything",
        start="2026-01-01",
        end="2026-01-31",
        chunk="month",
        newest_first=False,
        force=force,
        chunks=[
            BackfillChunk(collector=name, start=start, end=end, periods=(end - start) // 10)
            for name, start, end in chunks
        ],
    )


def ordered(store: Store, *chunks: tuple[str, int, int], force: bool = False) -> int:
    return store.backfills.create(order(*chunks or [(COLLECTOR, 0, 30)], force=force))


def waiting(store: Store, number: int) -> list[BackfillPart]:
    return store.backfills.waiting(number, -1, 100)


def window(start: int, end: int) -> Planned:
    return Planned(start=start, end=end, kind="backfill", priority=4, reason="backfill")


def enter(store: Store, part: BackfillPart, until: int | None = None) -> int | None:
    seen = store.view.collected(part.collector)
    return store.backfills.enter(part, window(part.reached, until or part.end), seen)


def end_run(store: Store, run_id: int, state: State, reason: str = "because", **more: Any) -> None:
    run = store.ledger.claim(run_id)
    assert run is not None
    store.ledger.end(run, state, reason, **more)


def collected(store: Store, run_id: int) -> None:
    run = store.ledger.claim(run_id)
    assert run is not None
    finish(store, run, chunk(*run.window))


def settled(store: Store, number: int) -> list[BackfillPart]:
    store.backfills.settle()
    return store.backfills.parts(number)


def only(parts: list[BackfillPart]) -> BackfillPart:
    (part,) = parts
    return part


def progress(store: Store, number: int) -> BackfillProgress:
    return store.backfills.progress([number])[0]


def test_a_part_is_collected_run_by_run_and_the_backfill_ends_with_the_last(
    store: Store, clock: FixedClock
):
    number = ordered(store)
    for until in (10, 30):
        run_id = enter(store, only(waiting(store, number)), until)
        assert run_id is not None
        assert waiting(store, number) == []
        clock.advance(timedelta(seconds=5))
        collected(store, run_id)
        assert only(settled(store, number)).reached == until
    part, done = only(store.backfills.parts(number)), progress(store, number)
    assert (part.state, part.ended_at) == (PartState.DONE, AT + 10)
    assert (done.backfill.state, done.done, done.left) == (BackfillState.DONE, 3, 0)
    assert done.pace == pytest.approx(2), "2 periods within a second: what it waited is left out"


def test_how_far_it_is_counts_periods_of_parts_that_are_half_done(store: Store):
    number = ordered(store, (COLLECTOR, 0, 30), ("b/other", 0, 50))
    run_id = enter(store, waiting(store, number)[0], 20)
    assert run_id is not None
    collected(store, run_id)
    store.backfills.settle()
    known = progress(store, number)
    assert (known.collectors, known.periods, known.done, known.left) == (2, 8, 2, 6)
    assert known.seconds_left is None


@pytest.mark.parametrize(
    ("state", "more", "after", "tries", "wait"),
    [
        (State.NOT_YET, {}, PartState.WAITING, 1, 60),
        (State.FAILED, {"not_before": AT}, PartState.WAITING, 1, 60),
        (State.FAILED, {"not_before": AT + 600}, PartState.WAITING, 1, 600),
        (State.FAILED, {}, PartState.FAILED, 0, None),
        (State.LOST, {}, PartState.WAITING, 0, None),
        (State.SUPERSEDED, {}, PartState.WAITING, 0, None),
        (State.PARKED, {"not_before": AT + 600}, PartState.ENTERED, 0, None),
    ],
)
def test_what_becomes_of_a_part_follows_from_its_run(
    store: Store, state: State, more: dict[str, int], after: PartState, tries: int, wait: int | None
):
    number = ordered(store)
    run_id = enter(store, only(waiting(store, number)))
    assert run_id is not None
    end_run(store, run_id, state, **more)
    part = only(settled(store, number))
    not_before = None if wait is None else AT + wait
    assert (part.state, part.attempts, part.not_before) == (after, tries, not_before)


def test_a_passing_failure_is_tried_again_ever_later_and_not_for_ever(
    store: Store, clock: FixedClock
):
    number = ordered(store)
    waits = []
    for _ in range(TRIES):
        part = only(waiting(store, number))
        run_id = enter(store, part)
        assert run_id is not None
        end_run(store, run_id, State.FAILED, "it is down", not_before=epoch(clock.now()))
        part = only(settled(store, number))
        if part.not_before is not None:
            waits.append(part.not_before - epoch(clock.now()))
            assert waiting(store, number) == []
            clock.at = from_epoch(part.not_before)
    assert waits == [60, 240, 960, 3840, 15360]
    assert (part.state, part.reason) == (PartState.FAILED, "it is down; tried 6 times")
    assert progress(store, number).backfill.state is BackfillState.FAILED


def test_failed_parts_alone_are_tried_again(store: Store):
    number = ordered(store, (COLLECTOR, 0, 10), (COLLECTOR, 10, 20))
    first, second = (enter(store, part) for part in waiting(store, number))
    assert first is not None
    assert second is not None
    collected(store, first)
    end_run(store, second, State.FAILED, "it says no")
    store.backfills.settle()
    assert progress(store, number).failed == 1
    assert store.backfills.retry(number) == 1
    assert [part.start for part in waiting(store, number)] == [10]
    assert progress(store, number).backfill.state is BackfillState.RUNNING
    assert store.backfills.retry(number) == 0


def test_a_collector_that_is_parked_or_waits_does_so_with_all_its_parts_and_holds_nobody_else(
    store: Store, clock: FixedClock
):
    names = ("a/parked", "b/failed", "c/free")
    number = ordered(store, *[(name, at, at + 10) for at in (0, 10) for name in names])
    parked, failed = (enter(store, part) for part in waiting(store, number)[:2])
    assert parked is not None
    assert failed is not None
    end_run(store, parked, State.PARKED, "spent", not_before=AT + 3600)
    end_run(store, failed, State.FAILED, "it is down", not_before=AT)
    store.backfills.settle()
    assert {part.collector for part in waiting(store, number)} == {"c/free"}
    assert store.backfills.under_way(number) == 0
    known = progress(store, number)
    assert known.parked_until == NOW + timedelta(hours=1)
    assert known.retried_at == NOW + timedelta(minutes=1)
    clock.advance(timedelta(minutes=1))
    assert {part.collector for part in waiting(store, number)} == {"b/failed", "c/free"}


def test_a_part_waits_for_every_open_run_of_its_time(store: Store):
    number = ordered(store)
    other = start(store, (20, 40))
    part = only(waiting(store, number))
    assert enter(store, part) is None
    assert enter(store, part, 20) is not None
    finish(store, other, chunk(20, 40))


def test_what_follows_from_coverage_of_before_is_not_entered(store: Store):
    number = ordered(store)
    part, seen = only(waiting(store, number)), store.view.collected(COLLECTOR)
    finish(store, start(store, (0, 10)), chunk(0, 10))
    assert store.backfills.enter(part, window(0, 30), seen) is None
    assert enter(store, part) is not None


def test_two_processes_that_feed_at_once_enter_a_part_once(
    store: Store, beside: Store, database_url: str
):
    number = ordered(store, *[(f"a/{at}", 0, 10) for at in range(8)])
    ready = Barrier(2)

    def feed(process: Store) -> None:
        ready.wait()
        for part in waiting(process, number):
            enter(process, part)

    threads = [Thread(target=feed, args=(one,)) for one in (store, beside)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(run.collector for run in all_runs(store)) == [f"a/{at}" for at in range(8)]
    assert store.backfills.under_way(number) == 8


def test_it_gives_way_to_what_is_more_urgent_unless_it_runs(store: Store):
    number = ordered(store, ("a/due", 0, 30), ("b/runs", 0, 30))
    _, running = (enter(store, part) for part in waiting(store, number))
    assert running is not None
    assert store.ledger.claim(running) is not None
    live = Planned(start=20, end=30, kind="live", priority=0, reason="ended")
    for name in ("a/due", "b/runs"):
        store.queue.enter([Proposal(collector=name, planned=[live], seen=())])
    states = {(run.collector, run.kind): run.state for run in all_runs(store)}
    assert states == {
        ("a/due", "backfill"): State.SUPERSEDED,
        ("a/due", "live"): State.DUE,
        ("b/runs", "backfill"): State.RUNNING,
    }
    assert [part.collector for part in settled(store, number) if part.state == "waiting"] == [
        "a/due"
    ]


def test_a_pause_takes_back_what_nobody_has_begun_and_a_resume_goes_on(store: Store):
    number = ordered(store, ("a/due", 0, 10), ("b/runs", 0, 10), ("c/waits", 0, 10))
    _, running = (enter(store, part) for part in waiting(store, number)[:2])
    assert running is not None
    run = store.ledger.claim(running)
    assert run is not None
    assert store.backfills.pause(number)
    assert not store.backfills.pause(number)
    assert store.backfills.running() == []
    assert enter(store, waiting(store, number)[0]) is None
    assert store.queue.take(9) == []
    finish(store, run, chunk(0, 10))
    assert store.backfills.resume(number)
    states = [part.state for part in settled(store, number)]
    assert states == [PartState.WAITING, PartState.DONE, PartState.WAITING]


def test_a_resume_tries_at_once_what_waits(store: Store):
    number = ordered(store)
    run_id = enter(store, only(waiting(store, number)))
    assert run_id is not None
    end_run(store, run_id, State.NOT_YET)
    store.backfills.settle()
    assert waiting(store, number) == []
    assert store.backfills.resume(number)
    assert only(waiting(store, number)).attempts == 1


def test_what_is_cancelled_stays_so_and_what_ran_is_still_noted(store: Store):
    number = ordered(store, ("a/due", 0, 10), ("b/runs", 0, 10))
    _, running = (enter(store, part) for part in waiting(store, number))
    assert running is not None
    run = store.ledger.claim(running)
    assert run is not None
    assert store.backfills.cancel(number)
    assert store.queue.take(9) == []
    finish(store, run, chunk(0, 10))
    assert [part.state for part in settled(store, number)] == ["waiting", "done"]
    assert progress(store, number).backfill.state is BackfillState.CANCELLED
    assert not store.backfills.resume(number)
    assert not store.backfills.cancel(number)
    assert store.backfills.retry(number) == 0


def test_the_run_of_a_process_that_died_is_noticed_and_its_part_waits_again(
    database_url: str, store: Store, clock: FixedClock
):
    number = ordered(store)
    died = open_store(database_url, clock, dead())
    run_id = enter(died, only(waiting(died, number)))
    assert run_id is not None
    assert died.ledger.claim(run_id) is not None
    died.close()
    assert only(settled(store, number)).state is PartState.ENTERED
    assert store.queue.reap() == 1
    part = only(settled(store, number))
    assert (part.state, part.attempts) == (PartState.WAITING, 0)
    assert enter(store, part) is not None


def test_what_is_lost_fails_as_a_part_of_its_own(store: Store):
    number = ordered(store, (COLLECTOR, 0, 100))
    part = only(waiting(store, number))
    store.backfills.lose(part, (0, 40), 4, "forgotten")
    first, lost = store.backfills.parts(number)
    assert (first.reached, first.periods, first.state) == (40, 6, PartState.WAITING)
    assert (lost.start, lost.end, lost.periods, lost.state) == (0, 40, 4, PartState.FAILED)
    store.backfills.lose(part, (0, 50), 5, "seen before")
    assert len(store.backfills.parts(number)) == 2


def test_what_is_forced_leaves_a_trace(store: Store):
    ordered(store, ("a/x", 0, 10), ("b/x", 0, 10), ("a/x", 10, 20), force=True)
    assert [row[2:] for row in store.view.audit()] == [
        ("collect again", name, "2026-01-01 - 2026-01-31") for name in ("a/x", "b/x")
    ]


def test_what_the_last_runs_took_tells_how_fast_a_source_is(store: Store, clock: FixedClock):
    for window, seconds in (((0, 10), 3), ((10, 30), 8)):
        run = start(store, window)
        clock.advance(timedelta(seconds=seconds))
        finish(store, run, chunk(*window))
    start(store, (30, 40))
    found = store.backfills.speeds([COLLECTOR, "a/other"])
    assert [(one.start, one.end, one.seconds) for one in found] == [(10, 30, 8), (0, 10, 3)]
