from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Period
from collectors.clock import FixedClock
from collectors.sources.satisfaction.counts import Counts, readings, together
from tests.contexts import NOW, make_context

few = st.integers(0, 10**6)
some = st.builds(Counts, st.tuples(few, few, few, few, few), st.none() | few)


def test_the_scores_of_the_example_are_those_of_the_two_definitions():
    assert Counts((2, 1, 0, 10, 37), 8).measures() == {
        "rating_1": 2,
        "rating_2": 1,
        "rating_3": 0,
        "rating_4": 10,
        "rating_5": 37,
        "total": 50,
        "comments": 8,
        "weighted_score": 0.895,
        "share_satisfied": 0.94,
    }


def test_where_nobody_rated_the_scores_are_unknown_and_the_counts_zero():
    measures = Counts((0,) * 5, 0).measures()
    assert (measures["weighted_score"], measures["share_satisfied"]) == (None, None)
    assert measures["total"] == measures["rating_5"] == 0


@pytest.mark.parametrize(("rating", "score"), [(0, 0), (1, 0.25), (2, 0.5), (3, 0.75), (4, 1)])
def test_the_weighted_score_goes_from_0_to_1(rating, score):
    ratings = tuple(3 if number == rating else 0 for number in range(5))
    assert Counts(ratings, None).measures()["weighted_score"] == score


@given(some)
def test_scores_are_between_0_and_1_and_the_weighted_one_is_made_of_the_mean(counts):
    measures = counts.measures()
    total = sum(counts.ratings)
    if total:
        mean = sum(number * count for number, count in enumerate(counts.ratings, 1)) / total
        assert measures["weighted_score"] == pytest.approx((mean - 1) / 4)
        assert 0 <= measures["weighted_score"] <= 1
        assert 0 <= measures["share_satisfied"] <= 1


@given(st.lists(some, min_size=1))
def test_counts_are_added_up_and_an_unknown_number_of_comments_stays_unknown(several):
    summed = together(several)
    assert sum(summed.ratings) == sum(sum(one.ratings) for one in several)
    known = [one.comments for one in several]
    assert summed.comments == (None if None in known else sum(known))


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        (Period.DAY, [(2026, 1, 31), (2026, 2, 1), (2026, 2, 2), (2026, 10, 5)]),
        (Period.WEEK, [(2026, 1, 26), (2026, 2, 2), (2026, 10, 5)]),
        (Period.MONTH, [(2026, 1, 1), (2026, 2, 1), (2026, 10, 1)]),
        (Period.QUARTER, [(2026, 1, 1)]),
        (Period.YEAR, []),
    ],
)
def test_periods_that_are_over_have_the_sums_of_their_days(period, starts):
    days = [date(2026, 2, 1), date(2026, 1, 31), date(2026, 10, 5), date(2026, 2, 2)]
    counts = {day: Counts((0, 0, 0, 0, 1), 1) for day in days}
    found = list(readings(counts, (), "vote", make_context(period=period)))
    assert [one.at for one in found] == [datetime(*start, tzinfo=UTC) for start in starts]
    assert {one.dimensions["period"] for one in found} == ({period.value} if starts else set())


def test_a_score_is_made_of_sums_and_is_no_mean_of_scores():
    days = {
        date(2026, 10, 1): Counts((9, 0, 0, 0, 0), 0),
        date(2026, 10, 2): Counts((0, 0, 0, 0, 1), 0),
    }
    (found,) = readings(days, (), "vote", make_context(period=Period.MONTH))
    assert found.measures["weighted_score"] == found.measures["share_satisfied"] == 0.1


def test_a_period_with_a_broken_day_and_one_in_which_nobody_rated_are_left_out():
    days = {date(2026, 10, day): Counts((day - 1, 0, 0, 0, 0), 0) for day in (1, 2, 3)}
    context = make_context(period=Period.DAY, clock=FixedClock(NOW))
    found = list(readings(days, [date(2026, 10, 3)], "vote", context))
    assert [one.at.day for one in found] == [2]
