"""Runs: planned once, taken by one process, ended with a reason."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from collectors.clock import FixedClock, epoch
from collectors.errors import LeaseLost
from collectors.store import Owner, State, Store
from collectors.store.owner import LEASE
from collectors.store.runs import TIME_LIMIT
from tests.store.worlds import (
    COLLECTOR,
    all_runs,
    chunk,
    finish,
    lanes,
    latest,
    open_store,
    planned,
    run_child,
    start,
)


def beat_until(store: Store, run, clock: FixedClock, seconds: int) -> None:
    for _ in range(0, seconds, LEASE):
        clock.advance(timedelta(seconds=LEASE))
        store.ledger.heartbeat([run.id])


def test_planning_the_same_window_twice_gives_one_run(store: Store, beside: Store):
    first = store.ledger.plan(COLLECTOR, [planned(0, 10)])
    again = beside.ledger.plan(COLLECTOR, [planned(0, 10)])
    assert len(first.runs) == 1
    assert again.runs == first.runs


def test_windows_that_overlap_are_never_planned_beside_each_other(store: Store):
    plan = store.ledger.plan(COLLECTOR, [planned(0, 20), planned(10, 30), planned(20, 30)])
    assert len(plan.runs) == 2
    assert store.ledger.plan(COLLECTOR, [planned(0, 30)]).runs == plan.runs


def test_runs_of_different_collectors_do_not_hinder_each_other(store: Store):
    first = store.ledger.plan(COLLECTOR, [planned(0, 10)])
    other = store.ledger.plan("other/one", [planned(0, 10)])
    assert set(first.runs).isdisjoint(other.runs)


def test_a_run_that_another_process_works_on_is_reported_as_busy(store: Store, beside: Store):
    run = start(store, (0, 10))
    plan = beside.ledger.plan(COLLECTOR, [planned(0, 10), planned(10, 20)])
    assert [one.id for one in plan.busy] == [run.id]
    assert len(plan.runs) == 1


def test_a_claimed_run_is_not_to_be_had_again(store: Store, beside: Store):
    (run_id,) = store.ledger.plan(COLLECTOR, [planned(0, 10)]).runs
    run = store.ledger.claim(run_id)
    assert (run.state, run.attempts, run.window) == (State.RUNNING, 1, (0, 10))
    assert beside.ledger.claim(run_id) is None
    assert store.ledger.claim(run_id) is None


def test_live_and_other_runs_of_one_collector_go_side_by_side_on_different_windows(
    store: Store, beside: Store
):
    one, two = store.ledger.plan(COLLECTOR, [planned(0, 10), planned(10, 20, priority=5)]).runs
    assert store.ledger.claim(one) is not None
    assert beside.ledger.claim(two) is not None


def test_the_run_of_a_killed_process_is_lost_and_its_window_is_planned_again(
    database_url: str, store: Store
):
    child = run_child(database_url, "chunk.written")
    assert child.returncode == -signal.SIGKILL, child.stderr
    lost = latest(store)
    assert lost.state == State.LOST
    assert store.view.runs(states=[State.LOST]) == [store.view.run(lost.id)] == [lost]
    assert store.view.runs(states=[State.RUNNING]) == []
    plan = store.ledger.plan(COLLECTOR, [planned(0, 20)])
    assert plan.busy == []
    assert len(plan.runs) == 1
    assert plan.runs != [lost.id]
    ended = [run for run in all_runs(store) if run.id == lost.id]
    assert [(run.state, run.reason) for run in ended] == [
        (State.LOST, "its process ended before the run did")
    ]


def test_a_run_of_another_host_is_lost_when_its_lease_has_run_out(
    database_url: str, clock: FixedClock, store: Store
):
    elsewhere = Owner("elsewhere", 1, 1)
    away = open_store(database_url, clock, elsewhere)
    start(away, (0, 10))
    away.close()
    clock.advance(timedelta(seconds=LEASE))
    assert len(store.ledger.plan(COLLECTOR, [planned(0, 10)]).busy) == 1
    clock.advance(timedelta(seconds=1))
    assert store.ledger.plan(COLLECTOR, [planned(0, 10)]).busy == []


def test_a_heartbeat_prolongs_a_lease(store: Store, beside: Store, clock: FixedClock):
    run = start(store, (0, 10))
    beat_until(store, run, clock, 10 * LEASE)
    plan = beside.ledger.plan(COLLECTOR, [planned(0, 10)])
    assert [one.lease_until for one in plan.busy] == [epoch(clock.now()) + LEASE]


def test_a_chunk_prolongs_a_lease_as_a_heartbeat_does(
    store: Store, beside: Store, clock: FixedClock
):
    run = start(store, (0, 20))
    clock.advance(timedelta(seconds=LEASE))
    store.ledger.write_chunk(run, lanes(store), chunk(0, 10))
    clock.advance(timedelta(seconds=LEASE))
    assert len(beside.ledger.plan(COLLECTOR, [planned(0, 20)]).busy) == 1


def test_a_run_over_its_time_limit_is_taken_over_although_its_heart_beats(
    store: Store, beside: Store, clock: FixedClock
):
    run = start(store, (0, 10))
    beat_until(store, run, clock, TIME_LIMIT)
    assert len(beside.ledger.plan(COLLECTOR, [planned(0, 10)]).busy) == 1
    beat_until(store, run, clock, 1)
    plan = beside.ledger.plan(COLLECTOR, [planned(0, 10)])
    assert plan.busy == []
    assert len(plan.runs) == 1


def test_whoever_has_lost_a_run_can_neither_go_on_nor_finish_nor_end_it(
    store: Store, beside: Store, clock: FixedClock
):
    run = start(store, (0, 10))
    to = lanes(store)
    clock.advance(timedelta(seconds=LEASE + 1))
    taken = start(beside, (0, 10))
    with pytest.raises(LeaseLost, match=f"{COLLECTOR}: run {run.id} was taken over"):
        store.ledger.write_chunk(run, to, chunk(0, 10))
    with pytest.raises(LeaseLost):
        finish(store, run, chunk(0, 10), to=to)
    with pytest.raises(LeaseLost):
        store.ledger.end(run, State.FAILED, "it broke")
    store.ledger.heartbeat([run.id])
    assert store.view.entries() == []
    assert store.view.collected(COLLECTOR) == []
    assert [one.id for one in store.ledger.plan(COLLECTOR, [planned(0, 10)]).busy] == [taken.id]


def test_a_parked_run_waits_for_its_time(store: Store, clock: FixedClock):
    run = start(store, (0, 10))
    later = epoch(clock.now()) + 3600
    store.ledger.end(run, State.PARKED, "the quota is spent", not_before=later)
    plan = store.ledger.plan(COLLECTOR, [planned(0, 10)])
    assert plan.runs == [run.id]
    assert store.ledger.claim(run.id) is None
    clock.advance(timedelta(hours=1))
    again = store.ledger.claim(run.id)
    assert (again.state, again.attempts, again.not_before, again.ended_at) == (
        State.RUNNING,
        2,
        None,
        None,
    )


def test_a_failed_run_keeps_its_reason_and_its_window_is_planned_again(store: Store):
    run = start(store, (0, 10))
    store.ledger.end(run, State.FAILED, "it broke", warnings=["a"], sample="<html>", rejected=1)
    ended = latest(store)
    assert (ended.state, ended.reason, ended.warnings, ended.sample, ended.rejected) == (
        State.FAILED,
        "it broke",
        ("a",),
        "<html>",
        1,
    )
    assert store.ledger.plan(COLLECTOR, [planned(0, 10)]).runs != [run.id]


def test_a_window_given_by_hand_takes_the_place_of_due_runs_it_overlaps(store: Store):
    one, two = store.ledger.plan(COLLECTOR, [planned(0, 20), planned(20, 30)]).runs
    plan = store.ledger.plan(COLLECTOR, [planned(10, 20)], instead=True)
    assert plan.runs[0] == two
    assert len(plan.runs) == 2
    assert store.ledger.claim(one) is None
    superseded = next(run for run in all_runs(store) if run.id == one)
    assert (superseded.state, superseded.reason) == (State.SUPERSEDED, "a window given by hand")


def test_a_window_given_by_hand_waits_for_a_run_that_is_under_way(store: Store, beside: Store):
    run = start(store, (0, 20))
    plan = beside.ledger.plan(COLLECTOR, [planned(10, 20)], instead=True)
    assert plan.runs == []
    assert [one.id for one in plan.busy] == [run.id]


def test_two_processes_that_claim_the_same_runs_take_each_once(store: Store, beside: Store):
    run_ids = store.ledger.plan(COLLECTOR, [planned(at, at + 10) for at in range(0, 200, 10)]).runs
    together = threading.Barrier(4)

    def claim_all(opened: Store) -> list[int]:
        together.wait()
        return [run.id for run in map(opened.ledger.claim, run_ids) if run is not None]

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(claim_all, [store, beside, store, beside]))
    assert sorted(run_id for listed in taken for run_id in listed) == sorted(run_ids)


def test_two_processes_that_plan_the_same_window_at_once_write_one_run(store: Store, beside: Store):
    together = threading.Barrier(4)

    def plan(opened: Store) -> tuple[int, ...]:
        together.wait()
        return tuple(opened.ledger.plan(COLLECTOR, [planned(0, 10)]).runs)

    with ThreadPoolExecutor(4) as pool:
        plans = set(pool.map(plan, [store, beside, store, beside]))
    assert len(plans) == 1
    assert len(all_runs(store)) == 1
