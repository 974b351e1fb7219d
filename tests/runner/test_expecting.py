"""``expect`` in whole runs: figures that are not as expected are kept, sent and told."""

from datetime import UTC, datetime

import pytest

from tests.feeds import DAY
from tests.places import hourly
from tests.servers.google import Event, GoogleAccount, GoogleServer

SATURDAY = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
RENAMED = (
    "2026-11-20: completion_rate fell to 0 from a median of 1 on Fridays; "
    "completions fell to 0 from a median of 3 on Fridays: was something renamed at the source?"
)


@pytest.fixture
def analytics(place):
    """A property in which three people complete each day, until Friday."""
    days = [datetime(2026, 11, 21, 10, tzinfo=UTC) - number * DAY for number in range(1, 36)]
    account = GoogleAccount(
        events=[
            Event(day, name, f"u{user}", f"s{user}-{day:%m%d}")
            for day in days
            for user in range(3)
            for name in ("begin", "complete" if day < days[0] else "completed")
        ]
    )
    place.clock.at = SATURDAY
    with GoogleServer(account) as server:
        key = server.service_account(place.credentials)
        place.secret(
            "google-analytics.yaml",
            f"kind: service_account\nkey_file: {key}\nbase_url: {server.url}\n",
        )
        place.service(
            "toll",
            """
            journey:
              source: google-analytics
              schedule: daily
              settle: 0 hours
              query: {property: "94954354", goals: {start: begin, done: complete}}
              expect: {rows: 1, fall: 60%, zero: no}
            """,
        )
        place.servers.append(server)
        yield place, account


def state_of(place, *options):
    (row,) = place.run(*options, "status", "--json").json
    return row["state"], row["reason"]


@pytest.mark.parametrize("on", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_goal_that_is_renamed_looks_no_longer_like_success(analytics, on, request):
    place, account = analytics
    url = request.getfixturevalue("postgres_url") if on == "postgresql" else ""
    options = ["--state", url] if url else []
    journey = [*options, "run", "toll/journey", "--json"]
    first = place.run(*journey, "--start", "2026-10-19", "--end", "2026-11-19").json["runs"]
    assert {one["state"] for one in first} == {"done"}

    (run,) = place.run(*journey).json["runs"]

    assert (run["state"], run["observations"]) == ("done with warnings", 1)
    assert RENAMED in run["warnings"]
    assert state_of(place, *options) == ("not as expected", RENAMED)
    assert [row["completions"] for row in place.read("toll/journey")][-1] == 0

    account.events = [
        Event(one.at, one.name.replace("completed", "complete"), one.user, one.session)
        for one in account.events
    ]
    (run,) = place.run(*journey, "--start", "2026-11-20", "--end", "2026-11-20").json["runs"]
    assert run["warnings"] == []
    assert state_of(place, *options)[0] == "collected"


@pytest.fixture
def tolls(place, feed):
    """Two rows of one each a day, and a place that expects so."""

    def expecting(expect, *more):
        feed.step = DAY
        place.clock.at = SATURDAY
        lines = hourly(feed, "daily", f"expect: {expect}", *more).replace("hourly", "daily")
        place.service("toll", lines)
        return place

    return expecting


def warnings_of(done):
    return [one for run in done.json["runs"] for one in run["warnings"]]


def test_a_fall_within_a_catch_up_is_told_of_its_period(tolls, feed):
    place = tolls("{fall: 50%}")
    feed.count = 10
    place.run("run", "toll", "--start", "2026-10-01", "--end", "2026-11-15")
    feed.count = 4

    done = place.run("run", "toll", "--start", "2026-11-16", "--end", "2026-11-20", "--json")

    assert warnings_of(done) == [
        f"2026-11-{16 + day}: count fell to 8 from a median of 20 on {name}s, by 60.0%, at most 50% expected"
        for day, name in enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"])
    ]


def test_the_oldest_of_many_periods_are_only_counted(tolls, feed):
    place = tolls("{rows: 3}")

    done = place.run("run", "toll", "--start", "2026-11-01", "--end", "2026-11-20", "--json")

    told = warnings_of(done)
    assert told[0] == "2026-11-16: 2 observations, at least 3 expected"
    assert (len(told), told[-1]) == (6, "15 earlier periods are not as expected either")


def test_a_young_period_is_judged_once_it_settles(tolls, feed):
    place = tolls("{zero: no}", "settle: 2 days", "since: 2026-10-19")
    place.run("run", "toll", "--start", "2026-10-19", "--end", "2026-11-19")
    feed.count = 0
    assert warnings_of(place.run("run", "toll", "--json")) == []
    assert state_of(place)[0] != "not as expected"

    place.clock.advance(3 * DAY)
    told = warnings_of(place.run("run", "toll", "--json"))

    assert "2026-11-20: count fell to 0 from a median of 2 on Fridays" in "".join(told)


def test_nothing_is_said_in_the_first_weeks_nor_once_the_meaning_has_changed(tolls, feed):
    place = tolls("{zero: no, fall: 10%}")
    place.run("run", "toll", "--start", "2026-11-01", "--end", "2026-11-19")
    feed.count = 0
    assert warnings_of(place.run("run", "toll", "--json")) == []

    feed.count = 1
    place.run("run", "toll", "--start", "2026-10-01", "--end", "2026-11-19")
    feed.count = 0
    tolls("{zero: no, fall: 10%}", "add: {kind: other}")
    friday = ("run", "toll", "--start", "2026-11-20", "--end", "2026-11-20", "--json")
    assert warnings_of(place.run(*friday)) == []


def test_a_dry_run_tells_what_a_run_would_and_keeps_nothing(tolls, feed):
    place = tolls("{rows: 3}")

    done = place.run("run", "toll", "--dry-run", "--json")

    assert warnings_of(done) == ["2026-11-20: 2 observations, at least 3 expected"]
    assert not place.state.exists()


def test_a_constant_is_no_measure_and_a_measure_goes_by_the_name_it_is_sent_with(tolls, feed):
    expect = "{zero: no, measures: [weight]}"
    place = tolls(expect, "add: {weight: {number: 0}}", "map: {count: tolls}")

    done = place.run("run", "toll", "--json")

    assert warnings_of(done) == [
        "2026-11-20: no observation has the measure 'weight'; there are: tolls"
    ]


def test_of_a_sheet_the_last_period_that_is_over_is_judged(place):
    place.clock.at = SATURDAY
    place.service(
        "toll",
        """
        sheet:
          source: spreadsheet
          schedule: daily
          query: {file: t.csv, date: day, measures: [cars]}
          expect: {zero: no}
        """,
    )

    def write(zeros):
        days = [datetime(2026, 10, 1, tzinfo=UTC) + number * DAY for number in range(53)]
        lines = [f"{day:%Y-%m-%d},{0 if f'{day:%m-%d}' in zeros else 5}" for day in days]
        (place.config / "t.csv").write_text("\n".join(["day,cars", *lines]))

    write(["11-05", "11-20", "11-21", "11-22"])
    told = warnings_of(place.run("run", "--all", "--json"))
    assert [one for one in told if "fell" in one] == [
        "2026-11-20: cars fell to 0 from a median of 5 on Fridays: was something renamed at the source?"
    ]
    assert state_of(place)[0] == "not as expected"

    write(["11-05", "11-21", "11-22"])
    assert warnings_of(place.run("run", "--all", "--json")) == []
    assert state_of(place)[0] == "collected"
