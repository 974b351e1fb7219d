"""The points at which a process may die: each is really passed, and whatever is left is resumed."""

import signal

import pytest

from collectors.store import STEPS, Store
from tests.store.worlds import (
    COLLECTOR,
    chunk,
    collect,
    deliver_all,
    finish,
    lanes,
    open_store,
    run_child,
    start,
)

OF_THE_SENDER = ("send.sending", "send.sent")
"""Passed by whoever sends, between the transactions of the store."""


def test_a_cycle_passes_every_step_of_the_store_in_order(database_url: str):
    passed: list[str] = []
    store = open_store(database_url, step=passed.append)
    passed.clear()
    run = start(store, (0, 20))
    store.ledger.write_chunk(run, lanes(store), chunk(0, 10))
    finish(store, run, chunk(10, 20))
    deliver_all(store)
    store.close()
    expected = [name for name in STEPS if name not in OF_THE_SENDER]
    assert list(dict.fromkeys(passed)) == expected


@pytest.mark.parametrize("step", STEPS)
def test_after_a_kill_at_any_step_the_next_process_brings_the_window_home(
    database_url: str, store: Store, step: str
):
    child = run_child(database_url, step)
    assert child.returncode == -signal.SIGKILL, child.stderr
    held: set[str] = {"id-0", "only-the-dead-run"} if step.startswith("settle") else set()
    collect(store, (0, 20))
    for retraction, ids in deliver_all(store):
        held = held - set(ids) if retraction else held | set(ids)
    assert held == {"id-0", "id-10"}
    assert [(one.start, one.end) for one in store.view.collected(COLLECTOR)] == [(0, 20)]
    (lane,) = lanes(store).open
    assert store.view.lane_intervals(lane, COLLECTOR, "delivered") == [(0, 20)]
