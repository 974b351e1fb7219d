"""Slots: so many requests of a key at once, over all processes; a dead one's come back."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from collectors.api import Limits
from collectors.clock import FixedClock
from collectors.errors import QuotaSpent
from collectors.store import Owner, RunQuota, Store
from collectors.store.quota_asking import LATER, PATIENCE
from collectors.store.quota_slots import LEASE
from tests.contexts import RecordingSleep
from tests.store.worlds import CHECKOUT, NOW, dead, open_store

KEY = "google:property:94954354"


def never(_seconds: float) -> None:
    pytest.fail("there was a slot left, and it waited")


def held(store: Store, at_most: int, sleep=never, *, key: str = KEY, live: bool = True):
    """Hold a slot of ``key``; in this process nobody waits for a turn."""
    quota = RunQuota(store.quota, {}, sleep, live)
    return quota.request({key: Limits(concurrent=at_most, reserve_for_live=0.5)})


def taken(store: Store) -> dict[str, int]:
    return {one.key: one.under_way for one in store.quota.standing() if one.under_way}


def test_as_many_hold_a_slot_as_there_are_and_give_it_back(store: Store, beside: Store):
    with held(store, 2), held(beside, 2):
        assert taken(store) == {KEY: 2}
    assert taken(store) == {}


def test_keys_are_counted_apart(store: Store):
    with held(store, 1), held(store, 1, key="other"):
        assert taken(store) == {KEY: 1, "other": 1}


def test_who_comes_too_late_waits_until_one_is_given_back(store: Store, beside: Store):
    first = held(store, 1)
    first.__enter__()
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            first.__exit__(None, None, None)

    with held(beside, 1, sleep):
        assert len(waits) == 3
        assert 0 < waits[0] < waits[2] <= 1


def test_who_waited_for_too_long_is_parked_for_a_little(store: Store, beside: Store):
    sleep = RecordingSleep()
    with (
        held(store, 1),
        pytest.raises(QuotaSpent, match=f"{KEY} is in use: 1 request may be under way") as caught,
        held(beside, 1, sleep),
    ):
        pytest.fail("there was no slot")
    assert PATIENCE - 1 <= sum(sleep.seconds) <= PATIENCE
    assert caught.value.resets_at == NOW + LATER
    assert taken(store) == {}


def test_what_is_reserved_for_live_work_nobody_else_takes(store: Store, beside: Store):
    with (
        held(store, 4, live=False),
        held(store, 4, live=False),
        pytest.raises(QuotaSpent, match="the rest is reserved for live work"),
        held(beside, 4, RecordingSleep(), live=False),
    ):
        pytest.fail("half of them are reserved")
    with held(store, 4, live=False), held(store, 4), held(store, 4), held(store, 4):
        assert taken(store) == {KEY: 4}


def test_a_slot_is_given_back_by_who_fails(store: Store):
    with pytest.raises(ZeroDivisionError), held(store, 1):
        raise ZeroDivisionError
    assert taken(store) == {}


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
    with held(store_of(dead()), 1), held(store, 1):
        assert taken(store) == {KEY: 1}


def test_elsewhere_it_is_free_when_its_lease_has_run_out(
    store: Store, clock: FixedClock, store_of: Callable[[Owner], Store]
):
    with held(store_of(Owner("another-host", 1, 1)), 1):
        clock.advance(timedelta(seconds=LEASE))
        with pytest.raises(QuotaSpent), held(store, 1, RecordingSleep()):
            pytest.fail("there was no slot")
        clock.advance(timedelta(seconds=1))
        with held(store, 1):
            pass


def test_who_lost_a_slot_does_not_give_back_that_of_the_next(
    store: Store, clock: FixedClock, store_of: Callable[[Owner], Store]
):
    late = held(store_of(Owner("another-host", 1, 1)), 1)
    late.__enter__()
    clock.advance(timedelta(seconds=LEASE + 1))
    with held(store, 1):
        late.__exit__(None, None, None)
        assert taken(store) == {KEY: 1}
    assert taken(store) == {}


def test_fewer_slots_than_before_count_from_now_on(store: Store):
    with held(store, 2), held(store, 2):
        assert taken(store) == {KEY: 2}
    with held(store, 2), pytest.raises(QuotaSpent):
        held(store, 1, RecordingSleep()).__enter__()


def test_never_more_than_so_many_threads_of_two_stores_hold_one(store: Store, beside: Store):
    guard, now, most = threading.Lock(), 0, 0

    @contextmanager
    def counted() -> Iterator[None]:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        yield
        with guard:
            now -= 1

    def work(one: Store) -> None:
        pause = threading.Event()
        for _ in range(10):
            with held(one, 3, pause.wait), counted():
                pause.wait(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [store, beside] * 4))
    assert 0 < most <= 3
    assert taken(store) == {}


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
        with pytest.raises(QuotaSpent), held(store, 3, RecordingSleep()):
            pytest.fail("the other process has them all")
        child.kill()
        child.wait()
        with held(store, 3):
            assert taken(store) == {KEY: 1}
