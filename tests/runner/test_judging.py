"""Judging a period beside what is usual: which periods it is compared with, and what is said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.clock import epoch, from_epoch
from collectors.config.expectation import Expectation
from collectors.periods import Period, floor
from collectors.runner.judging import Judge, likes
from collectors.store import Figure

LONDON = ZoneInfo("Europe/London")
FRIDAY = datetime(2026, 11, 20, tzinfo=UTC)


def said(usual, now, *, period=Period.DAY, start=FRIDAY, rows=24, **expect):
    """What is said of a total, or of several, after these usual ones: the latest first."""
    starts = likes(start, period, LONDON)
    known = {
        epoch(at): Figure(epoch(at), 24, totals(one))
        for at, one in zip(starts, usual, strict=False)
        if one != "not collected"
    }
    judge = Judge(
        expect=Expectation.model_validate(expect), period=period, zone=LONDON, known=known
    )
    return judge.sentence(start, Figure(epoch(start), rows, totals(now)))


def totals(value):
    if isinstance(value, dict):
        return value
    return {"done": None if value is None else float(value)}


@pytest.mark.parametrize(
    ("usual", "now", "expect", "sentence"),
    [
        (
            [300, 312, 312, 400],
            0,
            {"zero": "no"},
            "done fell to 0 from a median of 312 on Fridays: was something renamed at the source?",
        ),
        (
            [300, 312, 312, 400],
            93.0,
            {"fall": "60%"},
            "done fell to 93 from a median of 312 on Fridays, by 70.2%, at most 60% expected",
        ),
        (
            [1, 2, 3, 4],
            0.25,
            {"fall": "12%"},
            "done fell to 0.25 from a median of 2.5 on Fridays, by 90.0%, at most 12% expected",
        ),
        (
            [300, 312, 312, 400],
            0,
            {"fall": "60%"},
            "done fell to 0 from a median of 312 on Fridays: was something renamed at the source?",
        ),
        ([300, 312, 312, 400], {}, {"zero": "no"}, "done fell to 0 from a median of 312"),
        ([300, 312, 312, 400], 125, {"fall": "60%"}, ""),
        ([300, 312, 312, 400], 1, {"zero": "no"}, ""),
        ([300, 0, 312, 400], 0, {"zero": "no"}, ""),
        ([0, 0, 0, 0], 0, {"zero": "no", "fall": "1%"}, ""),
        ([300, 312], 0, {"zero": "no", "fall": "1%"}, ""),
        ([300, 312, 400], 0, {"zero": "no"}, "done fell to 0"),
        (["not collected", 300, 312, 400], 0, {"zero": "no"}, "done fell to 0"),
        ([None, None, 300, 312], 0, {"zero": "no"}, ""),
        ([300, 312, 312, 400], None, {"zero": "no"}, ""),
        ([300, 312, 312, 400], 9000, {"zero": "no", "fall": "1%"}, ""),
        ([-5, -5, -5, -5], -50, {"fall": "10%"}, ""),
    ],
)
def test_a_measure_is_held_against_the_median_of_its_weekday(usual, now, expect, sentence):
    found = said(usual, now, **expect)
    assert found.removeprefix("2026-11-20: ").startswith(sentence)
    assert bool(found) == bool(sentence)


def test_with_measures_named_only_they_are_looked_at_and_one_that_nobody_knows_is_told():
    usual = [{"start": 9.0, "done": 9.0}] * 4
    now = {"start": 0.0, "done": 0.0}
    assert said(usual, now, zero="no").count("fell to 0") == 2
    assert "start" not in said(usual, now, zero="no", measures=["done"])
    assert said(usual, now, zero="no", measures=["dnoe"]) == (
        "2026-11-20: no observation has the measure 'dnoe'; there are: done, start"
    )


def test_too_few_observations_are_told_before_anything_else():
    judge = Judge(expect=Expectation(rows=2, zero=False), period=Period.DAY, zone=LONDON, known={})
    assert judge.sentence(FRIDAY, Figure(epoch(FRIDAY), 2, {})) == ""
    assert judge.sentence(FRIDAY, Figure(epoch(FRIDAY), 1, {})) == (
        "2026-11-20: 1 observation, at least 2 expected"
    )


@pytest.mark.parametrize(
    ("period", "start", "told"),
    [
        (
            Period.HOUR,
            datetime(2026, 10, 30, 9, tzinfo=UTC),
            "2026-10-30 09:00: done … on Fridays at 09:00",
        ),
        (
            Period.HOUR,
            datetime(2026, 10, 23, 8, tzinfo=UTC),
            "2026-10-23 09:00: done … on Fridays at 09:00",
        ),
        (Period.DAY, datetime(2026, 6, 4, 23, tzinfo=UTC), "2026-06-05: done … on Fridays"),
        (
            Period.WEEK,
            datetime(2026, 11, 16, tzinfo=UTC),
            "the week from 2026-11-16: done … in the weeks before",
        ),
        (Period.MONTH, datetime(2026, 11, 1, tzinfo=UTC), "2026-11: done … in the months before"),
        (
            Period.QUARTER,
            datetime(2026, 9, 30, 23, tzinfo=UTC),
            "the quarter from 2026-10: done … in the quarters before",
        ),
        (Period.YEAR, datetime(2026, 1, 1, tzinfo=UTC), "2026: done … in the years before"),
    ],
)
def test_each_period_is_told_in_its_own_words_and_local_time(period, start, told):
    sentence = said([312.0] * 4, 0.0, period=period, start=start, zero="no")
    assert sentence == told.replace("…", "fell to 0 from a median of 312") + (
        ": was something renamed at the source?"
    )


def test_an_hour_is_compared_with_the_same_hour_of_the_day_over_the_change_of_the_clocks():
    local = [
        one.astimezone(LONDON)
        for one in likes(datetime(2026, 10, 30, 9, tzinfo=UTC), Period.HOUR, LONDON)
    ]
    assert [f"{one:%m-%d %H:%M}" for one in local] == [
        "10-23 09:00",
        "10-16 09:00",
        "10-09 09:00",
        "10-02 09:00",
    ]


ZONES = st.sampled_from(
    ["UTC", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"]
)
MOMENTS = st.integers(1_100_000_000, 2_050_000_000).map(from_epoch)
CALENDAR = st.sampled_from([one for one in Period if one is not Period.INSTANT])


@given(MOMENTS, CALENDAR, ZONES)
def test_what_a_period_is_compared_with_are_earlier_periods_each_once(moment, period, name):
    zone = ZoneInfo(name)
    start = floor(moment, period, zone)
    found = likes(start, period, zone)
    assert found == sorted(set(found), reverse=True)
    assert found[0] < start
    assert all(floor(one, period, zone) == one for one in found)
    if period in (Period.HOUR, Period.DAY):
        days = {(start - one) // timedelta(hours=12) for one in found}
        assert {round(one / 14) for one in days} == {1, 2, 3, 4}


AMOUNTS = st.floats(0, 1e6).map(lambda value: round(value, 3))


@given(st.lists(AMOUNTS, min_size=4, max_size=4), AMOUNTS, st.integers(0, 99))
def test_the_more_may_fall_the_less_is_told_and_what_does_not_fall_never_is(usual, now, most):
    def is_told(percent):
        return bool(said(usual, now, fall=f"{percent}%"))

    assert not is_told(most) or is_told(max(0, most - 1))
    assert not said(usual, max(usual), fall=f"{most}%")
    if now:
        assert not said(usual, now, zero="no")
