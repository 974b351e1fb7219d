"""A new target gets what the embedded data sets hold, and nothing older than what it has."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.feeds import HOUR, row
from tests.places import hourly
from tests.servers.http import Answer

SINCE = "since: 2026-11-18"


@pytest.fixture
def filled(toll, feed, sink):
    """A place that had only the embedded target, and now has the platform too."""
    toll.platform("target: embedded")
    toll.service("toll", hourly(feed, "hourly", SINCE))
    assert toll.run("run", "--all").code == 0
    both(toll, sink)
    return toll


def both(place, sink, more=""):
    place.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]\n{more}\n")


def fill(place, *more):
    return place.run("targets", "fill", "platform", "--from", "embedded", *more)


def same(place, sink, name="toll/hourly"):
    theirs, ours = list(sink.held[name].values()), place.read(name)
    assert sorted(theirs, key=str) == sorted(ours, key=str)
    return len(ours)


def delivered(place, target="platform"):
    rows = {row["target"]: row for row in place.run("targets", "list", "--json").json}
    return rows[target]["delivered"]


def posts(sink, name="toll/hourly"):
    return sum(map(len, sink.posts(name)))


def test_a_new_target_gets_all_that_is_there_and_counts_as_delivered(filled, feed, sink):
    asked = feed.asked.copy()
    assert delivered(filled) == 0

    done = fill(filled, "--json")

    assert done.code == 0
    assert same(filled, sink) == 120
    assert done.json == {
        "data_sets": ["toll/hourly"],
        "delivered": 120,
        "refused": 0,
        "left": {},
        "owed": [],
    }
    assert delivered(filled) == 1
    assert feed.asked == asked, "no source is asked"
    assert [one[:2] for one in filled.rows("audit", "action", "subject")] == [
        ("targets fill", "platform")
    ]


def test_filling_again_sends_nothing(filled, sink):
    fill(filled)
    done = fill(filled, "--json")
    assert (done.code, done.json["delivered"], done.json["data_sets"]) == (0, 0, [])
    assert posts(sink) == 120


def test_a_dry_run_tells_what_is_lacking_and_sends_nothing(filled, sink):
    done = fill(filled, "--dry-run", "--json")
    assert (done.code, done.json) == (0, [{"data_set": "toll/hourly", "holds": 120}])
    assert sink.requests == []
    assert filled.rows("audit", "action") == []
    assert filled.run("run", "--all").code == 0
    assert sink.requests == []
    fill(filled)
    assert fill(filled, "--dry-run").out == ""


def test_only_what_is_lacking_is_sent(filled, sink):
    filled.clock.advance(2 * HOUR)
    assert filled.run("run", "--all").code == 0
    assert posts(sink) == 4
    assert fill(filled).code == 0
    assert posts(sink) == 124
    assert same(filled, sink) == 124


def test_data_sets_may_be_chosen(filled, feed, sink):
    filled.platform("target: embedded")
    filled.service("toll", hourly(feed, "hourly", SINCE) + "\n" + hourly(feed, "daily", SINCE))
    filled.run("run", "--all")
    both(filled, sink)

    assert fill(filled, "--data-set", "*/dai*").code == 0
    assert (len(sink.held["toll/daily"]), len(sink.held["toll/hourly"])) == (120, 0)
    done = fill(filled, "--data-set", "toll/dialy")
    assert done.code == 2
    assert "hold nothing like 'toll/dialy'" in done.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("platfrom", "no target is called 'platfrom'; there is platform"),
        ("embedded", "'embedded' cannot be filled from itself"),
    ],
)
def test_an_unknown_target_is_told(filled, name, said):
    done = filled.run("targets", "fill", name, "--from", "embedded")
    assert done.code == 2
    assert said in done.err


def test_nothing_is_filled_from_what_is_no_target(filled, sink):
    filled.platform(f"target: {{url: '{sink.url}/data', name: platform}}")
    done = fill(filled)
    assert done.code == 2
    assert "'embedded' is not among the targets of platform.yaml" in done.err


def test_it_is_sent_in_pieces_as_the_lane_has_room(filled, feed, sink):
    filled.service("toll", hourly(feed, "hourly", SINCE, "batch: 10"))
    both(filled, sink, "outbox: {limit: 3 kB}")

    done = fill(filled, "--json")

    assert (done.code, done.json["delivered"], done.json["owed"]) == (0, 120, [])
    assert same(filled, sink) == 120
    assert max(map(len, sink.posts("toll/hourly"))) == 10
    assert len(filled.rows("runs", "kind")) > 4


def test_what_a_target_does_not_take_stays_owed_and_is_paid_by_the_next_run(filled, feed, sink):
    filled.service("toll", hourly(feed, "hourly", SINCE, "batch: 10"))
    both(filled, sink, "outbox: {limit: 3 kB}")
    sink.faults["toll/hourly"] = [Answer(403)]

    done = fill(filled)
    assert done.code == 1
    assert "toll/hourly at platform: not delivered" in done.err
    assert "toll/hourly: some of it is still owed" in done.err

    asked = feed.asked.copy()
    for _ in range(30):
        filled.run("outbox", "retry")
        filled.run("run", "--all")
    assert same(filled, sink) == 120
    assert feed.asked == asked, "the source is not asked for what the copy has"


def test_what_is_collected_meanwhile_is_not_overwritten_by_what_is_older(filled, feed, sink):
    """What waits in the lane is older, newer or the same: the newest comes last."""
    sink.faults["toll/hourly"] = [Answer(403)] * 9
    feed.count = 2
    filled.run("run", "toll/hourly", "--start", "2026-11-19", "--end", "2026-11-19")
    fill(filled)
    feed.count = 3
    filled.run("run", "toll/hourly", "--start", "2026-11-18", "--end", "2026-11-18")
    sink.faults.clear()

    assert filled.run("outbox", "retry").code == 0

    assert same(filled, sink) == 120
    counts = {one["_timestamp"][:10]: one["count"] for one in sink.held["toll/hourly"].values()}
    assert counts == {"2026-11-18": 3, "2026-11-19": 2, "2026-11-20": 1}


def test_records_of_no_collector_are_filled_once(filled, sink):
    other = '[{"_id": "a", "_timestamp": "2019-01-01T00:00:00+00:00", "count": 7}]'
    assert filled.run("send", "toll/hourly", "--target", "embedded", typed=other).code == 0
    assert fill(filled).code == 0
    assert same(filled, sink) == 121
    assert fill(filled, "--json").json["delivered"] == 0


def test_days_of_another_zone_are_filled_whole(toll, feed, sink):
    feed.step = timedelta(days=1)
    toll.platform("target: embedded")
    daily = hourly(feed, "daily", "since: 2026-11-02", "batch: 2")
    toll.service("toll", daily.replace("hourly", "daily").replace("UTC", "America/New_York"))
    assert toll.run("run", "--all").code == 0
    both(toll, sink)

    assert fill(toll).code == 0

    assert same(toll, sink, "toll/daily") == 36
    assert delivered(toll) == 1


def test_a_document_is_filled(toll, feed, sink):
    toll.platform("target: embedded")
    feed.odd = [row(datetime(2026, 11, day, 15, tzinfo=UTC), "web", day) for day in range(1, 15)]
    scroll = "hourly:\n  source: scroll\n  schedule: daily\n  zone: Asia/Tokyo\n  batch: 3\n"
    toll.service("toll", scroll + f"  query: {{url: '{feed.url}'}}")
    assert toll.run("run", "--all").code == 0
    both(toll, sink)

    assert fill(toll).code == 0

    assert same(toll, sink) == 14
    assert delivered(toll) == 1
    asked = len(feed.requests)
    assert toll.run("run", "--all").code == 0
    assert not [one for one in feed.requests[asked:] if one.path.endswith("/rows")]


class TestSnapshots:
    @pytest.fixture
    def filled(self, toll, feed, sink):
        toll.platform("target: embedded")
        toll.service("toll", hourly(feed, "hourly", "replace: yes", "batch: 1"))
        for channels in (("a", "b", "c"), ("d", "e")):
            feed.channels = channels
            assert toll.run("run", "--all").code == 0
            toll.clock.advance(HOUR)
        both(toll, sink)
        return toll

    def test_a_snapshot_is_filled_whole(self, filled, sink):
        sink.held["toll/hourly"]["old"] = {"_id": "old"}

        assert fill(filled).code == 0

        assert same(filled, sink) == 2
        assert delivered(filled) == 1
        assert [one.method for one in sink.requests] == ["PUT", "POST", "POST"]
        assert fill(filled, "--json").json["delivered"] == 0

    def test_one_that_the_target_has_is_not_filled(self, filled, feed, sink):
        feed.channels = ("f",)
        assert filled.run("run", "--all").code == 0
        requests = len(sink.requests)

        assert fill(filled).code == 0

        assert len(sink.requests) == requests
        assert same(filled, sink) == 1

    def test_a_newer_one_takes_the_place_of_one_that_was_filled(self, filled, feed, sink):
        sink.faults["toll/hourly"] = [Answer(403)]
        assert fill(filled).code == 1
        feed.channels = ("f",)
        assert filled.run("run", "--all").code == 0
        assert same(filled, sink) == 1


def test_targets_are_listed_with_what_waits_and_what_they_have(filled, sink):
    sink.faults["toll/hourly"] = [Answer(403)]
    fill(filled)

    embedded, platform = filled.run("targets", "list", "--json").json

    assert embedded == {
        "target": "embedded",
        "url": None,
        "configured": True,
        "lanes": 1,
        "entries": 0,
        "observations": 0,
        "bytes": 0,
        "parked": 0,
        "waiting": 0,
        "owed": 0,
        "delivered": 1,
    }
    assert (platform["target"], platform["url"]) == ("platform", f"{sink.url}/data")
    assert (platform["entries"], platform["observations"], platform["parked"]) == (1, 120, 1)
    assert "100 %" in filled.run("targets", "list").out


def test_a_target_that_is_gone_and_has_something_waiting_is_listed(filled, sink):
    sink.faults["toll/hourly"] = [Answer(403)]
    fill(filled)
    filled.platform("target: embedded")
    rows = {one["target"]: one for one in filled.run("targets", "list", "--json").json}
    assert (rows["platform"]["configured"], rows["platform"]["observations"]) == (False, 120)
