"""``dead-letters replay``: what the data set had refused by mistake is delivered after all."""

import pytest

from tests.feeds import HOUR, row
from tests.places import NOW, hourly
from tests.servers.http import Answer


@pytest.fixture
def refused(toll, feed, sink):
    """Two dead letters, of two periods, that the platform has refused."""
    toll.run("run", "--all")
    sink.rules["toll/hourly"] = lambda one: "no!" if one["channel"] == "bad" else None
    feed.channels = ("one", "two", "three", "bad")
    for _ in range(2):
        toll.clock.advance(HOUR)
        assert toll.run("run", "--all").code == 1
    return toll


@pytest.fixture
def misjudged(toll, feed):
    """A dead letter that our own check has refused."""
    bad = row(NOW.replace(hour=11, minute=0), "web", 1)
    bad["dimensions"]["a-hyphen"] = "x"
    feed.odd = [bad, row(NOW.replace(hour=11, minute=0), "paper", 1)]
    toll.run("run", "--all")
    return toll


def letters(place):
    return place.run("dead-letters", "list", "--json").json


def channels(sink):
    return [one["channel"] for one in sink.held["toll/hourly"].values()]


def test_once_the_data_set_is_mended_they_are_delivered(refused, sink):
    sink.rules.clear()

    done = refused.run("dead-letters", "replay", "--all", "--json")

    assert done.code == 0
    assert done.json == [
        {
            "id": number,
            "data_set": "toll/hourly",
            "collector": "toll/hourly",
            "put_back": True,
            "reason": None,
        }
        for number in (1, 2)
    ]
    assert letters(refused) == []
    assert "bad" not in channels(sink)
    assert refused.run("outbox", "flush").code == 0
    assert channels(sink).count("bad") == 2
    assert refused.run("status", "--gaps", "--json").json == []


def test_what_is_still_refused_is_a_dead_letter_again(refused):
    assert refused.run("dead-letters", "replay", "1").code == 0
    assert [one["id"] for one in letters(refused)] == [2]

    assert refused.run("outbox", "flush").code == 1

    assert [one["id"] for one in letters(refused)] == [2, 3]


def test_a_dry_run_tells_and_changes_nothing(refused):
    done = refused.run("dead-letters", "replay", "--all", "--dry-run")

    assert done.code == 0
    assert done.err == "2 would be put back, 0 stay\n"
    assert done.out.count("toll/hourly") == 4
    assert len(letters(refused)) == 2
    assert refused.run("outbox", "list", "--json").json == []


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        (["2"], 1),
        (["1", "2", "1"], 2),
        (["--all"], 2),
        (["--data-set", "toll/hourly"], 2),
        (["--collector", "toll/hourly"], 2),
        (["--data-set", "toll/hourly", "--collector", "toll/hourly"], 2),
        (["--data-set", "toll/daily"], 0),
        (["--collector", "toll/daily"], 0),
    ],
)
def test_they_may_be_chosen(refused, feed, chosen, count):
    refused.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))

    done = refused.run("dead-letters", "replay", *chosen, "--json")

    assert (done.code, len(done.json)) == (0, count)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give the ids of dead letters, or --all, --data-set, --collector"),
        (["1", "--all"], "give the ids of dead letters, or --all, --data-set, --collector"),
        (["77"], "no dead letter has the id 77"),
        (["--data-set", "toll/horly"], "did you mean toll/hourly"),
        (["--collector", "toll/horly"], "no collector is called 'toll/horly': did you mean"),
    ],
)
def test_a_mistake_of_usage_is_told(refused, arguments, said):
    done = refused.run("dead-letters", "replay", *arguments)

    assert done.code == 2
    assert said in done.err


def test_what_our_own_check_still_refuses_is_said_at_once(misjudged):
    done = misjudged.run("dead-letters", "replay", "--all", "--json")

    assert done.code == 1
    (one,) = done.json
    assert not one["put_back"]
    assert one["reason"] == (
        "our own check refuses it: a-hyphen is not a valid key; collect its period again"
    )
    assert len(letters(misjudged)) == 1


def test_what_is_of_no_target_any_more_stays(refused):
    refused.platform("target: embedded")

    done = refused.run("dead-letters", "replay", "1", "--json")

    assert done.code == 1
    assert done.json[0]["reason"] == "the target platform is not in platform.yaml any more"


def test_what_was_collected_again_since_is_superseded_not_replayed(refused, sink):
    sink.faults["toll/hourly"] = [Answer(403)] * 9
    refused.run("dead-letters", "replay", "--all")
    refused.run("outbox", "flush")
    assert refused.run("outbox", "list", "--json").json[0]["entries"] == 2
    sink.rules.clear()
    sink.faults.clear()

    refused.run("run", "--all", "--start", "2026-11-20", "--end", "2026-11-20")

    assert channels(sink).count("bad") > 2
    assert refused.run("outbox", "list", "--json").json == []


def test_one_of_a_collector_that_is_gone_is_delivered_too(refused, feed, sink):
    sink.rules.clear()
    refused.service("toll", hourly(feed, "daily"))

    assert refused.run("dead-letters", "replay", "--all").code == 0
    refused.run("outbox", "flush")

    assert channels(sink).count("bad") == 2


def test_each_waits_for_its_own_period_alone(refused):
    """They came in one chunk or in two; an entry is about the letter's own hour."""
    refused.run("dead-letters", "replay", "--all")

    found = refused.rows("outbox", "start", "end")
    assert [end - start for start, end in found] == [3600, 3600]
