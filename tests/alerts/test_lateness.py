"""Lateness is judged on data time, and needs no run to be found out."""

from datetime import timedelta

from tests.places import hourly
from tests.servers.http import HttpServer, json_answer

HOUR = timedelta(hours=1)


def late(place):
    done = place.run("status", "--late", "--json")
    assert done.code == (1 if done.json else 0)
    return {one["collector"]: (one["late_since"], one["reason"]) for one in done.json}


def feed_of(place, feed, *more):
    place.service("toll", hourly(feed, "hourly", "deadline: 3 hours", *more))


def test_a_period_is_late_once_its_deadline_has_passed_without_any_run(toll, feed):
    feed_of(toll, feed)
    toll.run("run", "--all")
    assert late(toll) == {}

    toll.clock.advance(3.4 * HOUR)  # 15:54; the hour that ended at 13:00 may be missing until 16:00
    assert late(toll) == {}
    toll.clock.advance(0.1 * HOUR)
    since, reason = late(toll)["toll/hourly"]
    assert since == "2026-11-20T16:00:00Z"
    assert reason.startswith("the hour 2026-11-20T12:00Z is not collected; its last run went well")


def test_what_was_never_run_is_late_too_and_a_failure_says_why(toll, feed):
    feed_of(toll, feed, "since: 2026-11-20")
    assert "no run has ended yet" in late(toll)["toll/hourly"][1]

    feed.error = "refused"
    toll.run("run", "--all")
    assert late(toll) == {}, "it became known just now, and has its three hours"
    toll.clock.advance(3 * HOUR)
    since, reason = late(toll)["toll/hourly"]
    assert since == "2026-11-20T15:30:00Z"
    assert reason.endswith(
        "the hour 2026-11-20T00:00Z is not collected; last run failed: it says no"
    )


def test_a_platform_may_say_a_deadline_for_all(place, feed):
    place.platform("alerts: {deadline: 1 hour}\ntarget: embedded")
    place.service("toll", "\n".join([hourly(feed), hourly(feed, "slow", "deadline: 2 days")]))
    place.run("run", "--all")
    place.clock.advance(5 * HOUR)

    assert list(late(place)) == ["toll/hourly"]


def test_a_document_that_was_looked_at_and_is_unchanged_is_in_time(place):
    place.service(
        "toll",
        """
        sheet:
          source: spreadsheet
          schedule: daily
          deadline: 2 days
          query: {file: t.csv, date: day, measures: [count]}
        """,
    )
    (place.config / "t.csv").write_text("day,count\n2026-11-01,5\n")
    for _ in range(4):
        place.run("run", "--all")
        assert late(place) == {}
        place.clock.advance(36 * HOUR)

    (place.config / "t.csv").unlink()
    place.run("run", "--all")
    place.clock.advance(24 * HOUR)
    since, reason = late(place)["toll/sheet"]
    assert since == "2026-11-27T00:30:00Z"
    assert reason.startswith("last read or found unchanged 2026-11-25T00:30Z; last run failed: ")


def test_a_document_that_nobody_has_planned_is_late_at_once_and_then_counts_from_that(place):
    sheet = "{source: spreadsheet, schedule: daily, deadline: 2 days, query: {file: t.csv, %s}}"
    place.service("toll", "sheet: " + sheet % "date: day, measures: [count]")
    reason = "never read or found unchanged; no run has ended yet"
    assert late(place) == {"toll/sheet": ("2026-11-20T12:30:00Z", reason)}

    place.run("run", "--all")
    assert late(place) == {}
    place.clock.advance(48 * HOUR)
    since, reason = late(place)["toll/sheet"]
    assert since == "2026-11-22T12:30:00Z"
    assert reason.startswith("never read or found unchanged; last run failed: ")


def test_an_instant_is_late_when_none_was_collected_for_its_deadline(place, feed):
    every = hourly(feed, "now", "deadline: 1 hour").replace("hourly", "every 2 minutes")
    place.service("toll", every)
    place.run("run", "--all")
    place.clock.advance(1.02 * HOUR)
    assert late(place) == {}
    place.clock.advance(0.02 * HOUR)
    assert late(place)["toll/now"][1].startswith("last collected 2026-11-20T12:32Z")


def test_what_is_collected_and_not_delivered_is_late_for_a_reason_of_its_own(place, feed):
    with HttpServer(lambda _: json_answer({}, 503)) as down:
        place.platform(f"target: {{url: '{down.url}/data', name: platform}}")
        place.tokens(toll__hourly="token-of-hourly")
        feed_of(place, feed)
        for _ in range(4):
            place.run("run", "--all")
            place.clock.advance(HOUR)

    since, reason = late(place)["toll/hourly"]
    assert since == "2026-11-20T15:30:00Z"
    assert reason.startswith("it waits for platform since 2026-11-20T12:30Z: ")


def test_what_is_paused_is_told_as_such_and_is_not_late(toll, feed):
    feed_of(toll, feed, "since: 2026-11-20")
    assert list(late(toll)) == ["toll/hourly"]

    toll.run("pause", "toll/hourly")

    assert late(toll) == {}
    assert [one["state"] for one in toll.run("status", "--json").json] == ["paused"]
