"""The due queue: what ticks enter, and workers take by priority and age."""

from datetime import timedelta

import pytest

from collectors.clock import FixedClock, epoch
from collectors.errors import Refused
from collectors.store import Owner, Planned, Proposal, Run, State, Store, TickOutcome
from tests.store.worlds import COLLECTOR, NOW, all_runs, chunk, finish, open_store, start

AT = epoch(NOW)


def proposed(name: str, *windows: tuple[int, int], priority: int = 0, **more) -> Proposal:
    kind = ["live", "manual", "catch-up", "revisit", "backfill"][priority]
    planned = [
        Planned(start=start, end=end, kind=kind, priority=priority, reason="ended, never collected")
        for start, end in windows
    ]
    return Proposal(collector=name, planned=planned, seen=(), **more)


def outcomes(store: Store) -> list[tuple[str, str]]:
    return [(tick.outcome, tick.collector) for tick in store.ticks.listed()]


def test_workers_take_by_priority_and_then_by_age(store: Store):
    store.queue.enter([proposed("a/old", (0, 10), priority=4), proposed("b/old", (0, 10))])
    store.queue.enter([proposed("c/new", (0, 10)), proposed("d/new", (0, 10), priority=2)])
    assert [run.collector for run in store.queue.take(3)] == ["b/old", "c/new", "d/new"]
    assert [run.collector for run in store.queue.take(3)] == ["a/old"]
    assert store.queue.take(3) == []


def test_workers_may_take_runs_of_one_kind_only(store: Store):
    store.queue.enter([proposed("a/live", (0, 10)), proposed("b/old", (0, 10), priority=4)])
    assert [run.collector for run in store.queue.take(9, ["backfill"])] == ["b/old"]


def test_two_processes_never_take_one_run(store: Store, beside: Store):
    store.queue.enter([proposed(f"a/{number}", (0, 10)) for number in range(6)])
    ours = {run.id for run in store.queue.take(3)}
    theirs = {run.id for run in beside.queue.take(9)}
    assert len(ours) == len(theirs) == 3
    assert ours.isdisjoint(theirs)


def test_a_parked_run_is_taken_when_its_time_has_come(store: Store, clock: FixedClock):
    store.queue.enter([proposed(COLLECTOR, (0, 10))])
    [run] = store.queue.take(1)
    store.ledger.end(run, State.PARKED, "spent", not_before=AT + 60)
    assert store.queue.take(1) == []
    clock.advance(timedelta(seconds=60))
    assert [one.id for one in store.queue.take(1)] == [run.id]


def test_a_window_is_entered_once_however_often_it_is_due(store: Store, beside: Store):
    for one in (store, beside, store):
        one.queue.enter([proposed(COLLECTOR, (0, 10))])
    assert len(all_runs(store)) == 1


def test_what_follows_from_coverage_of_before_is_not_entered(store: Store):
    run = start(store, (0, 10))
    finish(store, run, None)
    plans = store.queue.enter([proposed(COLLECTOR, (0, 10), at=[AT])])
    assert plans[COLLECTOR].stale
    assert store.queue.take(1) == []
    assert store.ticks.listed() == []


def test_a_tick_tells_what_became_of_it(store: Store, clock: FixedClock):
    store.queue.enter([proposed("a/runs", (0, 10), at=[AT])])
    assert outcomes(store) == [(TickOutcome.WAITS, "a/runs")]
    store.queue.take(1)
    assert outcomes(store) == [(TickOutcome.RAN, "a/runs")]
    store.queue.enter([proposed("a/runs", (0, 10), at=[AT + 1])])
    assert outcomes(store)[0] == (TickOutcome.JOINED, "a/runs")
    store.queue.enter([proposed("b/idle", at=[AT], idle="everything is collected")])
    tick = store.ticks.listed(["b/idle"])[0]
    assert (tick.outcome, tick.reason) == (TickOutcome.SKIPPED, "everything is collected")
    store.queue.enter([proposed("c/late", (0, 10), at=[AT])])
    clock.advance(timedelta(minutes=5))
    store.queue.take(1)
    assert outcomes(store)[0] == (TickOutcome.LATE, "c/late")
    assert store.ticks.listed()[0].reason.startswith("it began 300 s after the tick; run ")


@pytest.mark.parametrize(
    ("instant", "outcome"), [(False, TickOutcome.JOINED), (True, TickOutcome.SKIPPED)]
)
def test_ticks_that_the_next_one_overtook_are_told_in_one_row(store: Store, instant, outcome):
    store.queue.enter([proposed(COLLECTOR, (0, 10), at=[AT - 120, AT - 60, AT], instant=instant)])
    last, overtaken = store.ticks.listed()
    assert last.outcome is TickOutcome.WAITS
    assert (overtaken.outcome, overtaken.count, overtaken.at) == (outcome, 2, AT - 60)


def test_what_is_put_back_is_due_again_and_the_old_run_cannot_write(store: Store):
    store.queue.enter([proposed(COLLECTOR, (0, 10))])
    [run] = store.queue.take(1)
    store.queue.put_back([run.id], "the daemon was stopped")
    assert state(store, run) == State.LOST
    store.queue.enter([proposed(COLLECTOR, (0, 10))])
    [again] = store.queue.take(1)
    assert again.id != run.id


def test_what_waits_of_a_collector_may_be_withdrawn(store: Store):
    store.queue.enter([proposed("a/gone", (0, 10)), proposed("b/stays", (0, 10))])
    assert store.queue.waiting() == {"a/gone", "b/stays"}
    assert store.queue.withdraw({"a/gone": "it is not configured any more"}) == 1
    assert store.queue.waiting() == {"b/stays"}


def test_ticks_are_forgotten_after_a_month(store: Store, clock: FixedClock):
    store.queue.enter([proposed(COLLECTOR, at=[AT], idle="nothing is due")])
    clock.advance(timedelta(days=31))
    assert store.ticks.forget() == 1
    assert store.ticks.listed() == []


def test_runs_are_forgotten_after_half_a_year_but_the_last_and_what_is_spoken_of(
    store: Store, clock: FixedClock
):
    first = start(store, (0, 10))
    finish(store, first, None)
    waiting = start(store, (10, 20))
    finish(store, waiting, chunk(10, 20))
    last = start(store, (20, 30))
    finish(store, last, None)
    clock.advance(timedelta(days=181))
    assert store.ticks.forget() == 1
    assert [run.id for run in all_runs(store)] == [waiting.id, last.id]


def test_there_is_one_daemon_a_store_and_the_second_is_told_who_it_is(store: Store, beside: Store):
    store.post.take()
    with pytest.raises(
        Refused,
        match=r"process \d+ on .+ is the daemon of this store since [\d-]+ [\d:]+ UTC: end it",
    ):
        beside.post.take()
    holder = beside.post.holder()
    assert holder is not None
    assert holder.since == NOW
    store.post.leave()
    assert beside.post.holder() is None
    beside.post.take()
    assert not store.post.prolong()


def test_a_daemon_that_went_silent_is_replaced_and_finds_out(
    store: Store, database_url: str, clock: FixedClock
):
    store.post.take()
    assert store.post.prolong()
    clock.advance(timedelta(seconds=61))
    other = open_store(database_url, clock, Owner("elsewhere", 1, 1))
    try:
        other.post.take()
        assert not store.post.prolong()
    finally:
        other.close()


def test_a_notice_is_the_last_that_was_told(store: Store, beside: Store):
    store.post.tell("files", {"broken": ["a"]})
    store.post.tell("files", {"broken": []})
    assert beside.post.told("files") == (NOW, {"broken": []})
    assert beside.post.told("other") is None


def state(store: Store, run: Run) -> str:
    return store.view.run(run.id).state
