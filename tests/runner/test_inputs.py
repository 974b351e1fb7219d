"""Figures of figures: made after what they are made of, and made again when that has changed."""

from datetime import date, datetime, timedelta

import pytest

from tests.feeds import DAY, HOUR
from tests.places import NOW, hourly
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
