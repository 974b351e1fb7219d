"""Owners: which process holds a lease, and whether it still lives."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from collectors.store import Owner
from collectors.store.owner import LEASE, is_free
from tests.store.worlds import dead, living

NOW = 1_000


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until its input is closed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_an_owner_is_read_as_it_was_written():
    owner = Owner("a/b host", 12, 34)
    assert Owner.parse(str(owner)) == owner


def test_a_lease_of_a_living_process_is_not_free(child):
    holder = living(child.pid)
    assert not is_free(str(holder), NOW, Owner.this_process(), NOW)


def test_a_lease_of_a_dead_process_is_free_at_once(child):
    holder = living(child.pid)
    child.kill()
    child.wait()
    assert is_free(str(holder), NOW + LEASE, Owner.this_process(), NOW)


def test_a_process_that_was_killed_and_that_its_parent_has_not_noticed_is_dead(child):
    holder = living(child.pid)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_free(str(holder), NOW + LEASE, Owner.this_process(), NOW)


def test_a_pid_that_has_been_given_again_does_not_keep_a_lease(child):
    holder = replace(living(child.pid), started=0)
    assert is_free(str(holder), NOW + LEASE, Owner.this_process(), NOW)


def test_the_same_pid_after_a_restart_is_another_process():
    me = Owner.this_process()
    before = replace(me, started=me.started - 1)
    assert is_free(str(before), NOW + LEASE, me, NOW)


def test_a_clock_that_was_set_by_some_seconds_kills_nobody(child):
    holder = living(child.pid)
    moved = replace(holder, started=holder.started - 5_000)
    assert not is_free(str(moved), NOW, Owner.this_process(), NOW)


def test_only_its_own_host_can_know_that_a_process_is_dead():
    holder = replace(dead(), host="elsewhere")
    me = Owner.this_process()
    assert not is_free(str(holder), NOW, me, NOW)
    assert is_free(str(holder), NOW - 1, me, NOW)


@pytest.mark.parametrize("holder", [None, str(Owner.this_process())], ids=["nobody", "oneself"])
def test_a_lease_of_nobody_or_of_oneself_is_free(holder):
    assert is_free(holder, NOW + LEASE, Owner.this_process(), NOW)
