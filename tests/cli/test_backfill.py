"""``backfill``: the plan first, then the work, here or by the daemon; and steering it."""

import os
import threading

import pytest

from collectors.cli.settings import Settings, World
from collectors.engine.backfill import BackfillEngine
from collectors.store import Store
from tests.feeds import HOUR
from tests.places import hourly
from tests.store.worlds import living

DAYS = ["--start", "2026-10-01", "--end", "2026-11-20"]
HOURS = 50 * 24 + 12


@pytest.fixture
def coast(place, feed):
    ticking = ["ticks:", "  source: feed", "  schedule: every 2 minutes"]
    lines = [*ticking, f"  query: {{url: '{feed.url}'}}", "  labels: [slow]"]
    place.service("toll", hourly(feed) + "\n" + hourly(feed, "other", "labels: [slow]"))
    place.service("bridge", "\n".join(lines) + "\n" + hourly(feed, "off", "enabled: false"))
    return place


def asked(feed):
    """The windows that the feed was asked for, by their first days, in order."""
    return [start[:5] for start, _ in feed.asked]


def the(done):
    return done.json["backfill"]


def listed(place):
    return place.run("backfill", "list", "--json").json


def test_a_dry_run_shows_the_plan_asks_nobody_and_writes_nothing(coast, feed):
    done = coast.run("backfill", "toll", *DAYS, "--dry-run")

    assert (done.code, done.err) == (0, "")
    heading, hours, other, total = done.out.strip().splitlines()
    assert heading.split()[-5:] == ["periods", "chunks", "runs", "requests", "settled"]
    assert hours.split()[0] == "toll/hourly"
    assert other.split()[-5:] == [f"{HOURS:,}", "2", "2", "2", "0"]
    assert total == (
        f"{2 * HOURS:,} periods of 2 collectors in 4 requests: less than a minute, "
        "at a guess of 1 s a request"
    )
    assert not feed.asked
    assert not coast.state.exists()


def test_it_collects_chunk_by_chunk_what_is_not_settled_and_delivers_it(coast, feed):
    coast.run("run", "toll/hourly", "--start", "2026-10-01", "--end", "2026-10-01")
    feed.asked.clear()

    done = coast.run("backfill", "toll/hourly", *DAYS, "--json")

    assert done.code == 0
    (plan,) = done.json["collectors"]
    assert (plan["periods"], plan["settled"], plan["chunks"]) == (HOURS - 24, 24, 2)
    assert sorted(asked(feed)) == ["10-02", "11-01"]
    assert (the(done)["state"], the(done)["done"], the(done)["failed"]) == ("done", HOURS - 24, 0)
    assert len(coast.read("toll/hourly")) == 2 * HOURS
    again = coast.run("backfill", "toll/hourly", *DAYS)
    assert again.code == 0
    assert "nothing to do: all of it is settled; --force collects it again" in again.out
    assert [one["id"] for one in listed(coast)] == [1]


def test_the_newest_chunk_may_come_first_and_chunks_be_longer_or_shorter(coast, feed):
    coast.platform("target: embedded\nworkers: 1")
    coast.run("backfill", "toll/hourly", *DAYS, "--newest-first", "--chunk", "quarter")
    assert asked(feed) == ["10-01"]
    feed.asked.clear()
    days = ["--start", "2026-09-08", "--end", "2026-09-21"]
    coast.run("backfill", "toll/hourly", *days, "--newest-first", "--chunk", "week")
    assert asked(feed) == ["09-21", "09-14", "09-08"]


def test_what_is_settled_is_collected_again_only_by_force_which_is_noted(coast, feed):
    days = ["--start", "2026-10-01", "--end", "2026-10-02"]
    coast.run("backfill", "toll/hourly", *days)
    feed.count = 5

    assert coast.run("backfill", "toll/hourly", *days, "--force").code == 0

    assert {one["count"] for one in coast.read("toll/hourly")} == {5}
    (row,) = coast.rows("audit", "action", "subject", "detail")
    assert row == ("collect again", "toll/hourly", "2026-10-01 - 2026-10-02")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*DAYS], "name collectors, or use --label; '*' is all of them"),
        (["toll", "--start", "2026-11-01"], "Missing option '--end'"),
        (["toll", "--start", "2026-11-02", "--end", "2026-11-01"], "--start is after --end"),
        (["toll", *DAYS, "--chunk", "hour"], "'hour' is not one of 'day', 'week', 'month'"),
        (["bridge/ticks", *DAYS], "bridge/ticks: an instant has no past"),
        (["bridge/off", *DAYS], "bridge/off: it is not enabled"),
        (["bridge", *DAYS], "none of the collectors that are meant can be backfilled"),
        (["--label", "slwo", *DAYS], "no collector has the label 'slwo': did you mean slow?"),
        (["pause", "7"], "no backfill has the number 7; 'backfill list' shows them"),
        (["resume", "7", "8"], "no backfill has the number 7 or 8"),
        (["show", "7"], "no backfill has the number 7"),
        (["pause"], "Missing argument 'IDS...'"),
    ],
)
def test_a_mistake_of_usage_is_told_and_nothing_is_done(coast, feed, arguments, said):
    done = coast.run("backfill", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not feed.asked


def test_all_mistakes_are_told_at_once(coast):
    done = coast.run("backfill", "toll/hourl", "tol", "bridge/ticks", *DAYS)

    assert done.code == 2
    for said in ("'toll/hourl': did you mean toll/hourly", "'tol'", "bridge/ticks: an instant"):
        assert said in done.err


def test_a_label_leaves_out_what_has_no_past_and_says_so(coast):
    done = coast.run("backfill", "--label", "slow", *DAYS, "--json")

    assert done.code == 0
    assert [one["collector"] for one in done.json["collectors"]] == ["toll/other"]
    assert "bridge/ticks is left out: an instant has no past\n" in done.err
    assert the(done)["what"] == "--label slow"


def test_what_fails_is_told_and_only_that_is_tried_again(coast, feed):
    feed.error = "refused"
    done = coast.run("backfill", "toll/hourly", *DAYS)
    assert done.code == 1
    assert "toll/hourly: 2 chunks failed: it says no" in done.err
    assert "python run_collector.py backfill retry 1" in done.err
    chunks = coast.run("backfill", "show", "1", "--json").json["chunks"]
    assert [(one["state"], one["reason"]) for one in chunks] == [("failed", "it says no")] * 2

    feed.error = None
    done = coast.run("backfill", "retry", "1", "--json")

    assert (done.code, done.json[0]["state"]) == (0, "done")
    assert "failed" not in coast.run("status", "toll").err
    again = coast.run("backfill", "retry", "1", "--detach")
    assert (again.code, again.err) == (0, "backfill 1 has no chunk that failed\n")


def test_a_failed_backfill_is_told_as_such_and_the_state_is_that_of_other_runs(coast, feed):
    coast.run("run", "toll/hourly")
    feed.error = "refused"
    coast.run("backfill", "toll/hourly", *DAYS)

    status = coast.run("status", "toll/hourly", "--json")
    assert (status.code, status.json[0]["state"]) == (0, "collected")
    failed = "backfill 1: 2 chunks failed, the last of toll/hourly: it says no; try again: "
    assert f"{failed}backfill retry 1\n" in status.err

    done = coast.run("explain", "toll/hourly", "--json")
    (told,) = done.json
    assert (done.code, told["state"]) == (1, "collected")
    step = "backfill 1 failed for 2 chunks: it says no; mend that, then: backfill retry 1"
    assert step in [one["what"] for one in told["next"]]
    assert [one["reason"] for one in told["failed_chunks"]] == ["it says no"] * 2


def test_what_is_parked_by_a_quota_is_left_and_goes_on_when_it_resets(coast, feed):
    feed.error = "quota"
    done = coast.run("backfill", "toll/hourly", *DAYS, "--json")
    assert (done.code, the(done)["state"]) == (1, "running")
    assert the(done)["parked_until"] == "2026-11-20T14:30:00Z"
    assert "goes on with it, not before 2026-11-20T14:30:00Z, or: python" in done.err
    assert "parked until" not in coast.run("backfill", "list").err

    feed.error = None
    coast.clock.advance(3 * HOUR)

    assert coast.run("backfill", "resume", "1").code == 0
    assert listed(coast)[0]["state"] == "done"


def test_what_is_paused_stays_so_until_it_is_resumed_and_what_is_cancelled_for_good(coast, feed):
    for name in ("toll/hourly", "toll/other"):
        assert coast.run("backfill", name, *DAYS, "--detach").code == 0
    assert not feed.asked
    assert coast.run("backfill", "pause", "1").code == 0
    assert coast.run("backfill", "cancel", "2").code == 0
    assert [one["state"] for one in listed(coast)] == ["cancelled", "paused"]
    for command in ("pause", "cancel"):
        done = coast.run("backfill", command, "2", "1")
        assert done.code == 2
        assert "backfill 2 is cancelled, so it cannot be" in done.err
    assert coast.run("backfill", "resume", "1").code == 0
    assert [one["state"] for one in listed(coast)] == ["cancelled", "done"]
    assert coast.run("backfill", "resume", "1").code == 2


def test_a_collector_that_is_paused_waits_and_is_told(coast, feed):
    coast.run("pause", "toll/hourly")
    done = coast.run("backfill", "toll", *DAYS, "--json")

    assert (done.code, the(done)["state"], the(done)["done"]) == (1, "running", HOURS)
    assert "toll/hourly will wait: paused" in done.err
    coast.run("resume", "toll/hourly")
    assert coast.run("backfill", "resume", "1").code == 0


def test_status_tells_of_backfills_that_go_on(coast):
    coast.run("backfill", "toll", *DAYS, "--detach")
    assert f"backfill 1: 0 of {2 * HOURS:,} periods" in coast.run("status").err
    coast.run("backfill", "cancel", "1")
    assert "backfill" not in coast.run("status").err


@pytest.fixture
def daemon(coast):
    """A store whose daemon is another living process: here, whoever started the tests."""
    coast.run("status")
    owner = living(os.getppid())
    store = Store(f"sqlite:///{coast.state}", clock=coast.clock, owner=owner)
    store.post.take()
    yield store
    store.close()


def test_with_a_daemon_it_is_written_down_and_left_to_it(coast, feed, daemon):
    done = coast.run("backfill", "toll/hourly", *DAYS, "--detach", "--json")

    assert (done.code, the(done)["state"]) == (0, "running")
    assert done.err == f"backfill 1 is left to {daemon.post.owner.shown}\n"
    assert not feed.asked


def test_with_a_daemon_it_is_followed_until_it_ends(coast, daemon):
    coast.run("backfill", "toll/hourly", *DAYS, "--detach")
    settings = Settings(
        World(sources=coast.sources, clock=coast.clock, patience=coast.patience, http=coast.http),
        coast.config,
        coast.credentials,
        None,
    )

    def work():
        try:
            with settings.parts(daemon) as parts:
                BackfillEngine(parts, 2).run([1])
        finally:
            daemon.post.leave()

    working = threading.Thread(target=work)
    working.start()
    done = coast.run("backfill", "resume", "1", "--json")
    working.join()

    assert (done.code, done.json[0]["state"]) == (0, "done")
    assert "backfill 1 is done by the daemon" in done.err


def test_what_a_daemon_leaves_when_it_ends_is_told(coast, daemon):
    coast.run("backfill", "toll/hourly", *DAYS, "--detach")
    threading.Timer(0.2, daemon.post.leave).start()

    done = coast.run("backfill", "resume", "1")

    assert done.code == 1
    assert "the daemon has ended" in done.err
    assert "python run_collector.py backfill resume 1" in done.err
