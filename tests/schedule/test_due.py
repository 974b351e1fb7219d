"""What is due, case by case: kinds, reasons, origin, retention, and both nights of the clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collectors.periods import Period, Window
from collectors.schedule import PRIORITY, Collected, Kind, Terms, due, is_settled, origin
from collectors.schedule import unreachable as find_unreachable

LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(utc(start), utc(end))


def settled(start: str, end: str) -> Collected:
    return Collected(window(start, end), True, utc(end))


def provisional(start: str, end: str, at: str) -> Collected:
    return Collected(window(start, end), False, utc(at))


def shown(found):
    return [(str(one.kind), str(one.window), one.periods, one.reason) for one in found]


def daily(**terms) -> Terms:
    return Terms(period=Period.DAY, **terms)


NOW = utc("2026-11-22T06:00")


def test_the_last_period_that_ended_is_live_and_the_older_ones_are_caught_up_in_one_window():
    assert shown(due(daily(since=date(2026, 11, 10)), [], NOW)) == [
        (
            "live",
            "2026-11-21T00:00Z - 2026-11-22T00:00Z",
            1,
            "ended 2026-11-22, never collected",
        ),
        (
            "catch-up",
            "2026-11-10T00:00Z - 2026-11-21T00:00Z",
            11,
            "11 periods ended by 2026-11-21, never collected",
        ),
    ]


def test_without_since_the_first_period_is_the_last_one_ended_at_the_first_plan():
    assert origin(daily(), NOW) == utc("2026-11-21")
    assert [one.window for one in due(daily(), [], NOW)] == [window("2026-11-21", "2026-11-22")]


def test_an_origin_that_is_kept_leaves_no_gap_behind_a_downtime():
    found = due(daily(origin=utc("2026-11-18")), [settled("2026-11-18", "2026-11-19")], NOW)
    assert [one.window for one in found] == [
        window("2026-11-21", "2026-11-22"),
        window("2026-11-19", "2026-11-21"),
    ]


def test_since_begins_with_the_period_that_holds_that_local_day():
    found = due(Terms(period=Period.MONTH, since=date(2026, 8, 15)), [], NOW)
    assert [one.window for one in found] == [
        window("2026-10-01", "2026-11-01"),
        window("2026-08-01", "2026-10-01"),
    ]


@pytest.mark.parametrize("since", [date(2026, 11, 22), date(2030, 1, 1), date(9999, 12, 31)])
def test_nothing_is_due_before_the_first_period_has_ended(since):
    assert due(daily(since=since), [], NOW) == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("period", [period for period in Period if period != "instant"])
def test_a_first_run_with_the_oldest_since_is_bounded_per_turn(period, zone):
    terms = Terms(
        period=period, zone=ZoneInfo(zone), since=date(1, 1, 1), max_span=7 * DAY, limit=5
    )
    found = due(terms, [], NOW)
    assert [one.kind for one in found] == [Kind.LIVE] + 4 * [Kind.CATCH_UP]
    assert found[1].window.start.year in (1, 2)


def test_a_hole_in_the_middle_is_due_and_nothing_else():
    coverage = [settled("2026-11-01", "2026-11-10"), settled("2026-11-12", "2026-11-22")]
    assert shown(due(daily(since=date(2026, 11, 1)), coverage, NOW)) == [
        (
            "catch-up",
            "2026-11-10T00:00Z - 2026-11-12T00:00Z",
            2,
            "2 periods ended by 2026-11-12, never collected",
        )
    ]


def test_windows_are_cut_at_max_span_and_hold_at_least_one_period():
    terms = daily(since=date(2026, 11, 14), max_span=3 * DAY)
    assert [one.periods for one in due(terms, [], NOW)] == [1, 3, 3, 1]
    terms = Terms(period=Period.MONTH, since=date(2026, 8, 1), max_span=DAY)
    assert [one.periods for one in due(terms, [], NOW)] == [1, 1, 1]


def test_a_provisional_period_is_asked_for_again_after_a_day():
    terms = daily(since=date(2026, 11, 20), settle=5 * DAY)
    coverage = [
        settled("2026-11-20", "2026-11-21"),
        provisional("2026-11-21", "2026-11-22", "2026-11-22T06:00"),
    ]
    assert due(terms, coverage, utc("2026-11-22T23:00")) == []
    assert shown(due(terms, coverage, utc("2026-11-23T06:00")))[1:] == [
        (
            "revisit",
            "2026-11-21T00:00Z - 2026-11-22T00:00Z",
            1,
            "provisional, last asked 2026-11-22T06:00Z",
        )
    ]


def test_a_daily_tick_finds_the_revisit_due_although_the_last_run_began_after_its_tick():
    terms = Terms(
        period=Period.DAY, zone=LONDON, settle=9 * DAY, origin=utc("2026-03-27"), limit=None
    )
    coverage = [provisional("2026-03-27", "2026-03-28", "2026-03-28T06:20")]
    tick_after_the_clocks_went_forward = utc("2026-03-29T05:00")
    kinds = [one.kind for one in due(terms, coverage, tick_after_the_clocks_went_forward)]
    assert kinds == [Kind.LIVE, Kind.REVISIT]


def test_a_provisional_period_that_is_old_enough_to_settle_is_due_at_once():
    terms = daily(since=date(2026, 11, 21), settle=6 * HOUR)
    coverage = [provisional("2026-11-21", "2026-11-22", "2026-11-22T05:59")]
    assert due(terms, coverage, NOW - timedelta(seconds=1)) == []
    assert shown(due(terms, coverage, NOW)) == [
        (
            "revisit",
            "2026-11-21T00:00Z - 2026-11-22T00:00Z",
            1,
            "provisional, last asked 2026-11-22T05:59Z, old enough to settle",
        )
    ]


def test_neighbours_asked_at_different_times_are_asked_again_in_one_window():
    terms = daily(since=date(2026, 11, 18), settle=30 * DAY, max_span=3 * DAY)
    coverage = [
        provisional("2026-11-18", "2026-11-19", "2026-11-19T06:00"),
        provisional("2026-11-19", "2026-11-20", "2026-11-20T06:00"),
        provisional("2026-11-20", "2026-11-21", "2026-11-21T05:00"),
        provisional("2026-11-21", "2026-11-22", "2026-11-22T05:00"),
    ]
    assert [(str(one.window), one.reason) for one in due(terms, coverage, NOW)] == [
        (
            "2026-11-18T00:00Z - 2026-11-21T00:00Z",
            "provisional, last asked 2026-11-19T06:00Z",
        )
    ]


def test_only_a_success_that_began_after_the_look_back_settles():
    end = utc("2026-11-22")
    assert is_settled(end, HOUR, end + HOUR)
    assert not is_settled(end, HOUR, end + HOUR - timedelta(seconds=1))


def test_what_the_source_forgets_is_not_due_and_is_told():
    terms = daily(since=date(2026, 11, 1), earliest=utc("2026-11-05T10:00"))
    coverage = [settled("2026-11-02", "2026-11-04"), settled("2026-11-08", "2026-11-22")]
    assert [one.window for one in due(terms, coverage, NOW)] == [window("2026-11-06", "2026-11-08")]
    assert find_unreachable(terms, coverage, NOW) == [
        window("2026-11-01", "2026-11-02"),
        window("2026-11-04", "2026-11-06"),
    ]


@pytest.mark.parametrize("earliest", [None, utc("0001-01-01"), utc("2026-11-01")])
def test_a_source_that_remembers_all_has_lost_nothing(earliest):
    terms = daily(since=date(2026, 11, 1), earliest=earliest)
    assert find_unreachable(terms, [], NOW) == []
    assert due(terms, [], NOW)[1].window.start == utc("2026-11-01")


def test_a_source_that_forgets_everything_leaves_nothing_due():
    terms = daily(since=date(2026, 11, 20), earliest=NOW + DAY)
    assert due(terms, [], NOW) == []
    assert find_unreachable(terms, [], NOW) == [window("2026-11-20", "2026-11-22")]


def test_a_period_that_is_half_covered_in_another_zone_is_due_as_a_whole():
    terms = Terms(period=Period.DAY, zone=LONDON, since=date(2026, 6, 1))
    coverage = [settled("2026-06-01", "2026-06-03"), settled("2026-06-03", "2026-06-04")]
    assert [str(one.window) for one in due(terms, coverage, utc("2026-06-04T12:00"))] == [
        "2026-05-31T23:00Z - 2026-06-01T23:00Z"
    ]


@pytest.mark.parametrize(
    ("now", "hours"),
    [("2026-03-29T23:00", 23), ("2026-10-26T00:00", 25), ("2026-11-22T00:00", 24)],
)
def test_both_nights_of_the_clocks_are_one_local_day(now, hours):
    found = due(Terms(period=Period.DAY, zone=LONDON), [], utc(now))
    assert [one.window.end - one.window.start for one in found] == [hours * HOUR]
    assert due(Terms(period=Period.DAY, zone=LONDON), [], utc(now) - HOUR) != found


def test_every_hour_of_both_nights_is_due_once():
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        terms = Terms(period=Period.HOUR, zone=LONDON, since=day, max_span=HOUR)
        midnight = datetime.combine(day + DAY, datetime.min.time(), LONDON).astimezone(UTC)
        found = due(terms, [], midnight)
        assert len(found) == len({one.window for one in found}) == hours


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        (Period.DAY, "2024-03-01", "2024-02-29", "2024-03-01"),
        (Period.MONTH, "2024-03-01", "2024-02-01", "2024-03-01"),
        (Period.WEEK, "2025-01-06", "2024-12-30", "2025-01-06"),
        (Period.QUARTER, "2025-01-01", "2024-10-01", "2025-01-01"),
        (Period.YEAR, "2025-01-01", "2024-01-01", "2025-01-01"),
    ],
)
def test_a_period_is_due_at_the_instant_it_ends(period, now, start, end):
    terms = Terms(period=period)
    assert [one.window for one in due(terms, [], utc(now))] == [window(start, end)]
    assert due(terms, [], utc(now) - timedelta(microseconds=1))[0].window.end == utc(start)


def test_an_instant_has_no_windows_of_the_calendar():
    with pytest.raises(ValueError, match="instant has no calendar"):
        due(Terms(period=Period.INSTANT), [], NOW)


def test_what_is_live_comes_first_and_a_backfill_last():
    assert sorted(Kind, key=lambda kind: PRIORITY[kind]) == [
        Kind.LIVE,
        Kind.MANUAL,
        Kind.CATCH_UP,
        Kind.REVISIT,
        Kind.BACKFILL,
    ]


def test_what_it_is_made_of_has_changed_so_a_settled_day_is_made_again_and_only_that():
    changed = Collected(
        window("2026-11-12", "2026-11-13"), settled=False, collected_at=NOW - HOUR, changed=True
    )
    coverage = [settled("2026-11-10", "2026-11-12"), changed, settled("2026-11-13", "2026-11-22")]
    assert shown(due(daily(since=date(2026, 11, 10)), coverage, NOW)) == [
        (
            "revisit",
            "2026-11-12T00:00Z - 2026-11-13T00:00Z",
            1,
            "what it is made of has changed",
        )
    ]


def test_what_can_be_made_and_what_cannot_share_no_window():
    there = window("2026-11-12", "2026-11-14")
    ready = ((int(there.start.timestamp()), int(there.end.timestamp())),)
    found = due(daily(since=date(2026, 11, 10), ready=ready), [], NOW)
    assert [(one.window.start.day, one.window.end.day) for one in found] == [
        (21, 22),
        (10, 12),
        (12, 14),
        (14, 21),
    ]
