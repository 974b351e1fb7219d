"""Schedules: what may be written, what it means, and what is said of anything else."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from collectors.clock import from_epoch
from collectors.config.schedules import NAMED, parse_schedule
from collectors.periods import Period

NOW = 1_790_000_000


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_schedule_gives_its_period(name):
    schedule = parse_schedule(name)
    assert (schedule.text, schedule.period) == (name, NAMED[name])
    assert schedule.every is None
    assert schedule.cron is None


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("every 2 minutes", timedelta(minutes=2)),
        ("every minute", timedelta(minutes=1)),
        ("every 1 hour", timedelta(hours=1)),
        ("every 30 seconds", timedelta(seconds=30)),
        ("every 7 days", timedelta(days=7)),
    ],
)
def test_every_so_often_is_an_instant(text, every):
    schedule = parse_schedule(text)
    assert (schedule.period, schedule.every) == (Period.INSTANT, every)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("daily", "0 0 * * *"),
        ("daily at 06:30", "30 6 * * *"),
        ("weekly", "0 0 * * 1"),
        ("weekly on sunday at 23:05", "5 23 * * 0"),
        ("monthly on 15", "0 0 15 * *"),
        ("quarterly at 06:30", "30 6 1 1,4,7,10 *"),
        ("yearly", "0 0 1 1 *"),
    ],
)
def test_a_day_and_a_time_may_follow_a_name(text, like):
    schedule = parse_schedule(text)
    assert schedule.period is NAMED[text.split()[0]]
    assert schedule.calendar.following(NOW) == parse_schedule(like).calendar.following(NOW)


def test_a_zone_may_follow_what_goes_by_the_calendar():
    assert parse_schedule("daily").zone is None
    assert parse_schedule("weekly on friday at 06:30 in Asia/Kolkata").zone.key == "Asia/Kolkata"
    cron = parse_schedule("30 6 * * 1-5 in Europe/London")
    assert (cron.cron, cron.zone.key) == ("30 6 * * 1-5", "Europe/London")


@pytest.mark.parametrize(
    ("text", "splay", "interval"),
    [
        ("hourly", timedelta(minutes=10), timedelta(hours=1)),
        ("daily", timedelta(hours=2), timedelta(days=1)),
        ("weekly on sunday", timedelta(hours=2), timedelta(days=7)),
        ("monthly", timedelta(hours=2), timedelta(days=28)),
        ("yearly", timedelta(hours=2), timedelta(days=365)),
        ("daily at 00:00", timedelta(0), timedelta(days=1)),
        ("every 59 minutes", timedelta(0), timedelta(minutes=59)),
        ("every 2 hours", timedelta(minutes=10), timedelta(hours=2)),
        ("every 3 days", timedelta(hours=2), timedelta(days=3)),
        ("0,20 6 * * *", timedelta(0), timedelta(minutes=20)),
    ],
)
def test_a_schedule_knows_its_usual_splay_and_its_shortest_interval(text, splay, interval):
    schedule = parse_schedule(text)
    assert (schedule.usual_splay, schedule.interval) == (splay, interval)


@pytest.mark.parametrize(
    "text",
    ["30 16 * * *", "*/15 6-20 * * MON-FRI", "0 0 1,15 * 5", "0 0 * * 7", "0 6 29 FEB *"],
)
def test_five_fields_are_cron_text_and_give_no_period(text):
    schedule = parse_schedule(text)
    assert (schedule.cron, schedule.period, schedule.every) == (text, None, None)


def test_cron_text_means_what_cron_means_by_it():
    def days(text):
        return [tick.strftime("%a %d") for tick in islice(CronSim(text, utc("2026-11-01")), 3)]

    assert days("0 6 * * 0") == days("0 6 * * 7") == ["Sun 01", "Sun 08", "Sun 15"]
    assert days("0 6 3 * 1") == ["Mon 02", "Tue 03", "Mon 09"]


def _cron(text, problem):
    return text, f"{text!r} is not cron text: its {problem}"


def _none(text):
    return text, (
        f"{text!r} is not a schedule: use hourly, daily, weekly, monthly, quarterly, yearly, "
        "'daily at 06:30', 'every 2 minutes', or five fields of cron"
    )


def _meant(text, meant):
    return text, f"{text!r} is not a schedule (did you mean {meant!r}?)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        _cron("61 * * * *", "minute is '61' and must be 0-59"),
        _cron("0 24 * * *", "hour is '24' and must be 0-23"),
        _cron("0 0 0 * *", "day-of-month is '0' and must be 1-31, and be in one of its months"),
        _cron("0 0 30 2 *", "day-of-month is '30' and must be 1-31, and be in one of its months"),
        _cron("0 0 * 13 *", "month is '13' and must be 1-12 or JAN-DEC"),
        _cron("0 0 * * 8", "day-of-week is '8' and must be 0-7 or SUN-SAT (0 and 7 are Sunday)"),
        _cron("a b c d e", "minute is 'a' and must be 0-59"),
        _cron("*/0 * * * *", "minute is '*/0' and must be 0-59"),
        _cron("0 9-5 * * *", "hour is '9-5' and must be 0-23"),
        _none(""),
        _meant("Daily", "daily"),
        _meant("dayly at 06:30 in UTC", "daily at 06:30 in UTC"),
        _meant("06:30", "daily at 06:30"),
        _meant("at 06:30", "daily at 06:30"),
        _none("daily now"),
        _none("fortnightly"),
        _none("every 0 minutes"),
        _none("every 2 fortnights"),
        _none("every ٣ minutes"),
        _none("0 0 * * * *"),
        _meant("@daily", "daily"),
    ],
)
def test_anything_else_is_told_with_what_would_be_right(text, message):
    with pytest.raises(ValueError) as told:
        parse_schedule(text)
    assert str(told.value) == message


@given(st.text() | st.from_regex(r"\A[-0-9*/,L#A-Z]{1,4}( [-0-9*/,L#A-Z]{1,4}){4}\Z"))
def test_whatever_is_written_gives_a_schedule_or_a_sentence(text):
    try:
        said = repr(parse_schedule(text).text)
    except ValueError as exc:
        said = str(exc)
    assert said.startswith(repr(text))


@given(st.integers(0, 4_000_000_000).map(from_epoch))
def test_an_instant_is_the_last_tick_and_lasts_until_the_next(now):
    start, end = parse_schedule("every 7 minutes").instant(now)
    assert start <= now < end == start + timedelta(minutes=7)
    assert parse_schedule("every 7 minutes").instant(end)[0] == end


def test_an_instant_is_floored_to_whole_steps_of_utc():
    instant = parse_schedule("every 2 minutes").instant(utc("2026-11-20T10:03:59"))
    assert instant == (utc("2026-11-20T10:02"), utc("2026-11-20T10:04"))


@pytest.mark.parametrize("text", ["daily", "0 6 * * *"])
def test_a_calendar_schedule_has_no_instants(text):
    with pytest.raises(ValueError, match="has no fixed interval: use 'every 2 minutes'"):
        parse_schedule(text).instant(utc("2026-11-20"))
