"""A data set that is replaced holds one snapshot, whole: the newest that was found.

That is so after a kill at any step and a restart, also where the source is gone by then.
"""

import pytest

from tests.reliability.figures import FIRST, REPLACED, SECOND, SERVICE
from tests.reliability.trial import Trial, misses

KILLS = [
    ("chunk.writing", 1),
    ("chunk.written", 1),
    ("window.writing", 1),
    ("window.written", 1),
    ("send.sending", 1),
    ("send.sending", 3),
    ("send.sent", 1),
    ("send.sent", 2),
    ("send.sent", 4),
    ("settle.writing", 2),
    ("settle.written", 1),
    ("settle.written", 3),
]
ONE = (f"{SERVICE}/{REPLACED}",)


def _held(trial: Trial) -> dict[str, list[dict[str, object]]]:
    """Give what the targets hold of the series."""
    platform = trial.platform.held[ONE[0]].values()
    return {"platform": list(platform), "embedded": list(trial.embedded()[REPLACED])}


def _days(trial: Trial, target: str) -> list[str]:
    """Name the days of which a target holds exactly the snapshot."""
    held = {REPLACED: _held(trial)[target]}
    days = {"first": FIRST, "second": SECOND}
    return [name for name, day in days.items() if not misses(target, day, held, schema=True)]


@pytest.mark.parametrize(("step", "passing"), KILLS)
def test_after_a_kill_what_was_begun_ends_whole_without_the_source(
    trial: Trial, step: str, passing: int
):
    assert trial.ended(trial.start(what=ONE)) == 0, trial.output
    assert (_days(trial, "platform"), _days(trial, "embedded")) == (["first"], ["first"])
    trial.turn_to(SECOND)
    trial.ended(trial.start(step, passing, what=ONE))

    trial.source.down = True
    trial.ended(trial.start(what=ONE))

    found = {name for target in ("platform", "embedded") for name in _days(trial, target)}
    assert len(found) == 1, "both hold the same snapshot, and nothing else"
    trial.source.down = False
    assert trial.ended(trial.start(what=ONE)) == 0, trial.output
    assert (_days(trial, "platform"), _days(trial, "embedded")) == (["second"], ["second"])
