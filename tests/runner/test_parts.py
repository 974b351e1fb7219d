"""What collectors of one process share, and how long delivery waits."""

import threading

import pytest

from collectors.runner import Patience, SharedThings
from tests.servers.http import LONGEST


def test_shared_things_are_built_once_however_many_ask():
    shared, built = SharedThings(), []
    together = threading.Barrier(8)

    def build():
        built.append(1)
        return object()

    found = []

    def ask():
        together.wait(LONGEST)
        found.append(shared.get("key", build))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(built) == 1
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_a_failure_to_build_is_told_to_all_who_wait_and_not_kept():
    shared = SharedThings()

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        shared.get("key", fail)
    assert shared.get("key", lambda: 7) == 7


def test_shared_things_are_bounded_and_the_oldest_go_first():
    shared = SharedThings()
    for number in range(1000):
        shared.get(number, lambda number=number: number)

    assert len(shared._things) <= 64
    assert shared.get(999, lambda: "built anew") == 999
    assert shared.get(0, lambda: "built anew") == "built anew"


def test_waits_double_up_to_the_longest_and_are_drawn_from_nothing_to_that():
    patience = Patience(first=1.0, longest=60.0)

    for failures in range(20):
        bound = min(60.0, 2.0**failures)
        waits = [patience.wait(failures, None) for _ in range(200)]
        assert 0 <= min(waits) <= max(waits) <= bound
        assert max(waits) > bound / 2
        assert min(waits) < bound / 2
