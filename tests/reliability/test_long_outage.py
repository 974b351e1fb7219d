"""A daemon that was down for a month: today's figures first, and never all of the month at once."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.runner import WINDOWS_A_TURN
from collectors.store import State
from tests.daemon.living import living
from tests.places import HASTY, NOW, GoingClock, hourly

NAMES = ("first", "second", "third")
MONTH = timedelta(days=31)
PATIENCE = 120.0
"""Seconds."""


@pytest.fixture
def toll(toll, feed):
    """Three collectors of hours, whose source gives a day at a time; one worker."""
    toll.clock = GoingClock(NOW)
    toll.patience = HASTY
    toll.platform("target: embedded\nworkers: 1\ndurability: normal")
    query = f"query: {{url: '{feed.url}', span_days: 1}}"
    toll.service("toll", "\n".join(hourly(feed, name, query) for name in NAMES))
    return toll


def test_after_a_month_the_last_hours_come_first_and_the_rest_in_turns_without_a_tick(toll, feed):
    with living(toll) as one:
        one.until(lambda: len(feed.requests) == 3 and not one.store.view.depths())
    toll.clock.advance(MONTH)
    feed.hold = True
    feed.requests.clear()
    with living(toll) as one:
        one.until(lambda: feed.requests)
        open_ones = one.store.view.runs(states=[State.DUE, State.RUNNING], limit=999)
        assert len(open_ones) == 3 * WINDOWS_A_TURN
        feed.hold = False
        feed.released.set()
        one.until(lambda: all(is_whole(one.store, name) for name in NAMES), PATIENCE)
    starts = [datetime.fromisoformat(request.query["start"]) for request in feed.requests]
    last = NOW.replace(minute=0, tzinfo=UTC) + MONTH - timedelta(hours=1)
    assert starts[:3] == [last] * 3
    older = starts[3:]
    assert len(older) == 3 * 31
    assert [older.count(start) for start in sorted(set(older))] == [3] * 31


def is_whole(store, name):
    """Tell whether all of the month is collected, in one stretch."""
    [*rest, last] = store.view.collected(f"toll/{name}")
    return not rest and last.end - last.start >= MONTH.total_seconds()
