"""When a schedule ticks: both nights of many zones, and cron against an oracle that looks slowly."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from collectors.clock import from_epoch
from collectors.config.schedules import WEEKDAYS, parse_schedule
from collectors.schedule import Timing, last_tick, next_tick, ticks_between

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
NIGHTS = [
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Pacific/Apia", "2011-12-29"),
    ("Pacific/Apia", "2012-04-01"),
    ("America/Sao_Paulo", "2018-02-17"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("Africa/Cairo", "2026-10-29"),
    ("Asia/Kolkata", "2026-03-29"),
]
"""Zones and days about which their clocks go forward or back, or leave out a day, or do not."""


def timing(text, zone="Europe/London", offset=timedelta(0)):
    return Timing(parse_schedule(text), ZoneInfo(zone), offset)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text, zone=LONDON):
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def between(what, start, end):
    return list(ticks_between(what, start, end))


def on(text, day, zone="Europe/London"):
    """The ticks of a local day, as the clock in London shows them and in UTC."""
    start = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(zone))
    ticks = between(timing(text, zone), start.astimezone(UTC), (start + DAY).astimezone(UTC))
    return [f"{tick.astimezone(start.tzinfo):%H:%M} {tick:%H:%MZ}" for tick in ticks]


SPRING, AUTUMN = "2026-03-29", "2026-10-25"


@pytest.mark.parametrize(
    ("text", "spring", "autumn"),
    [
        ("daily", ["00:00 00:00Z"], ["00:00 23:00Z"]),
        ("daily at 00:30", ["00:30 00:30Z"], ["00:30 23:30Z"]),
        ("daily at 01:00", ["02:00 01:00Z"], ["01:00 00:00Z"]),
        ("daily at 01:30", ["02:00 01:00Z"], ["01:30 00:30Z"]),
        ("daily at 02:00", ["02:00 01:00Z"], ["02:00 02:00Z"]),
        ("daily at 06:30", ["06:30 05:30Z"], ["06:30 06:30Z"]),
        ("0,30 1 * * *", ["02:00 01:00Z"], ["01:00 00:00Z", "01:30 00:30Z"]),
        (
            "30 0-2 * * *",
            ["00:30 00:30Z", "02:00 01:00Z", "02:30 01:30Z"],
            ["00:30 23:30Z", "01:30 00:30Z", "02:30 02:30Z"],
        ),
        (
            "*/30 1 * * *",
            [],
            ["01:00 00:00Z", "01:30 00:30Z", "01:00 01:00Z", "01:30 01:30Z"],
        ),
    ],
)
def test_in_london_both_nights_are_as_they_should(text, spring, autumn):
    assert on(text, SPRING) == spring
    assert on(text, AUTUMN) == autumn


@pytest.mark.parametrize("text", ["hourly", "every hour", "30 * * * *", "0 */1 * * *"])
def test_what_goes_by_elapsed_time_ticks_every_hour_through_both_nights(text):
    assert len(on(text, SPRING)) == 23
    assert len(on(text, AUTUMN)) == 25


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("weekly", ["2026-11-23", "2026-11-30"]),
        ("weekly on sunday", ["2026-11-29", "2026-12-06"]),
        ("monthly", ["2026-12-01", "2027-01-01"]),
        ("monthly on 28", ["2026-11-28", "2026-12-28"]),
        ("quarterly", ["2027-01-01", "2027-04-01"]),
        ("yearly", ["2027-01-01", "2028-01-01"]),
        ("0 0 29 FEB *", ["2028-02-29", "2032-02-29"]),
        ("0 0 L * *", ["2026-11-30", "2026-12-31"]),
        ("0 0 13 * FRI", ["2026-11-27", "2026-12-04"]),
        ("0 0 * * 7", ["2026-11-29", "2026-12-06"]),
    ],
)
def test_the_calendar_says_the_day(text, expected):
    start = utc("2026-11-22T12:00:00")
    ticks = islice(ticks_between(timing(text, "UTC"), start, start + 9000 * DAY), 2)
    assert [tick.date().isoformat() for tick in ticks] == expected


def test_every_so_often_is_counted_in_whole_steps_since_1970():
    what = timing("every 7 minutes")
    start = utc("2026-11-20T10:00:00")
    for tick in between(what, start, start + HOUR):
        assert what.schedule.instant(tick)[0] == tick


def test_an_offset_moves_a_tick_by_elapsed_time():
    what = timing("daily", offset=90 * MINUTE)
    assert next_tick(what, local("2026-03-28T12:00")) == local("2026-03-29T02:30")
    assert next_tick(what, local("2026-10-24T12:00")) == local("2026-10-25T01:30")
    assert next_tick(what, local("2026-06-01T12:00")) == local("2026-06-02T01:30")


def test_a_day_that_a_zone_left_out_has_no_tick():
    days = between(timing("daily at 06:30", "Pacific/Apia"), utc("2011-12-29"), utc("2012-01-01"))
    shown = [f"{tick.astimezone(ZoneInfo('Pacific/Apia')):%d %H:%M}" for tick in days]
    assert shown == ["29 06:30", "31 06:30", "01 06:30"]


def test_there_is_no_tick_after_the_end_of_the_calendar():
    assert next_tick(timing("yearly"), utc("9995-01-01T00:00:00")) is None


texts = st.one_of(
    st.sampled_from(["hourly", "daily", "weekly", "monthly", "every 90 seconds", "every 3 days"]),
    st.builds("daily at {:%H:%M}".format, st.times()),
    st.builds("weekly on {} at {:%H:%M}".format, st.sampled_from(WEEKDAYS), st.times()),
)
nights = st.sampled_from(NIGHTS)
times = st.integers(0, 4_000_000_000).map(from_epoch)


@st.composite
def crons(draw):
    def field(least, most):
        numbers = st.integers(least, most)
        spans = st.tuples(numbers, numbers).map(sorted)
        return st.one_of(
            st.just("*"),
            st.sampled_from(["*/7", "*/2"]),
            numbers.map(str),
            st.lists(numbers, min_size=1, max_size=3).map(lambda some: ",".join(map(str, some))),
            spans.map("{0[0]}-{0[1]}".format),
        )

    limits = ((0, 59), (0, 23), (1, 28), (1, 12), (0, 7))
    return " ".join(draw(field(*limit)) for limit in limits)


@given(texts | crons(), nights, times, st.integers(0, 720))
def test_a_tick_is_after_the_last_one_and_the_last_one_is_found_again(text, night, at, steps):
    what = timing(text, night[0], steps * timedelta(seconds=10))
    first = next_tick(what, at)
    second = next_tick(what, first)
    assert at < first < second
    assert next_tick(what, second - timedelta(microseconds=1)) == second
    assert last_tick(what, first) == last_tick(what, second - timedelta(seconds=1)) == first


@given(nights, st.times())
def test_a_daily_schedule_ticks_once_a_local_day(night, at):
    zone, middle = ZoneInfo(night[0]), date.fromisoformat(night[1])
    start = datetime.combine(middle - 3 * DAY, time(), zone).astimezone(UTC)
    what = timing(f"daily at {at:%H:%M}", night[0])
    days = [tick.astimezone(zone).date() for tick in between(what, start, start + 6 * DAY)]
    assert len(set(days)) == len(days)
    assert all(after - before <= 2 * DAY for before, after in pairwise(days))
    assert len(days) >= 5


@given(nights, st.integers(0, 719))
def test_with_its_usual_splay_a_daily_schedule_ticks_once_a_local_day(night, steps):
    zone, middle = ZoneInfo(night[0]), date.fromisoformat(night[1])
    start = datetime.combine(middle - 3 * DAY, time(), zone).astimezone(UTC)
    what = timing("daily", night[0], steps * timedelta(seconds=10))
    days = [tick.astimezone(zone).date() for tick in between(what, start, start + 6 * DAY)]
    assert len(set(days)) == len(days) >= 5


def oracle(text, zone, start, end):
    """Look at every minute, and at what the clocks leapt over in it, as Debian's cron does."""
    said = CronSim(text, start)
    minute, hour, _ = text.split(maxsplit=2)
    by_elapsed_time = minute.startswith("*") or hour.startswith("*")
    wall = start.astimezone(zone).replace(tzinfo=None)
    reached = wall - MINUTE
    for step in range((end - start) // MINUTE):
        moment = start + step * MINUTE
        wall = moment.astimezone(zone).replace(tzinfo=None)
        new = max((wall - reached) // MINUTE, 0)
        walls = 1 if by_elapsed_time or new > 180 else new
        if any(matches(said, wall - back * MINUTE) for back in range(walls)):
            yield moment
        reached = max(reached, wall)


def matches(said, wall):
    return wall.minute in said.minutes and wall.hour in said.hours


@given(crons(), nights)
def test_cron_text_ticks_when_an_oracle_says_that_looks_at_every_minute(text, night):
    zone = ZoneInfo(night[0])
    middle = datetime.combine(date.fromisoformat(night[1]), time(), zone).astimezone(UTC)
    start, end = middle - 6 * HOUR, middle + 30 * HOUR
    minute, hour, _ = text.split(maxsplit=2)
    text = f"{minute} {hour} * * *"
    assert between(timing(text, night[0]), start, end) == list(oracle(text, zone, start, end))


@given(crons(), times)
def test_where_no_clock_is_changed_cron_text_is_what_cronsim_says(text, at):
    ticks = islice(ticks_between(timing(text, "UTC"), at + MINUTE, at + 25_000 * DAY), 3)
    simulated = CronSim(text, at + MINUTE - timedelta(seconds=1))
    assert list(ticks) == list(islice(simulated, 3))
