"""Slots: so many requests of a key at once, over all processes; a dead one's come back."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from collectors.clock import FixedClock
from collectors.errors import Unavailable
from collectors.store import Owner, Store, tables
from collectors.store.quota_book import PATIENCE
from collectors.store.quota_slots import LEASE
from tests.contexts import RecordingSleep
from tests.store.worlds import CHECKOUT, dead, open_store

KEY = "google-analytics:94954354"


def taken(store: Store) -> list[tuple[str, int]]:
    query = sa.select(tables.quota_slots.c.key, tables.quota_slots.c.number).order_by(sa.text("1"))
    rows = store.view.database.read(lambda connection: connection.execute(query).all())
    return [(row.key, row.number) for row in rows]


def never(_seconds: float) -> None:
    pytest.fail("there was a slot left, and it waited")


def test_as_many_hold_a_slot_as_there_are_and_give_it_back(store: Store, beside: Store):
    with store.quota.slot(KEY, 2, never), beside.quota.slot(KEY, 2, never):
        assert taken(store) == [(KEY, 0), (KEY, 1)]
    assert taken(store) == []


def test_keys_are_counted_apart(store: Store):
    with store.quota.slot(KEY, 1, never), store.quota.slot("other", 1, never):
        assert taken(store) == [(KEY, 0), ("other", 0)]


def test_who_comes_too_late_waits_until_one_is_given_back(store: Store, beside: Store):
    first = store.quota.slot(KEY, 1, never)
    first.__enter__()
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            first.__exit__(None, None, None)

    with beside.quota.slot(KEY, 1, sleep):
        assert len(waits) == 3
        assert 0 < waits[0] < waits[2] <= 1


def test_the_wait_ends_and_tells_what_it_waited_for(store: Store):
    sleep = RecordingSleep()
    with (
        store.quota.slot(KEY, 1, never),
        pytest.raises(Unavailable, match=f"1 requests of {KEY} are under way"),
        store.quota.slot(KEY, 1, sleep),
    ):
        pytest.fail("there was no slot")
    assert PATIENCE <= sum(sleep.seconds) < PATIENCE + 1
    assert taken(store) == []


def test_a_slot_is_given_back_by_who_fails(store: Store):
    with pytest.raises(ZeroDivisionError), store.quota.slot(KEY, 1, never):
        raise ZeroDivisionError
    assert taken(store) == []


@pytest.fixture
def store_of(database_url: str, clock: FixedClock) -> Iterator[Callable[[Owner], Store]]:
    """A function that opens the store as another process has it."""
    with ExitStack() as opened:

        def open_as(owner: Owner) -> Store:
            store = open_store(database_url, clock, owner)
            opened.callback(store.close)
            return store

        yield open_as


def test_the_slot_of_a_dead_process_is_free_at_once_on_its_host(
    store: Store, store_of: Callable[[Owner], Store]
):
    with store_of(dead()).quota.slot(KEY, 1, never), store.quota.slot(KEY, 1, never):
        assert taken(store) == [(KEY, 0)]


def test_elsewhere_it_is_free_when_its_lease_has_run_out(
    store: Store, clock: FixedClock, store_of: Callable[[Owner], Store]
):
    far_away = store_of(Owner("another-host", 1, 1)).quota
    with far_away.slot(KEY, 1, never):
        clock.advance(timedelta(seconds=LEASE))
        with pytest.raises(Unavailable), store.quota.slot(KEY, 1, RecordingSleep()):
            pytest.fail("there was no slot")
        clock.advance(timedelta(seconds=1))
        with store.quota.slot(KEY, 1, never):
            pass


def test_who_lost_a_slot_does_not_give_back_that_of_the_next(
    store: Store, clock: FixedClock, store_of: Callable[[Owner], Store]
):
    late = store_of(Owner("another-host", 1, 1)).quota.slot(KEY, 1, never)
    late.__enter__()
    clock.advance(timedelta(seconds=LEASE + 1))
    with store.quota.slot(KEY, 1, never):
        late.__exit__(None, None, None)
        assert taken(store) == [(KEY, 0)]
    assert taken(store) == []


def test_fewer_slots_than_before_count_from_now_on(store: Store):
    with store.quota.slot(KEY, 2, never), store.quota.slot(KEY, 2, never):
        assert len(taken(store)) == 2
    with store.quota.slot(KEY, 1, never), pytest.raises(Unavailable):
        store.quota.slot(KEY, 1, RecordingSleep()).__enter__()


def test_never_more_than_so_many_threads_of_two_stores_hold_one(store: Store, beside: Store):
    guard, held, most = threading.Lock(), 0, 0

    @contextmanager
    def counted() -> Iterator[None]:
        nonlocal held, most
        with guard:
            held += 1
            most = max(most, held)
        yield
        with guard:
            held -= 1

    def work(quota: Store) -> None:
        pause = threading.Event()
        for _ in range(10):
            with quota.quota.slot(KEY, 3, pause.wait), counted():
                pause.wait(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [store, beside] * 4))
    assert 0 < most <= 3
    assert taken(store) == []


def test_slots_are_shared_with_a_real_process_and_come_back_when_it_is_killed(
    store: Store, database_url: str
):
    command = [sys.executable, "-m", "tests.store.hold_a_slot", database_url, KEY, "3", "3"]
    child = subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(Unavailable), store.quota.slot(KEY, 3, RecordingSleep()):
            pytest.fail("the other process has them all")
        child.kill()
        child.wait()
        with store.quota.slot(KEY, 3, never):
            assert len(taken(store)) == 3
