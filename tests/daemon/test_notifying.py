"""Telling systemd: over a real socket, in its own words."""

import os
import re
import socket
import time
from contextlib import contextmanager

import pytest
import structlog

from collectors.daemon.notifying import Notifier, Watchdog
from collectors.daemon.pulse import Pulse
from tests.daemon.watching import Ticking
from tests.servers.http import LONGEST


class Manager:
    """What systemd is to a service: an address that messages come to."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(LONGEST)
        self.socket.bind("\0" + address[1:] if address[0] == "@" else address)

    def heard(self):
        return self.socket.recv(4096).decode()

    def environment(self, **more):
        return {"NOTIFY_SOCKET": self.address, **more}


@contextmanager
def listening(address):
    manager = Manager(address)
    try:
        yield manager
    finally:
        manager.socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    name = f"@collector-test-{os.getpid()}" if request.param == "abstract" else tmp_path / "notify"
    with listening(str(name)) as found:
        yield found


def test_it_says_what_it_is_doing(manager):
    notifier = Notifier.of(manager.environment())
    notifier.ready("700 collectors\nare scheduled")
    assert manager.heard() == "READY=1\nSTATUS=700 collectors are scheduled"
    notifier.status("12 are due")
    assert manager.heard() == "STATUS=12 are due"
    notifier.stopping()
    assert manager.heard() == "STOPPING=1"
    notifier.status("")
    notifier.alive()
    assert manager.heard() == "WATCHDOG=1"


def test_a_reload_is_dated_by_the_clock_that_never_goes_back(manager):
    before = time.monotonic_ns() // 1000
    Notifier.of(manager.environment()).reloading()
    said = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.heard())
    assert before <= int(said[1]) <= time.monotonic_ns() // 1000


def test_the_watchdog_hears_twice_as_often_as_it_asks_and_only_who_is_asked(manager):
    def every(**environment):
        return Notifier.of(manager.environment(**environment)).watchdog_every

    mine, other = str(os.getpid()), str(os.getppid())
    assert every(WATCHDOG_USEC="120000000") == 60.0
    assert every(WATCHDOG_USEC="120000000", WATCHDOG_PID=mine) == 60.0
    assert every(WATCHDOG_USEC="120000000", WATCHDOG_PID=other) is None
    assert every() is None
    assert every(WATCHDOG_USEC="soon") is None
    assert Notifier.of({"WATCHDOG_USEC": "120000000"}).watchdog_every is None


def test_the_watchdog_is_told_of_life_only_while_every_loop_moves(manager):
    ticking = Ticking()
    pulse = Pulse(ticking)
    pulse.expect("ticker", 10)
    notifier = Notifier.of(manager.environment(WATCHDOG_USEC="1000"))
    with Watchdog(notifier, pulse):
        assert [manager.heard() for _ in range(3)] == ["WATCHDOG=1"] * 3
        with structlog.testing.capture_logs() as said:
            ticking.at = 11
            while (last := manager.heard()) == "WATCHDOG=1":
                continue
            assert last == manager.heard() == "STATUS=stuck: ticker"
    assert said[0] == {"event": "loops are stuck", "loops": ["ticker"], "log_level": "error"}


def test_without_systemd_nothing_is_told_and_nothing_breaks():
    notifier = Notifier.of({})
    notifier.ready()
    with Watchdog(notifier, Pulse()):
        notifier.stopping()


def test_a_manager_that_is_gone_is_a_warning_and_no_more(tmp_path):
    notifier = Notifier.of({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with structlog.testing.capture_logs() as said:
        notifier.ready()
    assert [(one["event"], one["message"]) for one in said] == [("systemd was not told", "READY=1")]
