"""From probes to hours: up, down and unmonitored add up, whatever was probed when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import NotYet, Window
from collectors.sources.uptime import Uptime
from collectors.sources.uptime.hours import Hour
from collectors.sources.uptime.seeing import Seen
from collectors.testing import make_context

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
WINDOW = Window(START, START + HOUR)
UP = Seen(up=True, status=200, total=100)
DOWN = Seen(up=False, reason="it answered 503", status=503)
BLIND = Seen(up=None, reason="this machine cannot reach it")


class Probes:
    """Probes that are there already."""

    def __init__(self, every, probes):
        self.every, self.probes = every, probes

    def between(self, start, end):
        return ((at, seen.kept()) for at, seen in self.probes if start <= at < end)


def hour(*probes, every=MINUTE):
    probes = [(START + at * MINUTE, seen) for at, seen in probes]
    return Hour(WINDOW, every, probes).reading("x").measures


def seconds(measures):
    return [measures[name] for name in ("uptime", "downtime", "unmonitored")]


def test_a_probe_speaks_for_the_time_until_the_next_tick():
    assert seconds(hour(*((at, UP) for at in range(60)))) == [3600, 0, 0]
    assert seconds(hour(*((at, DOWN if at in (7, 8) else UP) for at in range(60)))) == [
        3480,
        120,
        0,
    ]


def test_missed_ticks_are_unmonitored():
    assert seconds(hour()) == [0, 0, 3600]
    assert seconds(hour((0, UP), (59, DOWN))) == [60, 60, 3480]


def test_where_this_machine_could_not_look_is_unmonitored():
    assert seconds(hour((0, UP), (1, BLIND), (2, DOWN))) == [60, 60, 3480]


def test_ticks_need_not_divide_the_hour():
    every = 7 * MINUTE
    assert seconds(hour((-3, DOWN), *((at, UP) for at in range(4, 60, 7)), every=every)) == [
        3360,
        240,
        0,
    ]


def test_the_response_time_is_the_mean_of_the_probes_that_found_it_up():
    slow = Seen(up=True, status=200, total=301)
    assert hour((0, UP), (1, slow), (2, DOWN))["avgresponse"] == 200
    assert hour((0, DOWN))["avgresponse"] is None
    assert hour((-1, slow), (0, UP), every=2 * MINUTE)["avgresponse"] == 100


@given(
    every=st.integers(1, 3600),
    ticks=st.lists(
        st.tuples(st.integers(-3600, 3599), st.sampled_from([UP, DOWN, BLIND])),
        unique_by=lambda one: one[0],
    ),
)
def test_up_down_and_unmonitored_are_the_whole_hour(every, ticks):
    probes = [(START + at * SECOND, seen) for at, seen in sorted(ticks, key=lambda one: one[0])]
    measures = Hour(WINDOW, every * SECOND, probes).reading("x").measures
    assert sum(seconds(measures)) == 3600
    assert min(seconds(measures)) >= 0
    up = sum(seen.up is True for _, seen in probes)
    assert measures["uptime"] <= up * every


def collected(probes, window=WINDOW, now=START + 2 * HOUR, **query):
    context = make_context(
        probes=Probes(MINUTE, [(START + at * MINUTE, one) for at, one in probes])
    )
    context.clock.at = now
    source = Uptime(url="https://www.gov.uk/start?token=planted", **query)
    return list(source.collect(window, context)), context.warn.told


def test_each_hour_of_a_window_is_a_reading_also_without_a_probe():
    readings, told = collected([(61, UP)], Window(START - HOUR, START + 2 * HOUR), START + 3 * HOUR)
    assert [one.at.hour for one in readings] == [11, 12, 13]
    assert [seconds(one.measures) for one in readings] == [
        [0, 0, 3600],
        [0, 0, 3600],
        [60, 0, 3540],
    ]
    assert {one.dimensions["check"] for one in readings} == {"https://www.gov.uk/start"}
    assert told == []


def test_a_data_set_of_pingdom_goes_on_under_its_name():
    ((reading,), _) = collected([(0, UP)], check="Carers")
    assert reading.dimensions == {"check": "Carers"}
    assert set(reading.measures) == {"avgresponse", "uptime", "downtime", "unmonitored"}


def test_the_run_tells_how_often_it_was_down_and_why():
    _, told = collected([(0, UP), (1, BLIND), (2, DOWN), (3, DOWN)])
    assert told == [
        "2026-11-20T12:00Z: 2 of 4 probes found it down, the last: it answered 503",
        "2026-11-20T12:00Z: 1 of 4 probes could not look, the last: this machine cannot reach it",
    ]


def test_the_run_tells_of_a_certificate_that_expires_soon():
    expires = int((START + timedelta(days=10)).timestamp())
    last = Seen(up=True, total=1, expires=expires)
    _, told = collected([(0, UP), (1, last)])
    assert told == ["its TLS certificate expires on 2026-11-30, in 9 days"]
    assert collected([(0, UP), (1, last)], tls_expiry=9)[1] == []
    assert collected([(0, last), (1, UP)])[1] == []


def test_an_hour_whose_last_probe_may_still_be_under_way_is_not_yet():
    missing, over = [(at, UP) for at in range(59)], START + HOUR
    with pytest.raises(NotYet, match="may still be under way"):
        collected(missing, now=over + 59 * SECOND)
    assert collected(missing, now=over + MINUTE)
    assert collected([*missing, (59, UP)], now=over)
