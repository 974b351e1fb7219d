"""Chores: done when their time has come, or when they are wanted."""

from collectors.daemon.chores import Chore


def test_a_chore_is_done_at_once_and_then_when_its_time_has_come():
    done = []
    chore = Chore("sweep", 3600.0, lambda: done.append(1))
    chore.turn()
    chore.turn()
    assert done == [1]


def test_a_chore_that_is_wanted_is_done_before_its_time_and_once():
    done = []
    chore = Chore("sweep", 3600.0, lambda: done.append(1))
    chore.turn()
    chore.wanted.set()
    chore.turn()
    chore.turn()
    assert done == [1, 1]
