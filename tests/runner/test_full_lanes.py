"""A lane that is full takes no more, stops no other, and gets later what it is owed."""

from datetime import UTC, datetime

import pytest

from tests.feeds import HOUR, row
from tests.places import hourly
from tests.servers.http import Answer

LIMIT = "outbox: {limit: 400 B}"
"""Holds one hour; an hour is about 300 bytes."""


def waiting(place):
    rows = place.run("outbox", "list", "--json").json
    return {row["target"]: row["observations"] for row in rows}


def lane_states(place):
    """What is delivered and owed: hours by state and target."""
    names = dict(place.rows("lanes", "id", "target"))
    found = {}
    for lane, state, start, end in place.rows("lane_coverage", "lane_id", "state", "start", "end"):
        key = (names[lane], state)
        found[key] = found.get(key, 0) + (end - start) // 3600
    return found


def times(held):
    return sorted({one["_timestamp"] for one in held})


@pytest.fixture
def both(toll, sink):
    """Two targets: the platform, which is down, and the embedded copy."""
    toll.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]\n{LIMIT}\n")
    sink.down = True
    answer = sink.answer
    sink.answer = lambda request: Answer(503) if sink.down else answer(request)
    return toll


def pass_hours(place, number):
    done = []
    for _ in range(number):
        done.append(place.run("run", "--all"))
        place.clock.advance(HOUR)
    return done


def test_a_full_lane_takes_no_more_and_the_other_flows(both, sink):
    done = pass_hours(both, 5)

    assert waiting(both) == {"platform": 4}
    assert len(both.read("toll/hourly")) == 10
    assert lane_states(both) == {("embedded", "delivered"): 5, ("platform", "owed"): 3}
    assert "the outbox of toll/hourly at platform is full: this window is owed to it" in done[4].err
    assert {one.code for one in done} == {1}


def test_what_it_is_owed_is_refilled_from_the_embedded_copy(both, feed, sink):
    pass_hours(both, 5)
    both.clock.advance(HOUR)
    sink.down = False
    asked = feed.asked.copy()

    assert both.run("outbox", "retry").code == 0
    assert both.run("run", "--all").code == 0
    assert both.run("run", "--all").code == 0

    collected_again = [one for one in (feed.asked - asked) if one[0] < "11-20T16"]
    assert collected_again == [], "the source is not asked again for what is in the copy"
    held = list(sink.held["toll/hourly"].values())
    assert sorted(held, key=str) == sorted(both.read("toll/hourly"), key=str)
    assert ("platform", "owed") not in lane_states(both)
    assert waiting(both) == {}


def test_what_it_is_owed_is_collected_again_where_there_is_no_copy(both, feed, sink):
    both.platform(f"target: {{url: '{sink.url}/data', name: platform}}\n{LIMIT}\n")
    pass_hours(both, 5)
    assert lane_states(both) == {("platform", "owed"): 3}
    asked = feed.asked.copy()
    both.clock.advance(HOUR)

    sink.down = False
    assert both.run("outbox", "retry").code == 0
    for _ in range(4):
        assert both.run("run", "--all").code == 0

    assert feed.asked - asked
    assert len(sink.held["toll/hourly"]) == 14
    assert lane_states(both) == {("platform", "delivered"): 7}


def test_nothing_is_collected_again_for_a_lane_that_is_still_full(both, feed, sink):
    both.platform(f"target: {{url: '{sink.url}/data', name: platform}}\n{LIMIT}\n")
    pass_hours(both, 4)
    asked = sum(feed.asked.values())

    both.clock.at -= HOUR
    both.run("run", "--all")

    assert sum(feed.asked.values()) == asked


def test_a_document_that_is_owed_is_refilled_too(both, feed, sink):
    """Its window is all of time, which no zone can spell."""
    scroll = f"""
scroll:
  source: scroll
  schedule: daily
  zone: Asia/Tokyo
  data_set: toll/hourly
  id: {{constants: {{part: scroll}}}}
  query: {{url: '{feed.url}'}}
"""
    pass_hours(both, 3)
    both.service("toll", hourly(feed) + scroll)
    feed.odd = [row(datetime(2026, 11, 18, 15, tzinfo=UTC), "web", 7)]
    both.run("run", "toll/scroll")
    assert ("toll/scroll", "owed") in both.rows("lane_coverage", "collector", "state")

    sink.down = False
    both.clock.advance(HOUR)
    both.run("outbox", "retry")
    both.service("toll", scroll)
    assert both.run("run", "--all").code == 0

    assert 7 in [one["count"] for one in sink.held["toll/hourly"].values()]
    assert ("toll/scroll", "owed") not in both.rows("lane_coverage", "collector", "state")


def test_a_full_lane_stops_no_other_lane_of_its_target(both, feed, sink):
    both.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))
    sink.down = False
    sink.faults["toll/hourly"] = [Answer(503)] * 9
    pass_hours(both, 4)

    assert waiting(both) == {"platform": 4}
    assert len(sink.held["toll/daily"]) == 8


def test_a_lane_that_is_full_keeps_what_it_has_in_order(both, sink):
    pass_hours(both, 3)
    sink.down = False
    both.clock.advance(HOUR)
    both.run("outbox", "retry")

    assert times(sink.held["toll/hourly"].values())[:2] == [
        "2026-11-20T11:00:00+00:00",
        "2026-11-20T12:00:00+00:00",
    ]
