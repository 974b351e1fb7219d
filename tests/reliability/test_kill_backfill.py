"""``kill -9`` of a process that backfills: it goes on where it was, and collects nothing twice."""

import os
import random
import signal
from itertools import pairwise

import pytest

from collectors.errors import StoreError
from collectors.store import SUCCEEDED, BackfillState
from tests.reliability.figures import SERVICE
from tests.reliability.processes import Child
from tests.reliability.trial import Trial

NAMES = [f"{SERVICE}/{name}" for name in ("daily", "refused")]
ASK = (*NAMES, "--start", "2026-10-18", "--end", "2026-10-26", "--chunk", "day")
DEATHS = 5
SEED = int(os.environ.get("COLLECTOR_TEST_SEED") or random.SystemRandom().randrange(2**32))


def start(trial: Trial, step: str | None = None, passing: int = 1) -> Child:
    """Start the backfill, or go on with it; it kills itself when it passes ``step`` so often."""
    command, *what = ("resume", "1") if has_begun(trial) else ("start", *ASK)
    return trial.start(step, passing, command=("backfill", command), what=what)


def has_begun(trial: Trial) -> bool:
    with trial.store() as store:
        try:
            return store.backfills.get(1) is not None
        except StoreError:  # it was killed before it had made a table
            return False


def is_done(trial: Trial) -> bool:
    with trial.store() as store:
        return store.backfills.progress([1])[0].backfill.state is BackfillState.DONE


def assert_whole_and_once(trial: Trial) -> None:
    """See that the backfill has ended, that each period was collected once, and all is there."""
    assert is_done(trial), trial.output
    with trial.store() as store:
        good = [one for one in trial.runs(store, *SUCCEEDED) if one["kind"] == "backfill"]
    for name in NAMES:
        windows = sorted((one["start"], one["end"]) for one in good if one["collector"] == name)
        assert len(windows) == 9
        assert all(one[1] == other[0] for one, other in pairwise(windows))
    trial.run_to_the_end()
    assert trial.wrong == []


@pytest.mark.parametrize(
    ("step", "passing"), [("plan.writing", 3), ("chunk.written", 2), ("window.written", 2)]
)
def test_it_goes_on_where_it_was_killed(trial: Trial, step: str, passing: int):
    for _ in range(2):
        assert trial.ended(start(trial, step, passing)) == -signal.SIGKILL, trial.output
    assert trial.ended(start(trial)) in {0, 1}, trial.output
    assert_whole_and_once(trial)


def test_it_goes_on_after_kills_at_random_instants(trial: Trial, longest: float):
    print(f"COLLECTOR_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    for _ in range(DEATHS):
        child = start(trial)
        if not child.ends_within(chance.uniform(0, longest)):
            child.kill()
        assert trial.ended(child) in {0, 1, -signal.SIGKILL}, trial.output
        if has_begun(trial) and is_done(trial):
            break
    else:
        assert trial.ended(start(trial)) in {0, 1}, trial.output
    assert_whole_and_once(trial)
