"""``explain``: every missing period has a reason, and something that happens to it next."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.cli.output import stretch
from collectors.clock import epoch
from collectors.store import Noted, Planned, Problem, Proposal, State, TickOutcome
from tests.conftest import fresh_postgres
from tests.feeds import HOUR, FeedServer
from tests.places import NOW, Place, hourly
from tests.servers.http import Answer
from tests.servers.write_api import WriteApiServer
from tests.store.worlds import dead, open_store


def explained(place, *names, code=1):
    done = place.run("explain", *(names or ["toll/hourly"]), "--json")
    assert done.code == code, done.err
    return done.json[0]


def steps(answer):
    return [one["what"] for one in answer["next"]]


@pytest.fixture
def store(toll):
    """The state of the place, as another part of the program sees it."""
    toll.run("status")
    store = open_store(f"sqlite:///{toll.state}", toll.clock)
    yield store
    store.close()


def test_where_nothing_is_missing_it_says_so_and_when_it_looks_again(toll, store):
    toll.run("run", "--all")
    quiet = explained(toll, code=0)
    assert (quiet["missing"], quiet["state"], quiet["wrong"]) == ([], "collected", False)
    assert steps(quiet) == ["nothing is missing; no daemon runs on this store, so nothing ticks"]

    store.post.take()
    answer = explained(toll, code=0)
    when = answer["next_tick"].replace("T", " ").replace("Z", " UTC").replace(":00 UTC", " UTC")
    assert steps(answer) == [f"nothing is missing; the next tick, at {when}, looks again"]
    assert answer["next"][0]["when"] == answer["next_tick"]
    assert answer["lanes"][0]["accepted_at"] == "2026-11-20T12:30:00Z"


def test_what_was_never_tried_is_planned_by_the_next_tick_or_by_hand(toll, store):
    (missing,) = explained(toll)["missing"]
    assert missing["reason"] == "ended 2026-11-20T12:00Z, never collected"
    by_hand = "no daemon runs on this store: start one, or collect it with: run toll/hourly"
    assert missing["next"] == by_hand

    store.post.take()
    answer = explained(toll)
    assert answer["missing"][0]["next"].startswith("the next tick, at 2026-11-20 1")
    assert answer["missing"][0]["when"] == answer["next_tick"]
    assert answer["daemon"].startswith("process ")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("unavailable", "failed: it is down; it is tried again by itself, at the latest at"),
        ("refused", "failed: it says no; that has to be mended: it is tried again as soon as"),
        ("not yet", "found nothing yet: the figures come out on Friday; it is tried again by"),
        (
            "quota",
            "is parked until 2026-11-20 14:30 UTC: the day's quota is spent; then it is tried",
        ),
    ],
)
def test_what_the_source_answered_decides_what_happens_next(toll, feed, store, error, said):
    feed.error = error
    toll.run("run", "--all")
    store.post.take()

    answer = explained(toll)

    (run,) = answer["runs"]
    assert steps(answer) == [f"run {run['id']} {said}" + steps(answer)[0].partition(said)[2]]
    assert answer["missing"][0]["run"] == run["id"]


def test_a_run_that_waits_for_a_quota_says_for_which_and_until_when(toll, store):
    store.queue.enter([proposed(start=NOW.replace(minute=0) - HOUR)])
    [run] = store.queue.take(1)
    until = epoch(NOW + timedelta(minutes=1))
    store.ledger.note_wait(run, "waits: the quota pingdom is spent", until)

    [missing] = explained(toll)["missing"]

    assert missing["next"].endswith("; it waits: the quota pingdom is spent")
    assert missing["when"] == "2026-11-20T12:31:00Z"
    assert toll.run("status", "--json").json[0]["reason"] == "waits: the quota pingdom is spent"


def test_the_reply_that_nobody_knows_is_shown_scrubbed(toll, feed):
    feed.error = "unexpected"
    toll.run("run", "--all")

    assert explained(toll)["runs"][0]["sample"] == "<nonsense>"
    assert "its source said: <nonsense>" in toll.run("explain", "toll").out


def test_a_parked_lane_is_told_with_its_cure(toll, sink, store):
    sink.faults["toll/hourly"] = [Answer(401)]
    toll.run("run", "--all")

    answer = explained(toll)
    (missing,) = answer["missing"]
    assert (missing["kind"], missing["target"]) == ("undelivered", "platform")
    assert missing["reason"] == "2 observations wait for platform since 2026-11-20 12:30 UTC"
    assert missing["next"] == (
        "the lane toll/hourly at platform is parked since 2026-11-20 12:30 UTC: "
        f"{sink.url}/data/toll/hourly answered 401 for toll/hourly: its token was not accepted; "
        "put a right token into credentials/tokens.yaml: then: outbox retry toll/hourly"
    )
    store.post.take()
    assert "the daemon notices, and tries every hour" in explained(toll)["missing"][0]["next"]


def test_a_lane_that_waits_is_told_with_when_it_goes_on(toll, sink):
    sink.faults["toll/hourly"] = [Answer(503)]
    toll.run("run", "--all")

    answer = explained(toll)
    assert steps(answer)[0].startswith("the lane toll/hourly at platform waits until 2026-11-20")
    assert answer["next"][0]["when"] == answer["lanes"][0]["retry_at"] is not None


def test_a_lane_of_a_target_that_is_gone_is_told(toll, sink):
    sink.faults["toll/hourly"] = [Answer(503)]
    toll.run("run", "--all")
    toll.platform("target: embedded")

    gone = "the target platform is not in platform.yaml any more: put it back there"
    assert steps(explained(toll)) == [gone]


def test_who_was_refused_is_told_with_the_reason(toll, feed, sink):
    toll.run("run", "--all")
    toll.clock.advance(HOUR)
    sink.rules["toll/hourly"] = lambda one: "no!" if one["channel"] == "web" else None
    toll.run("run", "--all")

    answer = explained(toll)
    assert answer["refused"] == [{"by": "platform", "reason": "no!", "observations": 1}]
    assert steps(answer) == [
        "refused: 1; mend why, then put back with: dead-letters replay --collector toll/hourly"
    ]


def test_pauses_and_being_turned_off_are_told_with_how_to_go_on(toll, feed):
    toll.run("pause", "--source", "feed", "--reason", "their server is ill")
    answer = explained(toll)
    assert (answer["state"], answer["next"][0]["by_hand"]) == ("paused", True)
    assert "their server is ill; it goes on with: resume --source feed" in steps(answer)[0]

    toll.service("toll", hourly(feed, "hourly", "enabled: no"))
    answer = explained(toll, code=0)
    assert answer["state"] == "not enabled"
    assert "take 'enabled: no' out of its file" in steps(answer)[0]


def test_a_file_that_broke_and_one_that_is_gone_are_told(toll, store):
    toll.run("run", "--all")
    file = toll.config / "services" / "toll.yaml"
    file.write_text("service: toll\ncolectors: {}\n")
    answer = explained(toll)
    mistake = f"{file}:1:1: the service 'toll' has no collectors"
    assert answer["state"] == "broken file"
    assert answer["why"] == f"the file that configures it is broken: {mistake}"
    assert any("colectors" in one for one in answer["mistakes"])
    assert "'validate' lists them all" in steps(answer)[-1]
    assert steps(answer)[-1].endswith("until then what they touch is left out")
    assert "next tick   none until its file is mended" in toll.run("explain", "toll").out

    store.post.take()
    store.post.tell("configuration", {"mistakes": [mistake], "kept": ["toll/hourly"]})
    assert steps(explained(toll))[-1].endswith("goes on with what it last read right")
    told = "next tick   by the schedule that the daemon last read right"
    assert told in toll.run("explain", "toll").out
    store.post.leave()

    file.unlink()
    seen = store.view.collected("toll/hourly")
    store.queue.enter([proposed(seen=seen)])
    answer = explained(toll)
    assert (answer["state"], answer["why"]) == ("not configured", "no file configures it")
    assert steps(answer) == ["no file configures it, so nothing collects it"]


def test_what_the_daemon_found_broken_is_told_while_it_runs(toll, store):
    toll.run("run", "--all")
    mistake = f"{toll.config}/services/toll.yaml:3:1: unknown key"
    store.post.tell("configuration", {"mistakes": [mistake, "config/services/other.yaml:1:1: x"]})
    assert explained(toll, code=0)["mistakes"] == []

    store.post.take()
    assert explained(toll)["mistakes"] == [mistake]
    assert "the daemon goes on with what it last read right" in steps(explained(toll))[0]


def test_what_is_due_of_a_broken_file_is_told_as_the_daemon_goes_on_with_it(toll, store):
    at = NOW.replace(minute=0) - HOUR
    store.queue.enter([proposed(start=at, at=[epoch(NOW)])])
    store.post.take()
    (toll.config / "services/toll.yaml").write_text("collectors: [")
    assert explained(toll)["missing"][0]["next"].startswith("no file configures it")

    store.post.tell("configuration", {"mistakes": [], "kept": ["toll/hourly"]})
    assert "waits for a worker of the daemon" in explained(toll)["missing"][0]["next"]

    store.queue.take(1)
    assert "is being collected" in explained(toll)["missing"][0]["next"]


def proposed(start=NOW - 3 * HOUR, seen=(), **more):
    start, end = epoch(start), epoch(start + HOUR)
    window = Planned(start=start, end=end, kind="live", priority=0, reason="due")
    return Proposal(collector="toll/hourly", planned=[window], seen=seen, **more)


def test_the_last_tick_the_queue_and_a_dead_process_are_told(toll, store):
    at = NOW.replace(minute=0) - HOUR
    store.queue.enter([proposed(start=at, at=[epoch(NOW)])])
    store.post.take()
    answer = explained(toll)
    assert (answer["last_tick"]["outcome"], answer["last_tick"]["tick"]) == (
        "waits",
        "2026-11-20T12:30:00Z",
    )
    assert "waits for a worker of the daemon" in answer["missing"][0]["next"]

    other = open_store(f"sqlite:///{toll.state}", toll.clock, dead())
    assert other.queue.take(1)
    other.close()
    answer = explained(toll)
    assert answer["runs"][0]["state"] == "lost"
    said = "run 1 was lost: its process ended before the run did; the next tick, at 2026-11-20 "
    assert answer["missing"][0]["next"].startswith(said)
    [row] = toll.run("status", "toll/hourly", "--json").json
    assert (row["state"], row["reason"]) == ("lost", "its process ended before the run did")


def test_incidents_backfills_and_another_configuration_are_told(toll, feed, store):
    toll.run("run", "--all")
    toll.service("toll", hourly(feed, "hourly", "map: {channel: way}"))
    days = ["--start", "2026-11-01", "--end", "2026-11-02"]
    assert toll.run("backfill", "toll/hourly", *days, "--detach").code == 0
    problem = Problem(kind="collector", subject="toll/hourly", reason="it is late")
    store.incidents.see([problem], [])

    answer = explained(toll, code=0)

    assert [one["reason"] for one in answer["incidents"]] == ["it is late"]
    assert [one["left"] for one in answer["backfills"]] == [48]
    redo, backfill = steps(answer)
    command = "backfill toll/hourly --start 2026-11-20 --end 2026-11-20 --force"
    assert redo.endswith(f"to redo it: {command}")
    assert backfill == "backfill 1 goes on, with 48 of 48 periods left"


def test_what_lies_beyond_a_turn_is_not_passed_over_in_silence(toll, feed):
    query = f"query: {{url: '{feed.url}', span_days: 1}}"
    toll.service("toll", hourly(feed, "hourly", query, "since: 2026-10-01"))

    answer = explained(toll)

    hours = sum(one["periods"] for one in answer["missing"])
    assert hours == (NOW.replace(minute=0) - NOW.replace(month=10, day=1, hour=0, minute=0)) / HOUR
    assert steps(answer)[-1] == (
        "its turn comes after the windows before it: 24 are planned at a time"
    )
    text = toll.run("explain", "toll").out
    assert "    and 5 more\n" in text


def test_a_source_that_breaks_does_not_break_explaining(toll, feed):
    toll.run("run", "--all")
    broken = f"query: {{url: '{feed.url}', breaks: earliest}}"
    toll.service("toll", hourly(feed, "hourly", broken))

    answer = explained(toll)

    assert answer["state"] == "broken"
    assert steps(answer) == [
        "nothing can be planned: the source feed broke: ZeroDivisionError: division by zero"
    ]


def test_a_name_that_means_nothing_is_a_mistake(toll):
    done = toll.run("explain", "tol/hourly")

    assert (done.code, done.out) == (2, "")
    assert "did you mean toll/hourly?" in done.err


# Whatever the store holds


def fault(kind):
    return lambda place, _feed, sink: sink.faults.update({"toll/hourly": [Answer(kind)] * 2})


def error(name):
    return lambda _place, feed, _sink: setattr(feed, "error", name)


def within(change):
    """A change by another part of the program, on the same store."""

    def act(place, _feed, _sink):
        store = open_store(place.url, place.clock)
        change(store)
        store.close()

    return act


def die(place, _feed, _sink):
    store = open_store(place.url, place.clock, dead())
    store.queue.take(1)
    store.close()


def tick(store):
    at = epoch(store.queue.clock.now())
    store.queue.enter([proposed(start=store.queue.clock.now().replace(minute=0) - HOUR, at=[at])])
    note = {"outcome": TickOutcome.SKIPPED, "reason": "paused", "count": 2}
    store.ticks.write([Noted(collector="toll/hourly", at=at, seen_at=at, **note)])


def park(store):
    for run in store.queue.take(1):
        until = epoch(store.queue.clock.now() + 5 * HOUR)
        store.ledger.end(run, State.PARKED, "the quota is spent", not_before=until)


def command(*arguments):
    return lambda place, _feed, _sink: place.run("--state", place.url, *arguments)


ACTIONS = {
    "run": command("run", "--all"),
    "flush": command("outbox", "flush"),
    "pause": command("pause", "toll"),
    "resume": command("resume", "toll"),
    "backfill": command(
        "backfill", "toll", "--start", "2026-11-18", "--end", "2026-11-18", "--detach"
    ),
    "an hour passes": lambda place, *_: place.clock.advance(HOUR),
    "a week passes": lambda place, *_: place.clock.advance(timedelta(days=7)),
    "it works": error(None),
    "it is down": error("unavailable"),
    "it says no": error("refused"),
    "it has nothing yet": error("not yet"),
    "its quota is spent": error("quota"),
    "401": fault(401),
    "503": fault(503),
    "a full outbox": lambda place, *_: place.limit(1),
    "an empty outbox": lambda place, *_: place.limit(1_000_000),
    "a tick": within(tick),
    "a process dies": die,
    "a run is parked": within(park),
    "a daemon": within(lambda store: store.post.take()),
    "no daemon": within(lambda store: store.post.leave()),
}


class Toll(Place):
    """A place of its own for each example."""

    url = ""
    target = ""

    def limit(self, size: int) -> None:
        """Let a lane hold so many bytes."""
        self.platform(f"{self.target}\noutbox: {{limit: '{size} B'}}")


def tried(url, actions):
    with (
        TemporaryDirectory() as directory,
        FeedServer() as feed,
        WriteApiServer({"toll/hourly": "token"}) as sink,
    ):
        place = Toll(Path(directory), servers=[feed, sink])
        place.url = url
        place.target = f"target: {{url: '{sink.url}/data', name: platform}}"
        place.platform(place.target)
        place.tokens(toll__hourly="token")
        query = f"query: {{url: '{feed.url}', settle_hours: 2, span_days: 1}}"
        place.service("toll", hourly(feed, "hourly", query, "deadline: 3 hours"))
        for action in actions:
            ACTIONS[action](place, feed, sink)
        check(place)


def check(place):
    done = place.run("--state", place.url, "explain", "toll/hourly", "--json")
    assert done.code in (0, 1), done.err
    (answer,) = done.json
    told = {(one["kind"], one["window"]) for one in answer["missing"]}
    gaps = place.run("--state", place.url, "status", "--gaps", "--json").json
    assert {(one["kind"], one["window"]) for one in gaps} <= told
    store = open_store(place.url, place.clock)
    waiting = {stretch(one.start, one.end) for one in store.view.entries() if not one.emptying}
    store.close()
    assert not waiting or "undelivered" in {kind for kind, _ in told}
    assert all(one["reason"] and one["next"] for one in answer["missing"])
    assert answer["next"]
    assert done.code == 1 or not [one for one in gaps if one["kind"] != "revisit"]
    assert place.run("--state", place.url, "explain", "toll").out.startswith("toll/hourly: ")


every_sequence = given(actions=st.lists(st.sampled_from(sorted(ACTIONS)), min_size=3, max_size=9))


@settings(max_examples=10)
@every_sequence
def test_whatever_the_store_holds_every_missing_period_is_spoken_of(actions):
    with TemporaryDirectory() as directory:
        tried(f"sqlite:///{directory}/state.db", actions)


@pytest.mark.postgresql
@settings(max_examples=3)
@every_sequence
def test_on_postgresql_too(actions):
    with fresh_postgres() as url:
        tried(url, actions)
