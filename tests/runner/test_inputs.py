"""Figures of figures: made after what they are made of, and made again when that has changed."""

from datetime import datetime

import pytest

from tests.feeds import DAY
from tests.places import hourly
from tests.servers.http import Answer

DAILY = """
daily:
  source: feed
  schedule: daily
  zone: Europe/London
  since: 2026-11-02
  query: {{url: '{url}'}}
"""
WEEKLY = """
weekly:
  source: data-set
  schedule: weekly
  zone: Europe/London
  since: 2026-11-02
  query:
    data_set: toll/daily
    dimensions: [channel]
    sums: [count]
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def toll(request, place, feed):
    """A place with two weeks of days, of which weeks are made, on each kind of database."""
    feed.step = DAY
    place.service("toll", WEEKLY + DAILY.format(url=feed.url))
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        text = f"state: {url}\nembedded: {{url: '{url}'}}\n"
        (place.config / "platform.yaml").write_text(text)
    return place


def weeks(place, name="toll/weekly", field="count"):
    return {(one["_timestamp"][:10], one.get("channel")): one[field] for one in place.read(name)}


def told(done, name="toll/weekly"):
    return [(one["state"], one["reason"]) for one in done.json["runs"] if one["collector"] == name]


def windows(done, name="toll/weekly"):
    return [one["window"]["start"][:10] for one in done.json["runs"] if one["collector"] == name]


def test_weeks_are_made_of_days_in_the_same_run_and_then_nothing_is_due(toll):
    done = toll.run("run", "--all", "--json")
    assert done.code == 0
    assert weeks(toll) == {
        ("2026-11-02", "paper"): 7,
        ("2026-11-02", "web"): 7,
        ("2026-11-09", "paper"): 7,
        ("2026-11-09", "web"): 7,
    }
    assert toll.run("run", "--all", "--json").json["runs"] == []


def test_only_the_week_whose_day_was_collected_again_is_made_again(toll, feed):
    toll.run("run", "--all")
    feed.count = 3
    again = ["run", "toll/daily", "--start", "2026-11-04", "--end", "2026-11-04", "--json"]
    assert toll.run(*again).code == 0

    done = toll.run("run", "--all", "--json")

    assert windows(done) == ["2026-11-02"]
    assert weeks(toll)["2026-11-02", "web"] == 6 + 3
    assert weeks(toll)["2026-11-09", "web"] == 7
    assert toll.run("run", "--all", "--json").json["runs"] == []


def test_a_week_waits_for_its_last_day_and_the_others_do_not(toll, feed):
    feed.span_days = 1
    toll.service("toll", WEEKLY + DAILY.format(url=feed.url).replace("11-02", "11-09"))
    done = toll.run("run", "--all", "--json")
    assert done.code == 0
    assert weeks(toll) == {("2026-11-09", "paper"): 7, ("2026-11-09", "web"): 7}, (
        "what was before the first day that the writer collects is nobody's to wait for"
    )

    feed.error = "not yet"
    toll.clock.advance(3 * DAY)
    done = toll.run("run", "--all", "--json")
    said = "toll/daily at embedded does not hold 2026-11-20 yet"
    why = "the collector toll/daily has not delivered it"
    assert told(done) == [("not yet", f"{said}: {why}")]

    feed.error = None
    toll.run("run", "--all")
    assert weeks(toll)["2026-11-16", "web"] == 7


def test_without_what_it_is_made_of_it_is_not_yet_and_nothing_is_zero(toll):
    done = toll.run("run", "toll/weekly", "--json")
    assert {state for state, _ in told(done)} == {"not yet"}
    assert toll.run("read", "toll/weekly", "--json").json == []


def test_what_is_not_delivered_is_not_there(toll, feed, sink):
    """The figures are read at the platform, which takes them later; so they are made later."""
    toll.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]")
    toll.tokens(toll__daily="token-of-daily")
    weekly = WEEKLY.replace("data_set: toll/daily", "data_set: toll/daily\n    target: embedded")
    far = WEEKLY.replace("data_set: toll/daily", "data_set: toll/daily\n    target: platform")
    far = far.replace("weekly:", "far:", 1)
    toll.service("toll", weekly + far + DAILY.format(url=feed.url))
    sink.faults["toll/daily"] = [Answer(403)]

    done = toll.run("run", "--all", "--json")

    assert {state for state, _ in told(done)} == {"done"}
    assert {state for state, _ in told(done, "toll/far")} == {"not yet"}
    assert "toll/daily at platform does not hold 2026-11-0" in told(done, "toll/far")[0][1]


def test_a_document_that_has_changed_makes_everything_anew(toll, feed):
    def told_of(count):
        return [
            {
                "at": f"2026-11-{day:02}T00:00:00+00:00",
                "dimensions": {"channel": "web"},
                "measures": {"count": count},
            }
            for day in range(2, 16)
        ]

    scroll = DAILY.format(url=feed.url).replace("source: feed", "source: scroll")
    toll.service("toll", WEEKLY + scroll.replace("  since: 2026-11-02\n", ""))
    feed.odd = told_of(1)
    toll.run("run", "--all")
    assert weeks(toll) == {("2026-11-02", "web"): 7, ("2026-11-09", "web"): 7}

    feed.odd, feed.revision = told_of(2), ["2"]
    done = toll.run("run", "--all", "--json")

    assert [reason for _, reason in told(done)] == ["2 observations of 2 readings"]
    assert toll.run("run", "--all", "--json").json["runs"] == []
    assert weeks(toll) == {("2026-11-02", "web"): 14, ("2026-11-09", "web"): 14}


def test_a_chain_is_made_in_one_run(toll, feed):
    months = WEEKLY.replace("weekly:", "all:", 1).replace("toll/daily", "toll/weekly")
    toll.service("toll", months + WEEKLY + DAILY.format(url=feed.url))
    assert toll.run("run", "--all").code == 0
    assert weeks(toll, "toll/all") == weeks(toll, "toll/weekly")

    feed.count = 2
    toll.run("run", "toll/daily", "--start", "2026-11-10", "--end", "2026-11-10")
    assert toll.run("run", "--all").code == 0
    assert weeks(toll, "toll/all")["2026-11-09", "web"] == 8


def test_a_dry_run_reads_what_is_there_and_stores_nothing(toll):
    toll.run("run", "toll/daily")
    done = toll.run("run", "toll/weekly", "--dry-run", "--json")
    assert done.json["observations"] == {"toll/weekly": 4}
    assert toll.run("read", "toll/daily", "--limit", "1", "--json").code == 0
    assert {one["state"] for one in toll.run("run", "toll/weekly", "--json").json["runs"]} == {
        "done"
    }


def test_hours_become_days_of_a_zone_on_both_nights_of_the_clocks(place, feed):
    """London's 29 March 2026 has 23 hours, its 25 October 25."""
    hours = hourly(feed, "hourly", "since: 2026-03-27")
    days = """
    days:
      source: data-set
      schedule: daily
      zone: Europe/London
      since: 2026-03-28
      query: {data_set: toll/hourly, hourly: yes, where: {channel: web}, sums: [count]}
    """
    place.service("toll", days.replace("\n    ", "\n") + hours)
    place.clock.at = datetime.fromisoformat("2026-03-31T12:00:00+00:00")
    assert place.run("run", "--all").code == 0
    assert weeks(place, "toll/days") == {
        ("2026-03-28", None): 24,
        ("2026-03-29", None): 23,
        ("2026-03-30", None): 24,
    }
    place.clock.at = datetime.fromisoformat("2026-10-27T12:00:00+00:00")
    assert place.run("run", "--all").code == 0
    assert weeks(place, "toll/days")["2026-10-25", None] == 25


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        ("toll/second", "toll/first", 3),
        ("toll/first", "toll/first", 3),
    ],
)
def test_a_ring_is_a_mistake_with_its_place(place, first, second, line):
    of = "  source: data-set\n  schedule: daily\n  query: {{data_set: {}, sums: [count]}}\n"
    place.service("toll", "first:\n" + of.format(first) + "second:\n" + of.format(second))
    done = place.run("validate")
    assert done.code == 2
    file = place.config / "services" / "toll.yaml"
    assert f"{file}:{line}:3: collectors read one another in a ring: 'toll/first'" in done.out


@pytest.mark.parametrize(
    ("query", "period", "said"),
    [
        (
            "{data_set: toll/daily, sums: [count]}",
            "hour",
            "which 'toll/daily' writes by day: figures by hour cannot be made of that",
        ),
        (
            "{data_set: toll/daily, sums: [count], hourly: yes}",
            "week",
            "writes by day: leave out 'hourly'",
        ),
        (
            "{data_set: toll/hourly, sums: [count]}",
            "day",
            "writes by hour: say 'hourly: yes', so that they are days of Europe/London",
        ),
        (
            "{data_set: toll/weekly, sums: [count]}",
            "month",
            "writes by week: figures by month cannot be made of that",
        ),
        (
            "{data_set: toll/daily, sums: [count], target: platfrom}",
            "week",
            "reads the target 'platfrom', which is none",
        ),
    ],
)
def test_what_cannot_be_made_is_a_mistake(place, query, period, said):
    feeds = "".join(
        f"{name}:\n  source: feed\n  schedule: {name}\n  query: {{url: 'http://127.0.0.1'}}\n"
        for name in ("hourly", "daily", "weekly")
    )
    made = f"made:\n  source: data-set\n  schedule: daily\n  period: {period}\n  query: {query}\n"
    place.service("toll", feeds + made)
    done = place.run("validate")
    assert done.code == 2
    assert said in done.out
    assert "toll.yaml:15:3: " in done.out


def test_a_data_set_that_nobody_writes_is_a_doubt(place):
    made = "made:\n  source: data-set\n  schedule: daily\n  query: {data_set: toll/dayly, sums: [count]}\n"
    place.service(
        "toll",
        made + "daily:\n  source: feed\n  schedule: daily\n  query: {url: 'http://127.0.0.1'}\n",
    )
    done = place.run("validate")
    assert done.code == 0
    assert (
        "reads toll/dayly, which no collector writes (did you mean 'toll/daily'?)"
        in done.out + done.err
    )
