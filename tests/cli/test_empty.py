"""``empty``: what a data set holds goes, and what is known of it is right afterwards."""

import os

import pytest

from collectors.store import DELIVERED
from tests.feeds import HOUR
from tests.places import hourly
from tests.servers.http import Answer
from tests.store.worlds import living, open_store


@pytest.fixture
def both(toll, sink):
    """Two targets, both of which hold two observations."""
    toll.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]")
    assert toll.run("run", "--all").code == 0
    return toll


def delivered(place, target):
    """What counts as delivered at a target."""
    store = open_store(f"sqlite:///{place.state}")
    try:
        (lane,) = [
            one.lane for one in store.view.depths(empty_too=True) if one.lane.target == target
        ]
        return store.view.lane_intervals(lane.id, "toll/hourly", DELIVERED)
    finally:
        store.close()


def test_the_embedded_data_set_is_empty_afterwards_and_the_other_target_is_not(both, sink):
    done = both.run("empty", "toll/hourly", "--target", "embedded", "--yes")

    assert (done.code, done.out) == (0, "toll/hourly at embedded is empty\n")
    assert both.read("toll/hourly") == []
    assert len(sink.held["toll/hourly"]) == 2


def test_over_http_an_empty_list_is_put(both, sink):
    done = both.run("empty", "toll/hourly", "--target", "platform", "--yes")

    assert done.code == 0
    assert sink.held["toll/hourly"] == {}
    assert len(both.read("toll/hourly")) == 2


def test_nothing_counts_as_delivered_there_any_more_but_as_collected(both):
    assert delivered(both, "embedded") == delivered(both, "platform") != []

    both.run("empty", "toll/hourly", "--target", "embedded", "--yes")

    assert delivered(both, "embedded") == []
    assert delivered(both, "platform") != []
    assert "nothing is due" in both.run("run", "--all").out
    both.run("run", "--all", "--start", "2026-11-20", "--end", "2026-11-20")
    assert len(both.read("toll/hourly")) > 0
    assert delivered(both, "embedded") != []


def test_it_leaves_a_trace_of_what_was_there(both):
    both.run("empty", "toll/hourly", "--target", "embedded", "--yes")

    assert both.rows("audit", "action", "subject", "detail") == [
        ("empty", "toll/hourly at embedded", "2 observations, 2026-11-20 to 2026-11-20")
    ]


def test_at_a_terminal_it_asks_first_and_tells_what_will_be_lost(both):
    arguments = ("empty", "toll/hourly", "--target", "embedded")

    done = both.run(*arguments, typed="n\n", terminal=True)
    assert (done.code, done.out) == (1, "")
    assert (
        "2 observations, 2026-11-20 to 2026-11-20. "
        "Throw away all that toll/hourly holds at embedded? [y/N]" in done.err
    )
    assert len(both.read("toll/hourly")) == 2

    done = both.run(*arguments, typed="y\n", terminal=True)
    assert done.code == 0
    assert both.read("toll/hourly") == []


def test_what_is_known_of_another_target_is_told(both, sink):
    arguments = ("empty", "toll/hourly", "--target", "platform")
    assert "2 observations were sent there; what it holds" in both.run(*arguments).err

    both.clock.advance(2 * HOUR)
    sink.faults["toll/hourly"] = [Answer(403)] * 9
    both.run("run", "--all")
    said = both.run(*arguments).err
    assert "4 wait in the outbox, and will be sent there afterwards" in said

    both.service("other", hourly(sink, "daily"))
    both.tokens(other__daily="x")
    said = both.run("empty", "other/daily", "--target", "platform").err
    assert "nothing was ever sent there from here" in said


def test_without_a_terminal_it_refuses_unless_told(both):
    done = both.run("empty", "toll/hourly", "--target", "embedded", typed="y\n")

    assert (done.code, done.out) == (2, "")
    assert "There is nobody to ask here: say --yes" in done.err
    assert len(both.read("toll/hourly")) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toll/hourly"], "name one with --target: embedded, platform"),
        (["toll/hourly", "--target", "paltform"], "no target is called 'paltform'"),
        (["toll/horly", "--target", "embedded"], "did you mean toll/hourly"),
        (["toll", "--target", "embedded"], "'toll' is not <data-group>/<data-type>"),
    ],
)
def test_a_mistake_of_usage_is_told(both, arguments, said):
    done = both.run("empty", *arguments, "--yes")

    assert done.code == 2
    assert said in done.err
    assert len(both.read("toll/hourly")) == 2


@pytest.mark.parametrize(("status", "said"), [(503, "answered 503"), (405, "cannot be emptied")])
def test_a_target_that_does_not_do_it_is_told_and_then_nothing_counts_as_there(
    both, sink, status, said
):
    sink.faults["toll/hourly"] = [Answer(status)]

    done = both.run("empty", "toll/hourly", "--target", "platform", "--yes")

    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert [one[0] for one in both.rows("audit", "action")] == ["empty", "empty failed"]
    assert delivered(both, "platform") == []


def test_it_waits_for_no_other_process_that_sends_there(both, tmp_path):

    beside = open_store(f"sqlite:///{both.state}", both.clock, living(os.getppid()))
    lanes = [one.lane.id for one in beside.view.depths(empty_too=True)]
    beside.delivery.acquire(lanes)

    done = both.run("empty", "toll/hourly", "--target", "embedded", "--yes")
    beside.close()

    assert done.code == 1
    assert "another process sends to toll/hourly at embedded now" in done.err
    assert len(both.read("toll/hourly")) == 2
    assert both.rows("audit", "action") == []
