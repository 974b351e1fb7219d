"""Health: who watches the daemon learns whether it moves, and whether it does its work."""

import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Thread

import pytest
import urllib3
from flask import Flask

from collectors.daemon.health import Health, blueprint
from collectors.daemon.lookout import FRESH
from collectors.daemon.pulse import Pulse
from collectors.web import Server
from tests.daemon.watching import Ticking, watched
from tests.places import hourly
from tests.servers.http import LONGEST


class Site:
    """The health of a place's daemon, on a real server."""

    def __init__(self, seen):
        self.seen = seen
        self.ticking = Ticking()
        self.pulse = Pulse(self.ticking)
        health = Health(pulse=self.pulse, lookout=seen.lookout, metrics=seen.metrics)
        app = Flask("health")
        app.register_blueprint(blueprint(health))
        self.server = Server(app, "127.0.0.1", 0)

    def ask(self, path, **options):
        self.seen.ticking.at += FRESH
        return urllib3.request("GET", self.server.url + path, timeout=LONGEST, **options)

    def ready(self, query=""):
        answer = self.ask(f"/health/ready{query}")
        return answer.status, answer.json()


@contextmanager
def serving(place):
    with watched(place) as seen:
        site = Site(seen)
        thread = Thread(target=site.server.run)
        thread.start()
        try:
            seen.parts.store.post.take()
            yield site
        finally:
            site.server.stop()
            thread.join()


@pytest.fixture
def toll(toll, feed):
    toll.service("toll", hourly(feed, "hourly", "deadline: 3 hours"))
    toll.run("run", "--all")
    return toll


def test_it_is_live_while_every_loop_moves_and_names_those_that_do_not(toll):
    with serving(toll) as site:
        site.pulse.expect("ticker", 30)
        site.pulse.expect("sender", 60)
        site.ticking.at = 20
        site.pulse.touch("sender")
        site.pulse.touch("nobody")
        site.ticking.at = 30
        moving = site.ask("/health/live")
        site.ticking.at = 31
        stuck = site.ask("/health/live")
        site.pulse.forget("ticker")
        ended = site.ask("/health/live")

    assert (moving.status, moving.json()) == (
        200,
        {"ok": True, "stuck": [], "seconds_since": {"ticker": 30, "sender": 10}},
    )
    assert (stuck.status, stuck.json()["stuck"]) == (503, ["ticker"])
    assert ended.status == 200
    assert moving.headers["Cache-Control"] == "no-store"


def test_it_is_ready_while_it_moves_and_is_the_daemon_of_its_store(toll):
    with serving(toll) as site:
        checks = {"store": None, "loops": None, "daemon": None}
        late = {"count": 0, "collectors": []}
        assert site.ready() == (200, {"ok": True, "checks": checks, "late": late})

        site.pulse.expect("planner", 120)
        site.ticking.at += 131
        status, body = site.ready()
        assert (status, body["checks"]["loops"]) == (503, "the planner has not moved for 131 s")

        site.pulse.touch("planner")
        site.seen.parts.store.post.leave()
        status, body = site.ready()
        assert status == 503
        assert body["checks"]["daemon"] == "this process is not the daemon of its store"


def test_late_collectors_fail_it_only_where_that_is_asked_for(toll):
    toll.clock.advance(timedelta(hours=9))
    with serving(toll) as site:
        status, body = site.ready()
        assert (status, body["late"]) == (200, {"count": 1, "collectors": ["toll/hourly"]})
        status, body = site.ready("?late=fail")
        assert (status, body["checks"]["late"]) == (503, "1 collector is late")


def test_without_a_store_it_is_live_and_not_ready(toll):
    with serving(toll) as site:
        site.seen.parts.store.close()
        toll.state.unlink()
        toll.state.mkdir()
        status, body = site.ready()
        live = site.ask("/health/live").status
        metrics = site.ask("/metrics")

    assert (status, live) == (503, 200)
    assert "unable to open database file" in body["checks"]["store"]
    assert "collector_store_up 0.0" in metrics.data.decode()


def test_a_store_that_nobody_can_write_is_told(toll):
    with serving(toll) as site, closing(sqlite3.connect(toll.state)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, body = site.ready()
        other.rollback()
        again = site.ready()[0]

    assert (status, again) == (503, 200)
    assert "database is locked" in body["checks"]["store"]


def test_prometheus_is_answered_in_its_format(toll):
    with serving(toll) as site:
        plain = site.ask("/metrics")
        modern = site.ask("/metrics", headers={"Accept": "application/openmetrics-text"})

    assert plain.headers["Content-Type"].startswith("text/plain; version=")
    assert 'collector_late_seconds{collector="toll/hourly"} 0.0' in plain.data.decode()
    assert modern.headers["Content-Type"].startswith("application/openmetrics-text")
