"""``sample``: what a source says of one period, and what would be made of it."""

import pytest

from tests.feeds import HOUR, row
from tests.places import NOW, hourly

LAST = NOW.replace(hour=11, minute=0)


def pairs(done):
    return [(one["reading"], one["observation"], one["result"]) for one in done.json["samples"]]


def results(done):
    return [one["result"] for one in done.json["samples"]]


def test_readings_and_observations_of_the_last_period_stand_side_by_side(toll, feed):
    done = toll.run("sample", "toll/hourly", "--json")

    assert done.code == 0
    assert done.json["window"] == {
        "start": "2026-11-20T11:00:00+00:00",
        "end": "2026-11-20T12:00:00+00:00",
    }
    assert feed.asked == {("11-20T11", "11-20T12"): 1}
    assert (done.json["readings"], done.json["observations"], done.json["refused"]) == (2, 2, 0)
    assert pairs(done)[0] == (
        {
            "at": "2026-11-20T11:00:00Z",
            "dimensions": {"channel": "paper"},
            "measures": {"count": 1},
        },
        {
            "_timestamp": "2026-11-20T11:00:00+00:00",
            "timeSpan": "hour",
            "dataType": "hourly",
            "channel": "paper",
            "count": 1,
            "_id": done.json["samples"][0]["observation"]["_id"],
        },
        "would be sent",
    )


def test_people_see_a_table_of_fields(toll):
    done = toll.run("sample", "toll/hourly")

    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert done.out.startswith(
        "toll/hourly, 2026-11-20T11:00Z - 2026-11-20T12:00Z: 2 readings, 2 observations, "
        "0 refused; nothing was stored or sent\n"
    )
    assert ["field", "reading", "observation"] in lines
    assert ["channel", "paper", "paper"] in lines
    assert ["timeSpan", "hour"] in lines


def test_nothing_is_stored_and_nothing_sent(toll, feed, sink):
    feed.remember = {"cursor": "7"}
    feed.quota_key = "feed:budget"
    toll.run("sample", "toll/hourly")
    assert not toll.state.exists()

    toll.run("run", "--all")
    before = {name: toll.rows(name, *columns) for name, columns in TABLES.items()}
    asked = len(sink.requests)
    feed.remember = {"cursor": "8"}
    toll.run("sample", "toll/hourly")

    assert {name: toll.rows(name, *columns) for name, columns in TABLES.items()} == before
    assert len(sink.requests) == asked


TABLES = {
    "collectors": ("name", "state"),
    "runs": ("id", "state"),
    "coverage": ("id", "collected_at"),
    "outbox": ("id",),
    "quotas": ("key", "reported_at"),
    "audit": ("id",),
}


def test_another_period_may_be_named_by_its_local_day_and_hour(toll, feed):
    toll.run("sample", "toll/hourly", "--at", "2026-11-19T06:30")
    toll.run("sample", "toll/hourly", "--at", "2026-11-19")
    toll.service("toll", hourly(feed, "daily", "period: day", "zone: Europe/London").replace(
        "  zone: UTC\n", ""
    ))  # fmt: skip
    feed.odd = []
    toll.run("sample", "toll/daily", "--at", "2026-06-30")

    assert list(feed.asked) == [
        ("11-19T06", "11-19T07"),
        ("11-19T00", "11-19T01"),
        ("06-29T23", "06-30T23"),
    ]


def test_what_would_be_refused_is_shown_with_the_reason_and_what_is_unknown_too(toll, feed):
    bad = row(LAST, "web", 1)
    bad["dimensions"]["a-hyphen"] = "x"
    feed.odd = [row(LAST, "paper", 1), bad, row(LAST, "post", None)]

    done = toll.run("sample", "toll/hourly", "--json")

    assert (done.code, done.json["refused"]) == (0, 1)
    assert results(done) == [
        "would be sent",
        "refused: a-hyphen is not a valid key",
        "not sent: none of its measures is known",
    ]
    assert pairs(done)[1][1]["a-hyphen"] == "x"
    assert pairs(done)[2][1] is None


def test_of_each_kind_a_few_are_shown(toll, feed):
    feed.odd = [row(LAST, f"c{number}", 1) for number in range(9)]
    feed.odd += [row(LAST, "post", None)] * 9

    assert len(pairs(toll.run("sample", "toll/hourly", "--json"))) == 6
    done = toll.run("sample", "toll/hourly", "--limit", "1", "--json")
    assert results(done) == ["would be sent", "not sent: none of its measures is known"]
    assert done.json["readings"] == 18


def test_what_the_mapping_does_can_be_seen(toll, feed):
    toll.service(
        "toll",
        hourly(
            feed,
            "hourly",
            "map: {channel: way}",
            "add: {region: wales}",
            "steps: [{rank: {field: place, by: count}}]",
        ),
    )

    reading, observation, _ = pairs(toll.run("sample", "toll/hourly", "--json"))[0]

    assert reading["dimensions"] == {"channel": "paper"}
    assert observation.items() >= {"way": "paper", "region": "wales", "place": 1}.items()


def test_what_is_aggregated_is_shown_beside_what_it_is_made_of(toll, feed):
    step = "steps: [{aggregate: {by: [region], sum: [count]}}]"
    toll.service("toll", hourly(feed, "hourly", "add: {region: wales}", step))

    done = toll.run("sample", "toll/hourly", "--json")

    assert results(done) == [
        "made into one observation together with others",
        "made into one observation together with others",
        "would be sent: made of several readings",
    ]
    assert pairs(done)[2][0] is None
    assert pairs(done)[2][1]["count"] == 2


def test_a_document_shows_its_last_period_or_the_one_asked_for(place, feed):
    place.service(
        "book",
        f"pages: {{source: scroll, schedule: daily, period: day, query: {{url: '{feed.url}'}}}}",
    )
    days = [LAST.replace(day=day, hour=0) for day in (16, 17, 18)]
    feed.odd = [row(day, "web", number) for number, day in enumerate(days)]

    last = place.run("sample", "book/pages", "--json")
    assert last.json["window"]["start"] == "2026-11-18T00:00:00+00:00"
    assert [one[0]["measures"] for one in pairs(last)] == [{"count": 2}]

    named = place.run("sample", "book/pages", "--at", "2026-11-16", "--json")
    assert [one[0]["measures"] for one in pairs(named)] == [{"count": 0}]

    none = place.run("sample", "book/pages", "--at", "2025-11-16")
    assert (none.code, none.out.count("0 readings, 0 observations")) == (0, 1)

    feed.odd = []
    empty = place.run("sample", "book/pages")
    assert (empty.code, "book/pages, nothing in it: 0 readings" in empty.out) == (0, True)


def test_an_instant_is_looked_at_now(toll, feed):
    feed.odd = [row(NOW, "web", 3)]
    instant = hourly(feed, "now").replace("schedule: hourly", "schedule: every 2 minutes")
    toll.service("toll", instant)

    assert results(toll.run("sample", "toll/now", "--json")) == ["would be sent"]
    done = toll.run("sample", "toll/now", "--at", "2026-11-19")
    assert (done.code, "an instant has no past" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("not yet", 0, "toll/hourly: not yet: the figures come out on Friday"),
        ("refused", 1, "toll/hourly: failed: it says no"),
        ("bug", 1, "toll/hourly: failed: the source feed broke: KeyError: 'oops'"),
    ],
)
def test_what_goes_wrong_is_told(toll, feed, error, code, said):
    feed.error = error

    done = toll.run("sample", "toll/hourly")
    assert (done.code, done.out, done.err) == (code, "", said + "\n")
    assert toll.run("sample", "toll/hourly", "--json").json["samples"] == []


def test_what_the_source_warns_of_is_told(toll, feed):
    feed.warnings = ("the figures are estimates",)

    assert "the figures are estimates" in toll.run("sample", "toll/hourly").err
    warnings = toll.run("sample", "toll/hourly", "--json").json["warnings"]
    assert warnings == ["the figures are estimates"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toll/hurly"], "no collector is called 'toll/hurly': did you mean toll/hourly"),
        (["toll/hourly", "--at", "2026-11-21"], "toll/hourly: this hour ends 2026-11-21T01:00Z"),
        (["toll/hourly", "--at", "noon"], "'noon' does not match"),
        (["toll/hourly", "--limit", "0"], "0 is not in the range x>=1"),
    ],
)
def test_a_mistake_of_usage_is_told(toll, feed, arguments, said):
    done = toll.run("sample", *arguments)

    assert (done.code, done.out, feed.requests) == (2, "", [])
    assert said in done.err


def test_a_collector_that_is_not_enabled_can_be_looked_at_too(toll, feed):
    toll.service("toll", hourly(feed, "hourly", "enabled: false"))
    toll.clock.advance(HOUR)

    assert toll.run("sample", "toll/hourly").code == 0
