"""Probes in the store: the first result of a tick counts, and what is settled is dropped."""

from datetime import timedelta

import pytest

from collectors.clock import FixedClock, epoch
from collectors.store import PROBES_KEPT, Store
from tests.store.worlds import COLLECTOR, NOW, collect, lanes

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ALL = (NOW - timedelta(days=99), NOW + timedelta(days=99))


def keep(store, at, **seen):
    store.probes.keep(COLLECTOR, at, MINUTE, seen)


def kept(store):
    found = store.probes.of(COLLECTOR, MINUTE).between(*ALL)
    return [(at - NOW) // MINUTE for at, _ in found]


def test_what_was_seen_comes_back_in_order_and_the_first_result_of_a_tick_counts(store: Store):
    keep(store, NOW + 2 * MINUTE, up=False, reason="it answered 503")
    keep(store, NOW + MINUTE, up=True)
    keep(store, NOW + MINUTE, up=False)
    store.probes.keep("carers-allowance/other", NOW + MINUTE, MINUTE, {"up": None})
    seen = store.probes.of(COLLECTOR, MINUTE)

    assert list(seen.between(NOW, NOW + HOUR)) == [
        (NOW + MINUTE, {"up": True}),
        (NOW + 2 * MINUTE, {"up": False, "reason": "it answered 503"}),
    ]
    assert list(seen.between(NOW, NOW + MINUTE)) == []


def hours(store: Store, clock: FixedClock, count: int):
    """Probe at the last and first minutes of each hour so far."""
    for hour in range(count):
        for minute in (1, 58, 59):
            keep(store, NOW + hour * HOUR + minute * MINUTE, up=True)
    clock.at = NOW + count * HOUR


def window(first, last):
    return epoch(NOW + first * HOUR), epoch(NOW + last * HOUR)


def test_probes_of_settled_hours_are_dropped_with_the_first_tick_of_the_next(store, clock):
    hours(store, clock, 3)
    collect(store, window(0, 1), {}, settled=True)
    collect(store, window(1, 2), {})

    keep(store, NOW + 3 * HOUR + MINUTE, up=True)
    assert kept(store)[:3] == [1, 58, 59]
    keep(store, NOW + 3 * HOUR, up=True)

    assert kept(store) == [61, 118, 119, 121, 178, 179, 180, 181]


def test_a_probe_that_speaks_for_an_hour_to_come_is_kept(store, clock):
    at = NOW + HOUR - MINUTE / 2
    keep(store, at, up=True)
    collect(store, window(0, 1), {}, settled=True)
    keep(store, NOW + HOUR, up=True)
    found = store.probes.of(COLLECTOR, MINUTE).between(*ALL)
    assert [one for one, _ in found] == [at, NOW + HOUR]


def test_probes_of_what_a_lane_is_owed_are_kept(store, clock):
    hours(store, clock, 3)
    (full,) = lanes(store).open
    collect(store, window(0, 1), {}, settled=True)
    owed = type(lanes(store))(data_set="carers-allowance/journey", open=[], full=[full])
    collect(store, window(1, 2), {}, to=owed, settled=True)
    collect(store, window(2, 3), {}, settled=True)

    keep(store, NOW + 3 * HOUR, up=True)

    assert kept(store) == [61, 118, 119, 180]


@pytest.mark.parametrize("late", [timedelta(0), MINUTE])
def test_nothing_is_kept_for_longer_than_eight_days(store, clock, late):
    keep(store, NOW, up=True)
    clock.at = NOW + PROBES_KEPT + late
    keep(store, clock.at.replace(minute=0), up=True)
    assert (0 in kept(store)) is not bool(late)
