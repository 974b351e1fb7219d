"""The calendar: periods tile time in every zone, and labels keep local dates."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors.clock import epoch, from_epoch
from collectors.periods import (
    ALWAYS,
    FIRST_DAY,
    Period,
    Window,
    beginning,
    count,
    covering,
    floor,
    following,
    label,
    periods_of,
    preceding,
    shift,
)

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
CALENDAR = [period for period in Period if period is not Period.INSTANT]
ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",  # clocks leap over midnight
    "America/Havana",  # midnight comes twice
    "America/St_Johns",  # half an hour off; clocks went back over midnight, at 00:01
    "America/Toronto",  # clocks leapt from 23:30 in 1919
    "Asia/Beirut",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # left out 30 December 2011
    "Pacific/Kwajalein",  # had 30 September 1969 twice
    "America/Juneau",  # lived 19 October 1867 in two parts
]
periods = st.sampled_from(CALENDAR)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(first: str, last: str) -> st.SearchStrategy[datetime]:
    return st.integers(epoch(utc(first)), epoch(utc(last))).map(from_epoch)


recent = times("1860-01-01", "2040-01-01")
moments = recent | times("0003-01-02", "9997-12-30")


@given(moments, periods, zones)
@example(utc("2006-10-29T02:45"), Period.DAY, ZoneInfo("America/St_Johns"))
@example(utc("1919-03-31T04:45"), Period.DAY, ZoneInfo("America/Toronto"))
@example(utc("1867-10-18T23:00"), Period.DAY, ZoneInfo("America/Juneau"))
@example(utc("2011-12-30T10:00"), Period.DAY, ZoneInfo("Pacific/Apia"))
def test_every_moment_lies_in_exactly_one_period(moment, period, zone):
    start = floor(moment, period, zone)
    end = following(start, period, zone)
    assert start <= moment < end
    assert floor(start, period, zone) == start
    assert floor(end - SECOND, period, zone) == start
    assert floor(end, period, zone) == end
    assert preceding(end, period, zone) == start
    assert following(preceding(start, period, zone), period, zone) == start


@given(recent, st.timedeltas(timedelta(0), timedelta(days=800)), periods, zones)
def test_floor_is_monotone(moment, later, period, zone):
    assert floor(moment, period, zone) <= floor(moment + later, period, zone)


@given(recent, st.timedeltas(SECOND, timedelta(days=40)), periods, zones)
def test_the_periods_of_a_window_tile_it(moment, length, period, zone):
    window = covering(moment, moment + length, period, zone)
    tiles = list(periods_of(window, period, zone))
    assert tiles[0].start == window.start <= moment
    assert tiles[-1].end == window.end >= moment + length
    assert all(one.end == other.start for one, other in pairwise(tiles))
    assert tiles[0].end > moment
    assert tiles[-1].start < moment + length


@given(recent, st.integers(-50, 50), periods, st.sampled_from(ZONES[:-3]).map(ZoneInfo))
def test_shifting_is_following_again_and_again_and_counting_undoes_it(moment, steps, period, zone):
    start = floor(moment, period, zone)
    walked = start
    for _ in range(abs(steps)):
        walked = (following if steps > 0 else preceding)(walked, period, zone)
    assert shift(start, period, steps, zone) == walked
    if steps:
        assert count(Window(*sorted((start, walked))), period, zone) == abs(steps)


@given(st.dates(FIRST_DAY, date(9998, 12, 31)), zones)
def test_a_day_that_exists_begins_when_its_date_first_shows(day, zone):
    start = beginning(day, zone)
    assert (start - SECOND).astimezone(zone).date() < day <= start.astimezone(zone).date()


@given(recent, periods, zones)
def test_a_label_is_the_local_date_at_midnight_utc_and_labels_are_in_order(moment, period, zone):
    start = floor(moment, period, zone)
    said = label(start, period, zone)
    assert said < label(following(start, period, zone), period, zone)
    if period is Period.HOUR:
        assert said == start
    else:
        assert said == datetime.combine(start.astimezone(zone).date(), datetime.min.time(), UTC)


@pytest.mark.parametrize(
    ("night", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_london_day_has_23_hours_in_spring_and_25_in_autumn(night, hours):
    start = beginning(date.fromisoformat(night), LONDON)
    end = following(start, Period.DAY, LONDON)
    assert end - start == hours * HOUR
    assert count(Window(start, end), Period.HOUR) == hours
    assert len(list(periods_of(Window(start, end), Period.HOUR, LONDON))) == hours
    assert label(start, Period.DAY, LONDON) == utc(night)


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", 23),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00", 23),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", 23),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00", 25),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30", 23.5),
        ("America/St_Johns", "2006-10-28", "2006-10-28T02:30", 24),
        ("America/St_Johns", "2006-10-29", "2006-10-29T02:30", 25),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00", 24),
        ("Pacific/Kwajalein", "1969-09-30", "1969-09-29T13:00", 47),
    ],
)
def test_a_day_without_its_midnight_keeps_its_date_and_its_hours(zone, day, start, hours):
    place = ZoneInfo(zone)
    assert beginning(date.fromisoformat(day), place) == utc(start)
    assert following(utc(start), Period.DAY, place) == utc(start) + hours * HOUR
    assert label(utc(start), Period.DAY, place) == utc(day)


def test_hours_begin_at_whole_hours_of_utc_also_where_clocks_are_half_an_hour_off():
    kolkata = ZoneInfo("Asia/Kolkata")
    assert floor(utc("2026-11-20T10:45"), Period.HOUR, kolkata) == utc("2026-11-20T10:00")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.DAY, "2024-02-29", "2024-03-01"),
        (Period.WEEK, "2024-12-30", "2025-01-06"),
        (Period.MONTH, "2024-02-01", "2024-03-01"),
        (Period.MONTH, "2024-12-01", "2025-01-01"),
        (Period.QUARTER, "2024-10-01", "2025-01-01"),
        (Period.YEAR, "2024-01-01", "2025-01-01"),
    ],
)
def test_periods_over_leap_days_and_year_ends(period, start, end):
    assert following(utc(start), period) == utc(end)
    assert preceding(utc(end), period) == utc(start)
    assert floor(utc(end) - SECOND, period) == utc(start)


@pytest.mark.parametrize("period", CALENDAR)
@pytest.mark.parametrize("zone", ZONES)
def test_beyond_the_edges_of_time_there_is_an_overflow_and_nothing_else(period, zone):
    for edge, step in ((ALWAYS.start, -1), (ALWAYS.end, 1)):
        with pytest.raises(OverflowError):
            shift(floor(edge, period, ZoneInfo(zone)), period, step, ZoneInfo(zone))
    assert floor(beginning(FIRST_DAY, ZoneInfo(zone)), period, ZoneInfo(zone)) >= ALWAYS.start


@pytest.mark.parametrize("call", [floor, following])
def test_an_instant_has_no_calendar(call):
    with pytest.raises(ValueError, match="instant has no calendar"):
        call(utc("2026-11-20"), Period.INSTANT)


def test_an_instant_is_labelled_with_its_tick():
    assert label(utc("2026-11-20T10:02"), Period.INSTANT, LONDON) == utc("2026-11-20T10:02")


def test_a_window_is_half_open():
    window = Window(utc("2026-11-20"), utc("2026-11-21"))
    assert window.contains(utc("2026-11-20"))
    assert not window.contains(utc("2026-11-21"))
    assert str(window) == "2026-11-20T00:00Z - 2026-11-21T00:00Z"
    assert str(ALWAYS) == "whole document"


def test_a_window_tells_seconds_where_either_bound_has_them():
    window = Window(utc("2026-11-20T09:14:57"), utc("2026-11-20T09:15"))
    assert str(window) == "2026-11-20T09:14:57Z - 2026-11-20T09:15:00Z"


def test_a_window_is_aware_and_not_empty():
    with pytest.raises(ValueError, match="must end after it starts"):
        Window(utc("2026-11-20"), utc("2026-11-20"))
    with pytest.raises(ValueError, match="aware UTC"):
        Window(utc("2026-11-20").replace(tzinfo=None), utc("2026-11-21"))
