"""When a collector is looked at again after a failure."""

from dataclasses import replace
from datetime import timedelta

import pytest

from collectors.clock import FixedClock
from collectors.daemon.retries import FIRST, JITTER, SPREAD, Retries, wait_after
from collectors.errors import ConfigError, NotYet, Refused, Unavailable
from collectors.runner import Outcome
from collectors.runner.patience import TRIED_WITHIN
from collectors.store import State
from tests.places import NOW

DONE = Outcome(collector="a/b", window=None, state=State.DONE)


def failed(error: Exception) -> Outcome:
    return replace(DONE, state=State.FAILED, error=error)


class Asked:
    """Who is to be looked at again, and when."""

    def __init__(self):
        self.at = {}
        self.clock = FixedClock(NOW)
        self.retries = Retries(self.clock.now, self.at.__setitem__)

    def wait(self, name: str) -> timedelta:
        """Give how long the collector waits."""
        return self.at.pop(name) - self.clock.now()

    def wait_out(self, name: str) -> timedelta:
        """The same, and let the time pass."""
        wait = self.wait(name)
        self.clock.advance(wait)
        return wait


@pytest.mark.parametrize("error", [Unavailable("down"), NotYet("on Friday")])
def test_a_passing_failure_waits_twice_as_long_each_time_up_to_an_hour(error):
    asked = Asked()
    for doubling in range(10):
        asked.retries.ended("a/b", "feed", failed(error))
        middle = min(TRIED_WITHIN / JITTER, FIRST * 2**doubling)
        assert middle * 0.75 <= asked.wait_out("a/b") <= min(TRIED_WITHIN, middle * 1.25)


def test_windows_that_fail_together_are_one_failure_and_one_look():
    asked = Asked()
    for _ in range(24):
        asked.retries.ended("a/b", "feed", failed(Unavailable("down")))
        assert len(asked.at) <= 1
    assert asked.wait_out("a/b") <= FIRST * 1.25
    for _ in range(24):
        asked.retries.ended("a/b", "feed", failed(Unavailable("down")))
        assert asked.retries.failing() == ["a/b"]
    assert asked.wait("a/b") <= FIRST * 2.5


@pytest.mark.parametrize("error", [Refused("no"), ConfigError("no token")])
def test_a_lasting_failure_waits_an_hour(error):
    assert wait_after(failed(error), 1) == TRIED_WITHIN


def test_what_retry_after_asks_for_is_waited_for_up_to_an_hour():
    assert wait_after(failed(Unavailable("slow down", 600)), 1) == timedelta(minutes=10)
    assert wait_after(failed(Unavailable("slow down", 86400)), 1) == TRIED_WITHIN


def test_a_success_makes_the_next_wait_short_again():
    asked = Asked()
    for _ in range(5):
        asked.retries.ended("a/b", "feed", failed(Unavailable("down")))
        asked.wait_out("a/b")
    asked.retries.ended("a/b", "feed", DONE)
    asked.retries.ended("a/b", "feed", failed(Unavailable("down")))
    assert asked.wait("a/b") <= FIRST * 1.25


def test_when_a_source_comes_back_all_that_it_failed_are_tried_soon():
    asked = Asked()
    for name in ("a/a", "a/b", "a/c", "a/d"):
        for _ in range(5):
            asked.retries.ended(name, "feed", failed(Unavailable("down")))
    asked.retries.ended("a/a", "feed", DONE)
    assert all(asked.wait(name) <= SPREAD for name in ("a/b", "a/c", "a/d"))


def test_one_that_fails_alone_does_not_hurry_because_others_flow():
    asked = Asked()
    asked.retries.ended("a/b", "feed", failed(Unavailable("down")))
    wait = asked.wait("a/b")
    asked.retries.ended("a/c", "feed", DONE)
    assert "a/b" not in asked.at
    assert wait >= FIRST * 0.75


def test_what_is_parked_or_missed_is_not_looked_at_again():
    asked = Asked()
    for state in (State.PARKED, State.MISSED):
        asked.retries.ended("a/b", "feed", replace(DONE, state=state))
    assert asked.at == {}
    assert asked.retries.failing() == []
