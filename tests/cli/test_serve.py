"""``serve`` as people start it: a process of its own, asked over HTTP, stopped by a signal."""

import json
import re
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3

from tests.places import hourly
from tests.servers.http import LONGEST
from tests.web.sites import TOKEN, Site, declared

PROGRAM = Path(__file__).parent.parent.parent / "run_collector.py"
PLATFORM = """
data_sets:
  fishing/catches: {token: "${FISHING_TOKEN}"}
embedded: {administrator_token: "${FISHING_TOKEN}"}
"""
WRITING = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
RECORD = {"_id": "one", "_timestamp": "2026-11-20T00:00:00+00:00", "count": 3}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FISHING_TOKEN", TOKEN)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/platform.yaml").write_text(PLATFORM)
    return tmp_path


class Serving:
    """The program as it serves; its log is on stderr, which is read up to a line at a time."""

    def __init__(self, home, *options):
        command = [sys.executable, str(PROGRAM), "-v", "serve", *(options or ("--port", "0"))]
        self.process = subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, text=True)
        self.said = self.process.stderr.readline()
        self.url = self.said.split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def ask(self, method, path, **options):
        return urllib3.request(method, self.url + path, timeout=LONGEST, **options)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(LONGEST), self.process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_what_is_declared_until_it_is_told_to_stop(home, number):
    with Serving(home) as serving:
        assert re.fullmatch(r"serving the data sets on http://127\.0\.0\.1:\d+\n", serving.said)
        posted = serving.ask("POST", "/data/fishing/catches", json=RECORD, headers=WRITING)
        held = serving.ask("GET", "/data/fishing/catches").json()["data"]
        code, log = serving.stop(number)
    assert (posted.status, code) == (200, 0)
    assert [one["count"] for one in held] == [3]
    assert re.search(r"method=POST path=/data/fishing/catches seconds=[0-9.]+ status=200", log)
    kept = b"".join(path.read_bytes() for path in (home / "var").iterdir())
    assert TOKEN not in log
    assert TOKEN.encode() not in kept


def test_a_request_under_way_is_answered_before_it_stops(home):
    """The program is stopped while a reader has only begun to take a large answer."""
    records = [{**RECORD, "_id": f"{n}", "note": "x" * 2000} for n in range(4000)]
    with Serving(home) as serving:
        serving.ask("POST", "/data/fishing/catches", json=records, headers=WRITING)
        address = serving.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=LONGEST) as reader:
            reader.sendall(b"GET /data/fishing/catches HTTP/1.0\r\n\r\n")
            answer = reader.recv(1000)
            serving.process.send_signal(signal.SIGTERM)
            while piece := reader.recv(1_000_000):
                answer += piece
        code = serving.process.wait(LONGEST)
    assert code == 0
    assert len(json.loads(answer.partition(b"\r\n\r\n")[2])["data"]) == len(records)


def test_an_address_that_is_taken_is_a_clear_error(place):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = place.run("serve", "--port", str(port))
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: 127.0.0.1:{port} cannot be listened on: Address already in use; "
        "give another --port or --host, or end what listens there\n"
    )


def test_a_host_that_is_not_ours_is_a_clear_error(place):
    done = place.run("serve", "--host", "no.such.host.invalid", "--port", "0")
    assert done.code == 1
    assert "no.such.host.invalid:0 cannot be listened on" in done.err


def test_a_broken_platform_serves_nothing(place):
    place.platform("data_sets: {x: {}}")
    done = place.run("serve", "--port", "0")
    assert done.code == 2
    assert "'x' is not <data-group>/<data-type>" in done.err


def test_the_collector_delivers_to_its_own_server(place, feed, database_url):
    site = Site(database_url, [declared("toll/hourly", schema={"required": ["count"]})])
    try:
        place.platform(f"target: {{url: '{site.server.url}/data', name: own}}")
        place.tokens(toll__hourly=TOKEN)
        place.service("toll", hourly(feed))
        assert place.run("run", "--all").code == 0
        place.clock.advance(timedelta(hours=1))
        assert place.run("run", "--all").code == 0
        held = site.held("toll/hourly")
    finally:
        site.close()
    assert held
    assert len({one["_id"] for one in held}) == len(held)
    assert place.run("outbox", "list", "--json").json == []
