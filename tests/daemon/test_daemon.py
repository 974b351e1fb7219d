"""The daemon as a whole: ticks, outages, reloads, and a good end; with real servers and stores."""

import threading
from datetime import timedelta

import pytest

from collectors.api import Limits
from collectors.clock import epoch
from collectors.store import Planned, State, TickOutcome
from tests.archives import Archive
from tests.daemon.living import living, opened
from tests.places import HASTY, NOW, GoingClock, hourly
from tests.servers.http import LONGEST, Answer, HttpServer

HOURLY = "toll/hourly"
TICKS = "schedule: every 1 second"


@pytest.fixture
def toll(toll):
    """The place, with a clock that goes, and no long waits."""
    toll.clock = GoingClock(NOW)
    toll.patience = HASTY
    return toll


def often(feed, *more):
    """A collector of hours that ticks every second."""
    said = hourly(feed, "hourly", "period: hour", "since: 2026-11-19", *more)
    return said.replace("schedule: hourly", TICKS)


def states(one):
    return [run.state for run in one.store.view.runs(limit=500)]


def test_what_is_due_is_collected_at_the_start_and_delivered(toll, sink, feed):
    toll.service("toll", hourly(feed, "hourly", "since: 2026-11-19"))
    with living(toll) as one:
        sink.wait_until_held(HOURLY, 72)
        one.until(lambda: not one.store.view.depths())
    assert one.ended is not None
    assert one.ended[1]
    assert set(feed.asked) == {("11-19T00", "11-20T11"), ("11-20T11", "11-20T12")}


def test_ticks_plan_and_every_one_of_them_is_told(toll, sink, feed):
    toll.service("toll", often(feed))
    with living(toll) as one:
        one.until(lambda: len(one.store.ticks.listed()) >= 3)
        one.advance(timedelta(hours=1))
        sink.wait_until_held(HOURLY, 74)
        one.until(lambda: len(one.store.ticks.listed()) >= 6)
    outcomes = {tick.outcome for tick in one.store.ticks.listed(limit=9999)}
    assert TickOutcome.SKIPPED in outcomes
    assert outcomes & {TickOutcome.RAN, TickOutcome.LATE}


def test_ticks_that_nobody_heard_are_written_down_and_their_periods_collected(toll, sink, feed):
    toll.service("toll", hourly(feed, "hourly", "since: 2026-11-19"))
    with living(toll):
        sink.wait_until_held(HOURLY, 72)
    toll.clock.advance(timedelta(hours=5))
    with living(toll) as one:
        sink.wait_until_held(HOURLY, 82)
    [missed] = [tick for tick in one.store.ticks.listed() if "no daemon ran" in tick.reason]
    assert (missed.outcome, missed.count) == (TickOutcome.SKIPPED, 5)


def test_what_an_open_run_kept_from_being_planned_is_planned_once_that_has_ended(toll, sink, feed):
    toll.service("toll", hourly(feed, "hourly", "since: 2026-11-19"))
    start, end = (epoch(NOW - timedelta(hours=hours, minutes=30)) for hours in (36, 2))
    left = Planned(start=start, end=end, kind="catch-up", priority=2, reason="left by a daemon")
    with opened(toll) as parts:
        parts.store.ledger.plan(HOURLY, [left])
    with living(toll) as one:
        sink.wait_until_held(HOURLY, 72)
        one.until(lambda: not one.store.view.depths())
    assert sorted(set(feed.asked)) == [
        ("11-19T00", "11-20T10"),
        ("11-20T10", "11-20T11"),
        ("11-20T11", "11-20T12"),
    ]


def test_a_source_that_comes_back_is_asked_again_without_a_tick(toll, sink, feed):
    feed.fault = Answer(503)
    with living(toll) as one:
        one.until(one.daemon.works.retries.failing)
        feed.fault = None
        one.advance(timedelta(minutes=3))
        sink.wait_until_held(HOURLY, 2)


def test_a_platform_that_comes_back_gets_what_waited(toll, sink, feed):
    sink.faults[HOURLY] = [Answer(503)] * 12
    with living(toll) as one:
        sink.wait_until_held(HOURLY, 2)
        one.until(lambda: not one.store.view.depths())


def test_a_token_is_replaced_without_a_restart(toll, sink):
    toll.tokens(toll__hourly="wrong")
    with living(toll) as one:
        one.until(lambda: any(depth.lane.parked_at for depth in one.store.view.depths()))
        toll.tokens(toll__hourly="token-of-hourly")
        one.daemon.reload()
        sink.wait_until_held(HOURLY, 2)


def test_a_refusal_that_comes_after_the_token_was_replaced_is_not_the_last_word(toll, sink):
    asked, replaced = threading.Event(), threading.Event()

    def refuse_late():
        asked.set()
        assert replaced.wait(LONGEST)
        return Answer(401)

    sink.faults[HOURLY] = [refuse_late]
    with living(toll) as one:
        assert asked.wait(LONGEST)
        one.daemon.works.sender.look_again()
        replaced.set()
        sink.wait_until_held(HOURLY, 2)


def test_outbox_retry_in_another_process_lets_a_parked_lane_try_again(toll, sink):
    sink.tokens[HOURLY] = "another"
    with living(toll) as one:
        one.until(lambda: any(depth.lane.parked_at for depth in one.store.view.depths()))
        sink.tokens[HOURLY] = "token-of-hourly"
        done = toll.run("outbox", "retry", "--json")
        assert (done.code, done.json["left"]) == (0, {})
        assert "is the daemon, and tries them now" in done.err
        sink.wait_until_held(HOURLY, 2)


def test_a_reload_adds_what_is_new_and_leaves_what_is_broken(toll, sink, feed):
    with living(toll) as one:
        sink.wait_until_held(HOURLY, 2)
        toll.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))
        one.daemon.reload()
        sink.wait_until_held("toll/daily", 2)
        toll.service("toll", "hourly: [")
        one.daemon.reload()
        one.until(lambda: one.store.post.told("configuration")[1]["mistakes"])
        assert sorted(one.daemon.present.active) == ["toll/daily", "toll/hourly"]
        toll.service("toll", hourly(feed))
        one.daemon.reload()
        one.until(lambda: sorted(one.daemon.present.active) == ["toll/hourly"])
        one.until(lambda: not one.store.post.told("configuration")[1]["mistakes"])


def test_what_is_paused_is_not_collected_until_it_is_resumed(toll, sink, feed):
    toll.run("pause", HOURLY)
    with living(toll) as one:
        one.until(one.daemon.works.crew.is_idle)
        assert not sink.held[HOURLY]
        one.store.pauses.resume("collector", HOURLY)
        sink.wait_until_held(HOURLY, 2)


def test_a_run_that_does_not_end_in_time_is_put_back_and_its_window_collected_next_time(
    toll, sink, feed
):
    feed.hold = True
    with living(toll, limit=0.2) as one:
        one.until(lambda: feed.requests)
    assert one.ended is not None
    assert not one.ended[1]
    feed.hold = False
    feed.released.set()
    with living(toll):
        sink.wait_until_held(HOURLY, 2)
    assert toll.rows("runs", "state") == [(State.LOST,), (State.DONE,)]


def test_an_instant_that_no_worker_was_free_for_is_told_as_missed(toll, sink, feed):
    toll.platform(f"target: {{url: '{sink.url}/data', name: platform}}\nworkers: 1")
    instants = hourly(feed, "daily").replace("schedule: hourly", TICKS)
    toll.service("toll", hourly(feed) + "\n" + instants)
    feed.hold = True
    with living(toll) as one:
        one.until(lambda: len(one.store.ticks.listed(["toll/daily"])) >= 4)
        feed.hold = False
        feed.released.set()
        one.until(lambda: State.MISSED in states(one))


class Watcher(HttpServer):
    """Takes alerts and heartbeats."""

    def answer(self, request):
        return Answer(200)

    def asked(self, path):
        return [one for one in self.requests if one.path == path]


def test_what_is_late_is_told_and_the_heart_beats_outside(toll, sink, feed, monkeypatch):
    feed.fault = Answer(503)
    with Watcher() as watcher:
        monkeypatch.setenv("HOOK", f"{watcher.url}/hook")
        monkeypatch.setenv("BEAT", f"{watcher.url}/beat")
        toll.platform(
            f"target: {{url: '{sink.url}/data', name: platform}}\n"
            "alerts: {webhook: '${HOOK}', heartbeat: '${BEAT}', deadline: 1 hour}"
        )
        toll.service("toll", hourly(feed, "hourly", "since: 2026-11-19"))
        with living(toll) as one:
            one.until(lambda: State.FAILED in states(one))
            assert not watcher.asked("/hook")
        toll.clock.advance(timedelta(hours=2))
        with living(toll) as one:
            one.until(lambda: watcher.asked("/hook"))
            one.until(lambda: watcher.asked("/beat"))
    assert HOURLY in watcher.asked("/hook")[0].body.decode()


@pytest.fixture
def archive(toll):
    """A source that asks once a day, at most three times a minute."""
    Archive.behaviour.reset()
    Archive.behaviour.limits["archive"] = Limits(per_minute=3)
    toll.sources = {**toll.sources, Archive.name: Archive}
    yield "{source: archive, schedule: daily, zone: UTC, since: 2026-11-10, query: {shelf: days}}"
    Archive.behaviour.reset()


def test_who_would_wait_for_a_quota_leaves_its_worker_to_others(toll, sink, feed, archive):
    toll.platform(f"target: {{url: '{sink.url}/data', name: platform}}\nworkers: 1")
    toll.service("toll", f"days: {archive}\n" + hourly(feed, "hourly", "since: 2026-11-20"))
    with living(toll) as one:
        sink.wait_until_held(HOURLY, 24)
        one.until(lambda: State.PARKED in states(one))
        parked = one.store.view.runs(states=[State.PARKED])
        ended = one.store.view.runs(collector="toll/days", states=[State.DONE])
    assert all("the quota archive is spent until" in run.reason for run in parked)
    assert any(run.end == parked[-1].start for run in ended), "one ended where the quota did"
