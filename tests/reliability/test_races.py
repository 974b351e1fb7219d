"""Two processes in each other's way, step by step."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.engine.sender import Sender
from collectors.runner import Parts, Patience
from collectors.store import Store
from collectors.values import Batch, DataSet, Receipt
from tests.places import NOW, GoingClock, make_client
from tests.reliability.processes import LONGEST
from tests.store.worlds import COLLECTOR, collect, lanes, living, open_store, planned, start

ONE, TWO = DataSet("toll", "one"), DataSet("toll", "two")


class Taker:
    """A sink that takes everything."""

    def send(self, batch: Batch) -> Receipt:
        return Receipt(accepted=batch.count)

    def retract(self, data_set: DataSet, ids: list[str]) -> Receipt:
        return Receipt(accepted=len(ids))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The store as this process has it open."""
    opened = open_store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def beside(database_url: str, store: Store) -> Iterator[Store]:
    """The same store as another living process has it open: here, whoever started the tests."""
    opened = open_store(database_url, owner=living(os.getppid()))
    yield opened
    opened.close()


def _sender(store: Store, sent: threading.Event | None = None) -> Sender:
    clock = GoingClock(NOW)
    parts = Parts(
        store=store,
        sinks={"platform": Taker()},
        vault=None,
        http=make_client(clock),
        clock=clock,
        directory=Path(),
        outbox_limit=10**9,
        patience=Patience(owner_wait=0.01, owner_tries=int(LONGEST / 0.01)),
    )
    return Sender(lambda: parts, 2, lambda _delivered: sent.set() if sent else None)


def _put(store: Store, data_set: DataSet, start: int) -> int:
    to = lanes(store, "platform", data_set=data_set)
    collect(store, (start, start + 10), to=to, collector=str(data_set))
    return to.open[0]


def test_two_senders_that_each_want_a_lane_of_the_other_do_not_wait_for_one_another(
    store: Store, beside: Store
):
    one, two = _put(store, ONE, 0), _put(store, TWO, 0)
    sent = threading.Event(), threading.Event()
    first, second = _sender(store, sent[0]), _sender(beside, sent[1])
    first.notice([one])
    second.notice([two])
    assert all(event.wait(LONGEST) for event in sent)
    _put(store, ONE, 10)
    _put(store, TWO, 10)
    first.notice([two])
    second.notice([one])
    left = [sender.close().left for sender in (first, second)]
    assert left == [{}, {}]
    assert store.view.entries() == []


def test_what_another_process_puts_into_a_lane_of_ours_is_sent_before_we_end(
    store: Store, beside: Store
):
    sent = threading.Event()
    sender = _sender(store, sent)
    sender.notice([_put(store, ONE, 0)])
    assert sent.wait(LONGEST)
    _put(beside, ONE, 10)
    assert sender.close().observations == 2
    assert store.view.entries() == []


def test_a_window_that_is_collected_between_looking_and_planning_is_not_planned_again(
    store: Store, beside: Store
):
    seen = store.view.collected(COLLECTOR)
    collect(beside, (0, 10))
    late = store.ledger.plan(COLLECTOR, [planned(0, 20)], seen=seen)
    assert (late.stale, list(late.runs)) == (True, [])
    again = store.ledger.plan(COLLECTOR, [planned(10, 20)], seen=store.view.collected(COLLECTOR))
    assert not again.stale
    assert len(again.runs) == 1


def test_a_plan_that_came_too_late_still_gives_what_was_due_before(store: Store, beside: Store):
    (due,) = store.ledger.plan(COLLECTOR, [planned(20, 30)], seen=[]).runs
    run = start(beside, (0, 10))
    collect(beside, (10, 20))
    late = store.ledger.plan(COLLECTOR, [planned(0, 30)], seen=[])
    assert late.stale
    assert list(late.runs) == [due]
    assert late.busy[0].id == run.id
