"""The daemon as a process: signals, one a store, exit codes, what it prints."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.http import LONGEST, HttpServer, json_answer

PROGRAM = Path(__file__).parent.parent.parent / "run_collector.py"
SECRET = "planted-token-of-the-daemon"
SERVICE = """
service: toll
collectors:
  cars:
    source: json
    schedule: every 1 second
    period: month
    since: 2026-01-01
    query:
      url: {url}/figures
      records: rows
      time: at
      measures: {{count: n}}
"""


class Slow(HttpServer):
    """Gives figures, once it may."""

    def __init__(self):
        super().__init__()
        self.asked, self.released = threading.Event(), threading.Event()
        self.released.set()

    def answer(self, request):
        self.asked.set()
        self.released.wait(LONGEST)
        return json_answer({"rows": []})


@pytest.fixture
def server():
    with Slow() as running:
        yield running
        running.released.set()


@pytest.fixture
def home(tmp_path, server):
    """A directory like a checkout's."""
    (tmp_path / "config" / "services").mkdir(parents=True)
    (tmp_path / "credentials").mkdir()
    tokens = tmp_path / "credentials" / "tokens.yaml"
    tokens.write_text(f"'*/*': {SECRET}\n")
    tokens.chmod(0o600)
    (tmp_path / "config" / "services" / "toll.yaml").write_text(SERVICE.format(url=server.url))
    return tmp_path


class Process:
    """A daemon; its lines on stderr are read as they come."""

    def __init__(self, home, *more):
        command = [sys.executable, str(PROGRAM), "--log-format", "json", "daemon", "--port", "0"]
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        self.process = subprocess.Popen(
            [*command, *more], cwd=home, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.lines = []
        self.deadline = threading.Timer(LONGEST, self.process.kill)
        self.deadline.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deadline.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def until(self, pattern):
        """Read until a line matches."""
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError("".join(self.lines))

    def begun(self):
        """Wait until it works; gives the address of its pages."""
        return self.until(r'"page": "(http\S+)/status/"')[1]

    def end(self):
        """Give its exit code and all that it said."""
        self.lines += self.process.stderr.readlines()
        return self.process.wait(LONGEST), "".join(self.lines)


def test_sigterm_lets_what_runs_end_and_exits_with_0(home, server):
    server.released.clear()
    with Process(home) as daemon:
        daemon.begun()
        assert server.asked.wait(LONGEST)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.until("stopping once what is under way has ended")
        server.released.set()
        code, said = daemon.end()
    assert code == 0
    assert said.index("run ended") < said.index('"event": "stopped"')
    assert all(json.loads(line) for line in said.splitlines())
    assert SECRET not in said


def test_what_does_not_end_in_time_is_put_back(home, server):
    server.released.clear()
    with Process(home, "--grace", "0.1") as daemon:
        daemon.begun()
        assert server.asked.wait(LONGEST)
        daemon.process.send_signal(signal.SIGTERM)
        code, said = daemon.end()
    assert code == 0
    assert "put back" in said


def test_a_second_sigterm_puts_back_what_runs_and_the_next_daemon_goes_on(home, server):
    server.released.clear()
    with Process(home) as daemon:
        daemon.begun()
        assert server.asked.wait(LONGEST)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.until("the same signal again: at once")
        daemon.process.send_signal(signal.SIGTERM)
        code, said = daemon.end()
    assert code == 1
    assert "put back" in said
    with closing(sqlite3.connect(home / "var" / "state.db")) as state:
        told = state.execute("SELECT DISTINCT state, reason FROM runs").fetchall()
    assert told == [("lost", "the daemon was stopped meanwhile")]
    server.released.set()
    with Process(home) as daemon:
        daemon.begun()
        assert daemon.until("run ended")


def test_a_second_daemon_is_refused_and_told_who_holds_the_store(home):
    with Process(home) as daemon:
        daemon.begun()
        with Process(home) as second:
            code, said = second.end()
    assert code == 1
    assert f"process {daemon.process.pid} on " in said
    assert "is the daemon of this store since" in said
    assert "Traceback" not in said


def test_after_a_kill_the_next_daemon_takes_the_post_at_once(home):
    with Process(home) as daemon:
        daemon.begun()
        daemon.process.kill()
        daemon.process.wait()
    with Process(home) as daemon:
        daemon.begun()


def test_sighup_reads_the_files_again(home):
    with Process(home, "--no-watch") as daemon:
        daemon.begun()
        (home / "config" / "services" / "toll.yaml").write_text("service: toll\ncollectors: [")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until("files read again")
    assert any('"event": "mistake"' in line for line in daemon.lines)


def test_a_changed_file_is_noticed_without_a_signal(home):
    with Process(home) as daemon:
        daemon.begun()
        (home / "config" / "services" / "toll.yaml").unlink()
        assert '"removed": "toll/cars"' in daemon.until("files read again").string


def test_its_pages_are_there(home):
    with Process(home) as daemon:
        url = daemon.begun()
        for path in ("/health/live", "/health/ready", "/metrics", "/status/"):
            with urllib.request.urlopen(url + path, timeout=LONGEST) as reply:
                assert reply.status == 200
                assert SECRET.encode() not in reply.read()


def test_credentials_that_others_may_read_are_refused(home):
    tokens = home / "credentials" / "tokens.yaml"
    tokens.chmod(0o644)
    with Process(home) as daemon:
        code, said = daemon.end()
    assert code == 2
    assert f"others may read this file (mode 644): chmod 600 {tokens.relative_to(home)}" in said
