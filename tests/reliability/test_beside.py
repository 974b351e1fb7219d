"""Processes beside each other and after each other: nobody collects twice, nobody waits in vain."""

import signal

from collectors.clock import epoch
from collectors.store import State, Store
from tests.reliability.figures import FIRST, SECOND
from tests.reliability.trial import WORKERS, Trial

GOOD = ("toll/daily", "toll/hourly")
"""The collectors of which nothing is refused."""


def test_two_runs_beside_each_other_never_collect_the_same_window(trial: Trial):
    trial.source.gate.shut()
    first = trial.start(what=GOOD)
    trial.source.gate.wait_for(WORKERS)
    second = trial.start(what=GOOD, beside=True)
    trial.source.gate.wait_for(WORKERS + 1)
    trial.source.gate.open()
    assert (first.wait(), trial.ended(second)) == (0, 0), trial.output
    assert set(trial.source.windows.values()) == {1}
    trial.run_to_the_end()
    assert set(trial.source.windows.values()) == {1}
    assert trial.wrong == []


def test_a_run_beside_one_that_is_killed_takes_over_what_it_held(trial: Trial):
    trial.source.gate.shut()
    first = trial.start()
    trial.source.gate.wait_for(WORKERS)
    second = trial.start(beside=True)
    trial.source.gate.wait_for(WORKERS + 1)
    first.kill()
    trial.source.gate.open()
    assert first.wait() == -signal.SIGKILL
    assert trial.ended(second) in {0, 1}, trial.output
    trial.run_to_the_end()
    assert trial.wrong == []


def test_what_a_killed_process_held_is_taken_over_before_its_leases_run_out(trial: Trial):
    with trial.held_up() as child:
        child.kill()
    assert trial.ended(child) == -signal.SIGKILL
    with trial.store() as store:
        held = trial.runs(store, State.RUNNING)
        assert held
        assert all(run["lease_until"] > epoch(trial.day.now) for run in held)
        assert _owned(store)
    trial.run_to_the_end()
    assert trial.wrong == []
    with trial.store() as store:
        assert len(trial.runs(store, State.LOST)) == len(held)
        assert not _owned(store)


def test_an_interrupted_run_ends_what_it_has_begun_and_leaves_the_rest_due(trial: Trial):
    with trial.held_up() as child:
        child.kill(signal.SIGINT)
    assert trial.ended(child) == 1, trial.output
    assert "stop" in trial.output
    with trial.store() as store:
        assert trial.runs(store, State.RUNNING) == []
        assert not _owned(store)
    trial.turn_to(SECOND)
    trial.run_to_the_end()
    assert trial.wrong == []


def test_a_terminated_run_loses_nothing(trial: Trial):
    with trial.held_up() as child:
        child.kill(signal.SIGTERM)
    assert trial.ended(child) == -signal.SIGTERM
    trial.turn_to(SECOND)
    trial.run_to_the_end()
    assert trial.wrong == []


def test_two_days_of_two_processes_beside_each_other_end_right(trial: Trial):
    for day in (FIRST, SECOND):
        trial.turn_to(day)
        children = trial.start(what=GOOD), trial.start(what=GOOD, beside=True)
        assert [child.wait() for child in children] == [0, 0], trial.output
    trial.run_to_the_end()
    assert trial.wrong == []


def _owned(store: Store) -> list[str]:
    lanes = [depth.lane for depth in store.view.depths(empty_too=True)]
    return [lane.name for lane in lanes if lane.owner]
