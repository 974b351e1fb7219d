"""What periods came to, and the verdict on the last: written with the window, forgotten in time."""

import pytest

from collectors.errors import LeaseLost
from collectors.store import Account, Figure, Result, State, Verdict
from tests.store.worlds import COLLECTOR, chunk, lanes, start, stretch


def account(window, total=5.0, *, sentence=None, fingerprint="f", oldest=-100):
    """What a window of periods of ten seconds came to, the last of them judged."""
    figures = [Figure(at, 1, {"count": total, "rate": None}) for at in range(*window, 10)]
    verdict = None if sentence is None else Verdict(window[1] - 10, sentence)
    return Account(fingerprint=fingerprint, figures=figures, oldest=oldest, verdict=verdict)


def finish(store, run, found):
    """Finish a run with what it came to."""
    result = Result(
        stretches=[stretch(*run.window)],
        settled_until=run.window[1],
        state=State.DONE,
        reason="done",
        account=found,
    )
    store.ledger.finish(run, lanes(store), chunk(*run.window), result, {})


def collect(store, window, **more):
    finish(store, start(store, window), account(window, **more))


def known(store, span=(-1000, 1000), fingerprint="f"):
    found = store.figures.between(COLLECTOR, fingerprint, span)
    return {at: one.totals["count"] for at, one in found.items()}


def test_what_a_window_came_to_takes_the_place_of_what_was_known_of_it(store):
    collect(store, (0, 40), total=5.0)
    collect(store, (10, 30), total=7.0)

    assert known(store) == {0: 5.0, 10: 7.0, 20: 7.0, 30: 5.0}
    assert known(store, (10, 20)) == {10: 7.0}
    assert store.figures.between(COLLECTOR, "f", (0, 10)) == {
        0: Figure(0, 1, {"count": 5.0, "rate": None})
    }


def test_what_was_collected_otherwise_is_not_compared_with(store):
    collect(store, (0, 20))
    collect(store, (20, 30), fingerprint="g")

    assert known(store) == {0: 5.0, 10: 5.0}
    assert known(store, fingerprint="g") == {20: 5.0}


def test_what_is_older_than_comparing_needs_is_forgotten(store):
    collect(store, (0, 30))
    collect(store, (30, 40), oldest=20)

    assert sorted(known(store)) == [20, 30]


def test_a_collector_of_which_nothing_is_expected_leaves_nothing(store):
    finish(store, start(store, (0, 10)), None)

    assert known(store) == {}
    assert store.figures.unmet() == {}


def test_the_last_judged_period_says_whether_all_is_as_expected(store):
    collect(store, (0, 10), sentence="it fell")
    assert store.figures.unmet() == {COLLECTOR: "it fell"}

    collect(store, (10, 20))  # too young to be judged
    assert store.figures.unmet() == {COLLECTOR: "it fell"}

    collect(store, (20, 30), sentence="")
    assert store.figures.unmet() == {}

    collect(store, (0, 10), sentence="it fell, long ago")
    assert store.figures.unmet() == {}


def test_the_same_period_collected_again_is_judged_again(store):
    collect(store, (0, 10), sentence="it fell")
    collect(store, (0, 10), sentence="")

    assert store.figures.unmet() == {}


def test_once_it_is_collected_otherwise_an_earlier_period_counts_too(store):
    collect(store, (10, 20), sentence="it fell")
    collect(store, (0, 10), sentence="", fingerprint="g")

    assert store.figures.unmet() == {}


def test_a_run_that_is_no_longer_ours_leaves_nothing(store):
    run = start(store, (0, 10))
    store.ledger.end(run, State.FAILED, "it broke")

    with pytest.raises(LeaseLost):
        finish(store, run, account((0, 10), sentence="it fell"))

    assert (known(store), store.figures.unmet()) == ({}, {})
