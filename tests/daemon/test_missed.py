"""Ticks that nobody heard: each is told once, whoever lived and died meanwhile."""

from datetime import timedelta

import pytest

from collectors.clock import epoch
from collectors.config.model import Configuration
from collectors.daemon.missed import note_missed
from collectors.daemon.present import Present
from collectors.store import Noted
from tests.daemon.living import opened, settings_of
from tests.places import NOW, hourly

SECONDS = timedelta(seconds=1)


@pytest.fixture
def present(toll, feed):
    """A place with a collector that ticks every second."""
    toll.service("toll", hourly(feed, "often", "period: hour").replace("hourly", "every 1 second"))
    with opened(toll) as parts:
        configuration: Configuration = settings_of(toll).configuration
        yield Present(configuration, parts)


def told(present):
    return [(one.at - epoch(NOW), one.count) for one in present.parts.store.ticks.listed()]


def heard(present, at):
    when = epoch(NOW + at * SECONDS)
    tick = Noted.planned("toll/often", when, when, 1)
    present.parts.store.ticks.write([tick])


def test_all_ticks_after_the_last_sign_of_life_and_up_to_now_were_missed(present):
    assert note_missed(present, NOW, NOW + 10 * SECONDS) == 10
    assert told(present) == [(10, 10)]


def test_what_a_daemon_heard_after_its_last_sign_of_life_was_not_missed(present):
    heard(present, 7)
    assert note_missed(present, NOW, NOW + 10 * SECONDS) == 3
    assert told(present) == [(10, 3), (7, 1)]


def test_a_tick_that_was_heard_and_lost_before_the_last_sign_of_life_was_missed(present):
    heard(present, -2)
    assert note_missed(present, NOW, NOW + 10 * SECONDS) == 12
    assert told(present) == [(10, 12), (-2, 1)]


def test_looking_back_twice_tells_nothing_twice(present):
    note_missed(present, NOW, NOW + 10 * SECONDS)
    assert note_missed(present, NOW, NOW + 10 * SECONDS) == 0


def test_a_collector_that_has_not_ticked_lately_counts_from_the_last_sign_of_life(present):
    heard(present, -3600)
    assert note_missed(present, NOW, NOW + 10 * SECONDS) == 10
