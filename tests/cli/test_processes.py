"""The program as people start it: a process of its own, a terminal, Ctrl-C, two at a time."""

import contextlib
import io
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.cli import main
from tests.servers.http import LONGEST
from tests.servers.pingdom import TOKEN, Account, PingdomServer

PROGRAM = Path(__file__).parent.parent.parent / "run_collector.py"
MONITORING = """
service: toll
collectors:
  monitoring: {source: pingdom, schedule: hourly, query: {check: 85975}}
"""
FIGURES = "period,count\n2024-01-01,7\n2024-02-01,8\n"
SHEET = """
service: bridge
collectors:
  cars:
    source: spreadsheet
    schedule: monthly
    query: {file: figures.csv, date: period, measures: [count]}
"""


class SlowPingdom(PingdomServer):
    """Answers only once the test lets it; says when it is asked."""

    def __init__(self):
        super().__init__(Account(datetime.now(UTC)))
        self.asked, self.released = threading.Event(), threading.Event()

    def answer(self, request):
        self.asked.set()
        self.released.wait(LONGEST)
        return super().answer(request)


@pytest.fixture
def server():
    with SlowPingdom() as running:
        yield running
        running.released.set()


@pytest.fixture
def home(tmp_path, server):
    """A directory like a checkout's, with a slow collector."""
    services = tmp_path / "config" / "services"
    services.mkdir(parents=True)
    (tmp_path / "credentials").mkdir()
    credential = tmp_path / "credentials" / "pingdom.yaml"
    credential.write_text(f"token: {TOKEN}\nbase_url: {server.url}\n")
    credential.chmod(0o600)
    (services / "toll.yaml").write_text(MONITORING)
    return tmp_path


def start(home, *arguments, stderr=subprocess.PIPE):
    """Start the program; it stands where the configuration is."""
    environment = {**os.environ, "PYTHONWARNINGS": "error", "COLUMNS": "120"}
    environment.pop("COLLECTOR_STATE", None)
    return subprocess.Popen(
        [sys.executable, PROGRAM, *arguments],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def here(home, *arguments):
    """Run a command in this process; give its code and its answer."""
    out = io.StringIO()
    with contextlib.chdir(home), contextlib.redirect_stdout(out):
        code = main(arguments)
    return code, out.getvalue()


def end(process):
    """Wait for the program; give its code, its answer and what it told besides."""
    out, err = process.communicate(timeout=LONGEST)
    assert "Traceback" not in (err or "")
    return process.returncode, out, err


def read_until(stream, pattern):
    """Read lines until one fits; give it."""
    for line in stream:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"nothing like {pattern!r} was told")


def test_it_runs_where_there_is_nothing_but_a_configuration(home):
    (home / "config" / "services" / "toll.yaml").unlink()
    (home / "config" / "services" / "bridge.yaml").write_text(SHEET)
    (home / "config" / "figures.csv").write_text(FIGURES)

    code, out, err = end(start(home, "run", "--all"))

    assert (code, err.count("\n")) == (0, 1)
    assert "2 observations collected by 1 collector, 2 delivered" in out
    assert sorted(one.name for one in (home / "var").iterdir()) == ["data-sets.db", "state.db"]
    code, out = here(home, "read", "bridge/cars", "--csv")
    assert out.splitlines()[1].startswith("2024-01-01T00:00:00+00:00,month,cars,7")


def test_without_a_word_it_shows_its_help(home):
    code, out, err = end(start(home))
    assert code == 2
    assert "Commands:" in out + err


def test_off_a_terminal_long_work_tells_how_far_it_is_on_plain_lines(home, server):
    process = start(home, "run", "--all")

    line = read_until(process.stderr, "windows?,")
    server.released.set()
    code, out, _ = end(process)

    assert re.fullmatch(r"2 s: 0 of 1 window, 0 observations kept, 0 delivered", line.strip())
    assert code == 0
    assert " window, " not in out


def test_on_a_terminal_long_work_shows_a_bar(home, server):
    ours, theirs = pty.openpty()
    process = start(home, "run", "--all", stderr=theirs)
    os.close(theirs)
    seen = b""
    while b"windows" not in seen:
        seen += os.read(ours, 1024)
    server.released.set()
    code, out, _ = end(process)
    os.close(ours)

    assert b"collecting" in seen
    assert "━".encode() in seen
    assert code == 0
    assert out.splitlines()[-1].startswith("1 observation collected by 1 collector, 1 delivered")


def test_ctrl_c_ends_in_good_order_and_nothing_is_lost(home, server):
    process = start(home, "run", "--all")
    assert server.asked.wait(LONGEST)

    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "stopping once what is under way has ended; Ctrl-C again: at once")
    server.released.set()
    code, out, _ = end(process)

    assert code == 1
    assert "1 observation collected" in out
    code, out = here(home, "run", "--all")
    assert (code, "nothing is due" in out) == (0, True)
    code, out = here(home, "read", "toll/monitoring", "--csv")
    assert (code, out.count("\n")) == (0, 2)


def test_a_second_ctrl_c_ends_at_once_and_nothing_is_lost(home, server):
    process = start(home, "run", "--all")
    assert server.asked.wait(LONGEST)

    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "stopping once")
    process.send_signal(signal.SIGINT)
    assert end(process)[0] == -signal.SIGINT

    server.released.set()
    code, out = here(home, "run", "--all")
    assert (code, "1 delivered" in out) == (0, True)
    code, out = here(home, "read", "toll/monitoring", "--csv")
    assert (code, out.count("\n")) == (0, 2)


def test_two_processes_beside_each_other_never_do_the_same_window(home, server):
    first = start(home, "run", "--all")
    assert server.asked.wait(LONGEST)

    code, out, _ = end(start(home, "run", "--all"))
    assert code == 0
    assert re.search(r"left: live run \d+ is with another process", out)

    server.released.set()
    assert end(first)[0] == 0
    assert len(server.requests) == 1


def test_a_reader_who_goes_away_is_no_reason_for_a_traceback(home):
    process = start(home, "list")
    process.stdout.close()

    assert "Traceback" not in process.stderr.read()
    assert process.wait(LONGEST) in (0, 1, 120)
    process.stderr.close()
