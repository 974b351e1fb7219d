"""Nothing lost, nothing doubled: ``kill -9`` at any instant, and the next start brings it right.

A trial has four collectors, one of them with ``replace``, two days, two targets. On the second day rows of provisional periods
have vanished, changed and appeared; also rows that a killed process had already delivered.
COLLECTOR_TEST_SEED gives random instants again that a failed test has printed.
"""

import os
import random
import signal

import pytest

from collectors.store import STEPS
from tests.reliability.figures import FIRST, REPLACED, SECOND, SPANS, expected
from tests.reliability.trial import Trial

INSTANTS = 25
SEED = int(os.environ.get("COLLECTOR_TEST_SEED") or random.SystemRandom().randrange(2**32))


def test_without_a_kill_both_days_are_collected(trial: Trial):
    trial.run_to_the_end()
    assert trial.wrong == []
    trial.turn_to(SECOND)
    trial.run_to_the_end()
    assert trial.wrong == []


def test_what_a_platform_did_not_take_on_the_first_day_is_replaced_on_the_second(trial: Trial):
    with trial.without_tokens():
        trial.run_to_the_end()
    trial.turn_to(SECOND)
    trial.run_to_the_end()
    assert trial.wrong == []


@pytest.mark.parametrize("series", SPANS)
def test_between_the_days_observations_vanish_change_and_appear(series: str):
    first, second = (
        {(one["_timestamp"], one["channel"]): one["count"] for one in found}
        for found in (expected(day, series, schema=False) for day in (FIRST, SECOND))
    )
    assert second.keys() - first.keys()
    if series not in ("refused", REPLACED):
        assert first.keys() - second.keys()
        assert any(first[key] != second[key] for key in first.keys() & second.keys())


@pytest.mark.parametrize("passing", [1, 3])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_a_step_loses_and_doubles_nothing(trial: Trial, step: str, passing: int):
    trial.run_and_die(step, passing)
    if passing == 1:
        trial.run_to_the_end()
        assert trial.wrong == []
    trial.turn_to(SECOND)
    trial.run_and_die(step, passing)
    trial.run_to_the_end()
    assert trial.wrong == []


@pytest.mark.parametrize("step", ["chunk.written", "window.writing", "send.sent"])
def test_a_kill_after_a_kill_at_the_same_step_loses_and_doubles_nothing(trial: Trial, step: str):
    for passing in (2, 1, 3):
        trial.run_and_die(step, passing)
    trial.turn_to(SECOND)
    for passing in (1, 2, 1):
        trial.run_and_die(step, passing)
    trial.run_to_the_end()
    assert trial.wrong == []


@pytest.mark.parametrize("number", range(INSTANTS))
def test_a_kill_at_a_random_instant_loses_and_doubles_nothing(
    trial: Trial, number: int, longest: float
):
    print(f"COLLECTOR_TEST_SEED={SEED}")
    chance = random.Random(f"{SEED} {number}")
    for day in (FIRST, SECOND):
        trial.turn_to(day)
        child = trial.start()
        if not child.ends_within(chance.uniform(0, longest)):
            child.kill()
        assert trial.ended(child) in {0, 1, -signal.SIGKILL}, trial.output
        if chance.random() < 0.5:
            trial.run_to_the_end()
            assert trial.wrong == []
    trial.run_to_the_end()
    assert trial.wrong == []
