"""``replace: yes`` from end to end: a data set holds what was found last."""

from datetime import timedelta

import pytest

from tests.feeds import HOUR, row
from tests.places import hourly
from tests.servers.http import Answer


@pytest.fixture
def replaced(toll, feed, sink):
    toll.service("toll", hourly(feed, "hourly", "replace: yes", "batch: 1"))
    feed.channels = ("old", "both")
    assert toll.run("run", "--all").code == 0
    toll.clock.advance(HOUR)
    feed.channels = ("both", "new", "more")
    return toll


def held(sink):
    return sorted(one["channel"] for one in sink.held["toll/hourly"].values())


def test_the_latest_period_takes_the_place_of_all(replaced, sink):
    assert held(sink) == ["both", "old"]
    assert replaced.run("run", "--all").code == 0
    assert held(sink) == ["both", "more", "new"]
    assert [one.method for one in sink.requests][:2] == ["PUT", "POST"]


def test_periods_that_were_missed_are_collected_and_only_the_latest_is_sent(replaced, sink):
    replaced.clock.advance(5 * HOUR)
    assert replaced.run("run", "--all").code == 0
    assert held(sink) == ["both", "more", "new"]
    assert [one.method for one in sink.requests].count("PUT") == 2
    (state,) = replaced.run("status", "--json").json
    assert (state["state"], state["observations"], state["due"]) == ("collected", 20, 0)


@pytest.mark.parametrize("error", ["not yet", "quota", "refused", "bug"])
def test_a_run_that_fails_changes_nothing(replaced, feed, sink, error):
    feed.error, feed.error_at, feed.page = error, 2, 2
    replaced.run("run", "--all")
    assert held(sink) == ["both", "old"]
    assert replaced.run("outbox", "list", "--json").json == []
    feed.error = None
    replaced.clock.advance(3 * HOUR)
    replaced.run("run", "--all")
    assert held(sink) == ["both", "more", "new"]


def test_a_run_that_finds_nothing_empties(replaced, feed, sink):
    feed.channels = ()
    assert replaced.run("run", "--all").code == 0
    assert held(sink) == []


def test_a_run_of_which_every_observation_is_refused_changes_nothing(replaced, feed, sink):
    feed.odd = [{**row(replaced.clock.at.replace(minute=0) - HOUR, "x", 1), "measures": {"-": 1}}]
    done = replaced.run("run", "--all")
    assert done.code == 1
    assert "what the data set holds stays" in done.err
    assert held(sink) == ["both", "old"]


def test_a_target_that_cannot_be_emptied_parks_the_lane(replaced, sink):
    sink.faults["toll/hourly"] = [Answer(405)]
    done = replaced.run("run", "--all")
    assert done.code == 1
    assert "toll/hourly cannot be emptied there" in done.err
    assert held(sink) == ["both", "old"]
    (lane,) = replaced.run("outbox", "list", "--json").json
    assert (lane["empties"], lane["entries"], lane["observations"]) == (True, 4, 3)
    replaced.run("outbox", "retry")
    assert held(sink) == ["both", "more", "new"]


def test_a_dry_run_shows_that_it_would_replace(replaced, sink):
    done = replaced.run("run", "--all", "--dry-run")
    assert "would replace all that is there" in done.out
    assert replaced.run("run", "--all", "--dry-run", "--json").json["emptied"] == ["toll/hourly"]
    assert held(sink) == ["both", "old"]


def test_an_older_stretch_collected_by_hand_is_not_shown(replaced, feed, sink):
    feed.channels = ("older",)
    done = replaced.run("run", "--all", "--start", "2026-11-19", "--end", "2026-11-19")
    assert done.code == 0
    assert held(sink) == ["both", "old"]


def test_a_document_is_replaced_whole(toll, feed, sink):
    toll.service(
        "toll",
        f"hourly:\n  source: scroll\n  schedule: daily\n  replace: yes\n  query: {{url: '{feed.url}'}}",
    )
    for revision, days in (("1", (1, 2)), ("2", (2, 3, 4))):
        feed.revision = [revision]
        start = toll.clock.at.replace(hour=0, minute=0) - timedelta(days=9)
        feed.odd = [row(start + timedelta(days=day), str(day), day) for day in days]
        assert toll.run("run", "--all").code == 0
        assert held(sink) == [str(day) for day in days]
    assert toll.run("run", "--all").code == 0
    assert [one.method for one in sink.requests].count("PUT") == 2
