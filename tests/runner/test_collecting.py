"""What becomes of a window: whatever the source does, it ends with a state and a reason."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.feeds import DAY, HOUR, FeedServer, row
from tests.places import NOW, hourly
from tests.servers.http import Answer, html_answer

DUE = NOW.replace(hour=11, minute=0)
"""The start of the last hour that has ended."""


@pytest.fixture
def place(place, feed):
    place.service("toll", hourly(feed))
    return place


def collect(place, *arguments):
    """Run all collectors; give the exit code and the runs, the latest last."""
    done = place.run("run", "--all", "--json", *arguments)
    assert "Traceback" not in done.err
    return done.code, done.json["runs"]


def due(place, name="toll/hourly"):
    rows = place.run("status", name, "--gaps", "--json").json
    return [row["window"] for row in rows]


def coverage(place, collector="toll/hourly"):
    """The collected stretches: hours of the start and end, settled, observations."""
    rows = place.rows("coverage", "collector", "start", "end", "settled", "observations")
    return [
        (f"{hour(start)}-{hour(end)}", bool(settled), count)
        for name, start, end, settled, count in rows
        if name == collector
    ]


def hour(seconds):
    return f"{datetime.fromtimestamp(seconds, UTC):%d.%H}"


@pytest.mark.parametrize(
    ("error", "state", "reason", "code"),
    [
        ("not yet", "not yet", "the figures come out on Friday", 0),
        ("quota", "parked", "the day's quota is spent", 1),
        ("unavailable", "failed", "it is down", 1),
        ("refused", "failed", "it says no", 1),
        ("unexpected", "failed", "it talks nonsense", 1),
        ("bug", "failed", "the source feed broke: KeyError: 'oops'", 1),
        ("no such table", "failed", "the source feed broke: RuntimeError: no such table", 1),
    ],
)
def test_whatever_a_source_raises_ends_the_run_with_a_reason_and_the_period_stays_due(
    place, feed, error, state, reason, code
):
    feed.error = error

    assert [collect(place)[0] for _ in range(2)] == [code, code]

    ((run,),) = [place.run("status", "--json").json]
    assert (run["state"], run["reason"]) == (state, reason)
    assert due(place) == ["2026-11-20T11:00Z - 2026-11-20T12:00Z"]
    assert coverage(place) == []

    feed.error = None
    place.clock.advance(3 * HOUR)
    assert collect(place)[0] == 0
    assert [name for name, *_ in coverage(place)] == ["20.11-20.15"]


def test_an_error_of_one_collector_touches_no_other(place, feed):
    with FeedServer() as broken:
        place.servers.append(broken)
        broken.fault = Answer(200, b'{"rows": 7, "next": null}')
        more = hourly(broken, "broken") + "\n" + hourly(feed) + "\n" + hourly(feed, "another")
        place.service("toll", more)

        code, runs = collect(place)

    assert code == 1
    assert {run["collector"]: run["state"] for run in runs} == {
        "toll/broken": "failed",
        "toll/hourly": "done",
        "toll/another": "done",
    }
    (reason,) = [run["reason"] for run in runs if run["state"] == "failed"]
    assert reason == "the source feed broke: TypeError: 'int' object is not iterable"


@pytest.mark.parametrize("when", ["earliest"])
def test_a_plugin_that_breaks_before_it_is_asked_touches_no_other(place, feed, when):
    broken = hourly(feed, "broken", f"query: {{url: '{feed.url}', breaks: {when}}}")
    place.service("toll", broken + "\n" + hourly(feed))

    code, runs = collect(place)

    assert code == 1
    assert {run["collector"]: run["reason"] for run in runs if run["state"] == "failed"} == {
        "toll/broken": "the source feed broke: ZeroDivisionError: division by zero"
    }
    assert len(place.read("toll/hourly")) == 2
    assert place.run("run", "--all", "--dry-run").code == 1


def test_a_document_whose_revision_breaks_touches_no_other(place, feed):
    place.service("toll", SCROLL.format(url=feed.url) + hourly(feed))
    place.service("broken", SCROLL.format(url=f"{feed.url}, breaks: revision"))

    code, runs = collect(place)

    assert code == 1
    assert [run["reason"] for run in runs if run["state"] == "failed"] == [
        "the source scroll broke: ZeroDivisionError: division by zero"
    ]
    assert len(place.read("toll/hourly")) == 2


def test_a_run_that_waits_for_its_quota_is_not_tried_before(place, feed):
    feed.error = "quota"
    collect(place)
    feed.error = None

    place.clock.advance(HOUR)
    code, runs = collect(place)
    parked = [run for run in runs if run["state"] == "parked"]
    assert (code, [run["reason"] for run in parked]) == (1, ["the day's quota is spent"])
    assert len(place.read("toll/hourly")) == 2, "the hour that follows is collected meanwhile"

    place.clock.advance(HOUR)
    assert collect(place)[0] == 0
    assert len(place.read("toll/hourly")) == 6


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (DUE - HOUR, "outside of 2026-11-20T11:00Z - 2026-11-20T12:00Z"),
        (DUE + HOUR, "outside of 2026-11-20T11:00Z - 2026-11-20T12:00Z"),
        (DUE + HOUR / 2, "where no hour begins in UTC"),
        (DUE.replace(tzinfo=None), "which names no time zone"),
    ],
)
def test_a_reading_where_none_may_be_is_refused_and_nothing_is_marked_done(place, feed, at, said):
    feed.odd = [row(at, "web", 1)]

    code, runs = collect(place)

    assert code == 1
    assert said in runs[0]["reason"]
    assert coverage(place) == []
    assert place.read("toll/hourly") == []


def test_a_day_begins_where_it_does_in_its_zone(place, feed):
    place.service("toll", hourly(feed, "hourly", "period: day").replace("UTC", "Europe/London"))
    feed.step = DAY
    place.clock.at = datetime(2026, 6, 10, 12, tzinfo=UTC)

    assert collect(place)[0] == 0
    assert {one["_timestamp"] for one in place.read("toll/hourly")} == {"2026-06-09T00:00:00+00:00"}
    assert feed.asked == {("06-08T23", "06-09T23"): 1}

    feed.odd = [row(datetime(2026, 6, 10, tzinfo=UTC), "web", 1)]
    place.clock.advance(DAY)
    assert "where no day begins in Europe/London" in collect(place)[1][0]["reason"]


def test_a_window_of_which_the_source_gave_a_part_is_never_done_and_the_next_run_supersedes_it(
    toll, feed, sink
):
    """Three pages come, the fourth does not; then there are other rows than before."""
    toll.service("toll", hourly(feed, "hourly", "since: 2026-11-20", "batch: 2", "settle: 9 days"))
    feed.page, feed.error, feed.error_at = 6, "unavailable", 4

    assert toll.run("run", "--all").code == 1

    partly = len(sink.held["toll/hourly"])
    assert 0 < partly <= 18
    assert [one[2:] for one in coverage(toll)] in ([], [(2,)])
    assert "never collected" in toll.run("status", "--gaps", "--json").out

    feed.error, feed.channels = None, ("paper",)
    assert toll.run("run", "--all").code == 0
    assert {one["channel"] for one in sink.held["toll/hourly"].values()} <= {"paper", "web"}
    assert sum(one["channel"] == "web" for one in sink.held["toll/hourly"].values()) <= 1
    assert len({one["_timestamp"] for one in sink.held["toll/hourly"].values()}) == 12
    assert toll.rows("outbox", "id") == []


def test_a_young_period_is_provisional_is_asked_for_once_a_day_and_is_settled_once(place, feed):
    place.service("toll", hourly(feed, "hourly", "settle: 2 days", "since: 2026-11-20"))
    place.clock.at = NOW.replace(hour=1, minute=30)

    collect(place)
    assert coverage(place) == [("20.00-20.01", False, 2)]

    assert collect(place)[1] == [], "it is not asked for again within the day"
    place.clock.advance(DAY)
    _, runs = collect(place)
    assert sum(feed.asked[one] for one in feed.asked if one[0] == "11-20T00") == 2
    place.clock.advance(DAY)
    collect(place)

    settled = [name for name, is_settled, _ in coverage(place) if is_settled]
    assert settled == ["20.00-20.01"]
    asked = feed.asked.copy()
    place.clock.advance(HOUR)
    collect(place)
    assert [one for one in feed.asked - asked if one[0] == "11-20T00"] == []
    assert len(runs) >= 1


def test_what_changes_while_it_is_provisional_replaces_what_was(place, feed):
    place.service("toll", hourly(feed, "hourly", "settle: 2 days"))
    collect(place)
    feed.count, feed.channels = 5, ("web", "phone")
    place.clock.advance(DAY)

    collect(place)

    first = [
        one for one in place.read("toll/hourly") if one["_timestamp"].startswith("2026-11-20T11")
    ]
    assert {one["channel"]: one["count"] for one in first} == {"web": 5, "phone": 5}


def test_every_period_that_was_missed_is_collected_later(place, feed):
    collect(place)
    place.clock.advance(3 * DAY)

    collect(place)

    assert coverage(place) == [("20.11-23.12", True, 146)]


def test_an_instant_is_stamped_with_its_tick_and_has_no_past(place, feed):
    place.service("toll", hourly(feed).replace("hourly\n  zone", "every 10 minutes\n  zone"))
    feed.step = timedelta(minutes=10)
    place.clock.at = NOW.replace(minute=34)

    collect(place)
    assert collect(place)[1] == [], "one tick is collected once"
    place.clock.advance(HOUR)
    collect(place)

    stamps = {one["_timestamp"] for one in place.read("toll/hourly")}
    assert stamps == {"2026-11-20T12:30:00+00:00", "2026-11-20T13:30:00+00:00"}
    assert place.run("run", "toll", "--start", "2026-11-01", "--end", "2026-11-02").code == 1


def test_a_long_past_is_bounded_a_turn_and_a_run_goes_on_until_all_is_collected(place, feed):
    feed.step = DAY
    more = ["period: day", "since: 2026-08-01", f"query: {{url: '{feed.url}', span_days: 1}}"]
    place.service("toll", hourly(feed, "hourly", *more))
    steps = Counter()
    place.step = lambda step: steps.update([step])

    code, runs = collect(place)

    assert (code, len(runs)) == (0, 111)
    assert {run["state"] for run in runs} == {"done"}
    assert coverage(place) == [("01.00-20.00", True, 222)]
    assert steps["plan.written"] == 1 + 111 // 24, "24 windows a turn"


def test_a_long_past_that_fails_on_the_way_stops_there_and_goes_on_next_time(place, feed):
    more = ["period: day", "since: 2026-11-01", f"query: {{url: '{feed.url}', span_days: 1}}"]
    place.service("toll", hourly(feed, "hourly", *more))
    feed.step, feed.error = DAY, "unavailable"

    assert collect(place)[0] == 1
    feed.error = None
    assert collect(place)[0] == 0

    assert coverage(place) == [("01.00-20.00", True, 38)]


def test_what_a_source_remembers_is_kept_only_if_its_run_succeeds(place, feed):
    feed.remember, feed.error = {"cursor": "one"}, "unavailable"
    collect(place)
    assert place.rows("collectors", "state") == [("{}",)]

    feed.error = None
    collect(place)
    assert place.rows("collectors", "state") == [('{"cursor":"one"}',)]


def test_what_a_source_warns_of_is_told_and_kept(place, feed):
    feed.warnings = ("row 7 cannot be read",)

    done = place.run("run", "--all")

    assert done.code == 0
    assert "toll/hourly: row 7 cannot be read" in done.err
    assert place.rows("runs", "state", "warnings") == [
        ("done with warnings", '["row 7 cannot be read"]')
    ]


def test_a_clock_that_is_wrong_settles_nothing_and_says_so(place, feed):
    place.service("toll", hourly(feed, "hourly", "since: 2026-11-20"))
    place.servers.clear()
    feed.ahead = 3600 + (NOW - datetime.now(UTC)).total_seconds()

    code, runs = collect(place)

    assert code == 0
    assert {run["state"] for run in runs} == {"done with warnings"}
    said = runs[0]["warnings"][0]
    assert said.startswith("this machine's clock differs by -1 day, 23:")
    assert said.endswith("nothing is settled until it is set right")
    assert {is_settled for _, is_settled, _ in coverage(place)} == {False}
    assert sum(feed.asked.values()) == 2, "it is not asked again and again in one run"

    place.servers.append(feed)
    collect(place)
    assert coverage(place) == [("20.00-20.12", True, 24)]


def test_an_observation_that_no_data_set_takes_is_a_dead_letter_and_the_others_go_on(place, feed):
    bad = row(DUE, "paper", 1)
    bad["dimensions"]["a-hyphen"] = "x"
    feed.odd = [row(DUE, "web", 1), bad]

    done = place.run("run", "--all", "--json")

    assert done.code == 1
    assert len(place.read("toll/hourly")) == 1
    (letter,) = place.run("dead-letters", "list", "--json").json
    assert letter["refused_by"] == "our own check"


SCROLL = """
scroll:
  source: scroll
  schedule: daily
  zone: UTC
  query: {{url: {url}}}
"""


def scroll(feed, *channels):
    day = NOW.replace(hour=0, minute=0) - DAY
    feed.odd = [row(day, channel, 1) for channel in channels]


def test_a_document_is_read_when_its_revision_changes_and_then_replaced_as_a_whole(place, feed):
    place.service("toll", SCROLL.format(url=feed.url))
    scroll(feed, "paper", "web")
    collect(place)
    assert collect(place)[1] == []

    scroll(feed, "web", "phone")
    assert collect(place)[1] == [], "its revision is what counts"
    feed.revision = ["2"]
    assert collect(place)[0] == 0

    assert {one["channel"] for one in place.read("toll/scroll")} == {"web", "phone"}


def test_a_document_that_changes_while_it_is_read_is_read_again(place, feed):
    place.service("toll", SCROLL.format(url=feed.url))
    scroll(feed, "paper")
    feed.revision = ["1", "1", "2"]  # when it is planned, before it is read, after it is read

    code, runs = collect(place)
    assert code == 1
    assert runs[0]["reason"] == "it changed while it was read; the next run reads it again"
    assert coverage(place, "toll/scroll") == []

    assert collect(place)[0] == 0
    assert len(place.read("toll/scroll")) == 1


def test_what_vanished_from_a_document_is_taken_back_at_every_target(toll, feed, sink):
    toll.service("toll", SCROLL.format(url=feed.url).replace("scroll:", "daily:", 1))
    scroll(feed, "paper", "web")
    toll.run("run", "--all")
    scroll(feed, "paper")
    feed.revision = ["2"]

    toll.run("run", "--all")

    assert [one["channel"] for one in sink.held["toll/daily"].values()] == ["paper"]


def test_a_source_that_answers_with_a_page_is_told_from_one_that_answers(place, feed):
    feed.fault = html_answer()

    code, runs = collect(place)

    assert code == 1
    assert runs[0]["reason"] == f"{feed.url} answered text/html; charset=utf-8, not JSON"
    assert place.rows("runs", "sample") == [("<!DOCTYPE html><h1>Sign in</h1>",)]
