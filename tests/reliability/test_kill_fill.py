"""``targets fill`` is killed at each of its steps: called again, the new target has everything."""

import signal

import pytest

from collectors.store import FILL_STEPS
from tests.reliability.figures import SECOND
from tests.reliability.trial import Trial

FILL = ("targets", "fill", "platform")
FROM = ("--from", "embedded")
STEPS = (
    *FILL_STEPS,
    "chunk.writing",
    "chunk.written",
    "send.sending",
    "send.sent",
    "settle.writing",
    "settle.written",
)


@pytest.fixture
def filled(trial: Trial) -> Trial:
    """A trial whose platform is new: it has nothing of the first day yet."""
    trial.target(with_platform=False)
    trial.run_to_the_end()
    trial.target(with_platform=True)
    return trial


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_in_a_fill_loses_and_doubles_nothing(filled: Trial, step: str):
    killed = filled.start(step, 2, command=FILL, what=FROM)
    assert filled.ended(killed) == -signal.SIGKILL, filled.output
    again = filled.start(command=FILL, what=FROM)
    assert filled.ended(again) in {0, 1}, filled.output
    assert filled.wrong == []


@pytest.mark.parametrize("step", ["fill.written", "chunk.written"])
def test_after_a_kill_in_a_fill_the_next_run_goes_on(filled: Trial, step: str):
    killed = filled.start(step, command=FILL, what=FROM)
    assert filled.ended(killed) == -signal.SIGKILL, filled.output
    filled.turn_to(SECOND)
    filled.run_to_the_end()
    assert filled.ended(filled.start(command=FILL, what=FROM)) in {0, 1}, filled.output
    assert filled.wrong == []
