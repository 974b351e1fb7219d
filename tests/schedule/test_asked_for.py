"""What is asked for by hand, the ticks of instants, and documents by revision."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collectors.config.schedules import parse_schedule
from collectors.periods import ALWAYS, Period, Window
from collectors.schedule import (
    Collected,
    Due,
    Kind,
    Terms,
    due_document,
    due_instant,
    windows_between,
)

LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = utc("2026-11-22T06:00")


def spelt(found):
    return [(str(one.window), one.periods) for one in found]


def test_dates_are_local_days_and_the_last_one_is_included():
    terms = Terms(period=Period.DAY, zone=LONDON)
    found = windows_between(terms, date(2026, 6, 1), date(2026, 6, 2), NOW)
    assert spelt(found) == [("2026-05-31T23:00Z - 2026-06-02T23:00Z", 2)]
    assert (found[0].kind, found[0].reason) == (Kind.MANUAL, "asked for by hand")


def test_datetimes_are_half_open():
    terms = Terms(period=Period.HOUR)
    found = windows_between(terms, utc("2026-11-20T10:30"), utc("2026-11-20T12:00"), NOW)
    assert spelt(found) == [("2026-11-20T10:00Z - 2026-11-20T12:00Z", 2)]


def test_every_period_that_is_touched_is_whole():
    terms = Terms(period=Period.MONTH)
    found = windows_between(terms, date(2026, 1, 31), date(2026, 3, 1), NOW)
    assert spelt(found) == [("2026-01-01T00:00Z - 2026-04-01T00:00Z", 3)]


@pytest.mark.parametrize("end", [date(2026, 11, 22), date(9999, 12, 31), utc("9999-12-31")])
def test_only_what_has_ended_is_asked_for(end):
    found = windows_between(Terms(period=Period.DAY), date(2026, 11, 20), end, NOW)
    assert spelt(found) == [("2026-11-20T00:00Z - 2026-11-22T00:00Z", 2)]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 11, 22), date(2026, 11, 23)),
        (date(2027, 1, 1), date(2027, 2, 1)),
        (date(2026, 11, 3), date(2026, 11, 1)),
        (utc("2026-11-03"), utc("2026-11-03")),
    ],
)
def test_what_has_not_ended_or_holds_nothing_gives_no_window(start, end):
    assert windows_between(Terms(period=Period.DAY), start, end, NOW) == []


def test_windows_are_cut_at_max_span_oldest_first_and_not_bounded_per_turn():
    terms = Terms(period=Period.DAY, max_span=2 * DAY, limit=1)
    found = windows_between(terms, date(2026, 11, 1), date(2026, 11, 5), NOW)
    assert [one.periods for one in found] == [2, 2, 1]
    assert found[0].window.start == utc("2026-11-01")


def test_what_the_source_no_longer_remembers_is_left_as_it_is():
    terms = Terms(period=Period.DAY, earliest=utc("2026-11-03T08:00"))
    found = windows_between(terms, date(1, 1, 1), date(2026, 11, 5), NOW)
    assert spelt(found) == [("2026-11-04T00:00Z - 2026-11-06T00:00Z", 2)]


def test_a_tick_is_due_until_it_is_collected():
    schedule = parse_schedule("every 2 minutes")
    tick = Window(utc("2026-11-20T10:02"), utc("2026-11-20T10:04"))
    now = utc("2026-11-20T10:03:10")
    assert due_instant(schedule, [], now) == Due(
        tick, Kind.LIVE, 1, "the tick of 2026-11-20T10:02:00Z"
    )
    collected = [Collected(tick, True, now)]
    assert due_instant(schedule, collected, now) is None
    later = due_instant(schedule, collected, utc("2026-11-20T10:09"))
    assert later is not None
    assert later.window.start == utc("2026-11-20T10:08")


def test_a_document_is_due_when_its_revision_is_another():
    assert due_document("b", None) == Due(ALWAYS, Kind.LIVE, 1, "never read")
    assert due_document("b", "a") == Due(ALWAYS, Kind.LIVE, 1, "changed since it was last read")
    assert due_document("b", "b") is None
