"""Several threads and processes on one collector: nothing is forgotten, nobody waits in a ring."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from collectors.store import DELIVERED, Store
from tests.store.worlds import COLLECTOR, chunk, collect, deliver, finish, lanes, planned

ROUNDS = 8


def at_once(*works: Callable[[], object]) -> None:
    """Do all of it at the same time, and raise what any of it raises."""
    together = threading.Barrier(len(works))

    def do(work: Callable[[], object]) -> None:
        together.wait()
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(do, works))


def claimed(store: Store, windows: Sequence[tuple[int, int]]):
    plan = store.ledger.plan(COLLECTOR, [planned(*window) for window in windows], instead=True)
    return [store.ledger.claim(run_id) for run_id in plan.runs]


def test_windows_of_one_collector_that_are_finished_at_once_are_all_collected(
    store: Store, beside: Store
):
    windows = [(at, at + 10) for at in range(0, 40, 10)]
    for _ in range(ROUNDS):
        collect(store, (0, 40), settled=True)
        runs = claimed(store, windows[::2])
        others = claimed(beside, windows[1::2])
        at_once(
            *(lambda run=run: finish(store, run, chunk(*run.window)) for run in runs),
            *(lambda run=run: finish(beside, run, chunk(*run.window)) for run in others),
        )
        stretches = store.view.collected(COLLECTOR)
        assert [(one.start, one.end) for one in stretches] == windows
        assert all(left.end <= right.start for left, right in pairwise(stretches))


def test_entries_that_are_settled_at_once_are_all_delivered(store: Store):
    (lane,) = lanes(store).open
    for number in range(ROUNDS):
        base = number * 100
        for at in range(base, base + 40, 10):
            collect(store, (at, at + 10))
        entries = store.delivery.ready(lane, 10)
        at_once(*(lambda entry=entry: deliver(store, entry) for entry in entries))
        held = store.view.lane_intervals(lane, COLLECTOR, DELIVERED)
        assert held[-1] == (base, base + 40)


def test_a_window_that_is_finished_while_its_chunk_is_settled_is_delivered(store: Store):
    (lane,) = lanes(store).open
    for number in range(ROUNDS):
        window = (number * 20, number * 20 + 10)
        (run,) = claimed(store, [window])
        store.ledger.write_chunk(run, lanes(store), chunk(*window))
        (entry,) = store.delivery.ready(lane, 1)
        at_once(
            lambda run=run: finish(store, run, None),
            lambda entry=entry: deliver(store, entry),
        )
        assert store.view.lane_intervals(lane, COLLECTOR, DELIVERED)[-1] == window


def test_planning_finishing_beating_and_acquiring_at_once_never_lock_each_other_out(
    store: Store, beside: Store
):
    to = lanes(store, "embedded", "platform")
    store.delivery.acquire(to.open)
    for number in range(ROUNDS):
        window = (number * 10, number * 10 + 10)
        run = claimed(store, [window])[-1]
        at_once(
            lambda run=run: finish(store, run, chunk(*run.window), to=to),
            lambda run=run: store.ledger.heartbeat([run.id]),
            lambda: beside.ledger.plan(COLLECTOR, [planned(1000, 1010)]),
            lambda: beside.delivery.acquire(to.open),
            store.delivery.unpark,
        )
    assert len(store.view.collected(COLLECTOR)) == ROUNDS
