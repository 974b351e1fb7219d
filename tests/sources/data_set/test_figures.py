"""The formulas, on counts that were summed first."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.sources.data_set.figures import RATINGS, Count, divided, rate, satisfaction

NUMBERS = st.integers(0, 10**6)
COUNTS = st.lists(st.none() | NUMBERS, min_size=1, max_size=10)


def counted(*amounts):
    count = Count()
    for amount in amounts:
        count.add(1, {"count": (amount is not None, amount)})
    return count


def rated(*ratings, times=1):
    count = Count()
    count.add(times, {name: (times, amount) for name, amount in zip(RATINGS, ratings, strict=True)})
    return count


def test_the_example_of_the_fact_sheet():
    figures = satisfaction(rated(2, 1, 0, 10, 37))
    assert figures == {
        "rating_1": 2,
        "rating_2": 1,
        "rating_3": 0,
        "rating_4": 10,
        "rating_5": 37,
        "total": 50,
        "weighted_score": 0.895,
        "share_satisfied": 0.94,
    }


def test_of_no_ratings_there_is_no_score():
    figures = satisfaction(rated(0, 0, 0, 0, 0))
    assert (figures["total"], figures["weighted_score"], figures["share_satisfied"]) == (
        0,
        None,
        None,
    )


@given(st.lists(st.tuples(*[NUMBERS] * 5), min_size=1, max_size=5))
def test_a_score_is_that_of_the_summed_counts_and_lies_between_nought_and_one(days):
    count = Count()
    for day in days:
        count.add(1, {name: (1, amount) for name, amount in zip(RATINGS, day, strict=True)})
    figures = satisfaction(count)
    assert figures == satisfaction(rated(*map(sum, zip(*days, strict=True))))
    score = figures["weighted_score"]
    assert (score is None) == (figures["total"] == 0)
    assert score is None or 0 <= score <= 1


@given(COUNTS)
def test_a_sum_of_which_a_part_is_unknown_is_unknown(amounts):
    expected = None if None in amounts else sum(amounts)
    assert counted(*amounts).amount("count") == expected


@given(st.none() | NUMBERS, st.none() | NUMBERS)
def test_nothing_is_ever_divided_by_nothing(of, over):
    known = of is not None and over
    assert divided(of, over) == (of / over if known else None)


def test_a_rate_is_of_records_whose_texts_are_alike():
    counts = {"digital": counted(30), "assisted-digital": counted(5), "paper": counted(15)}
    assert rate(counts, ["digital", "assisted-*"], ["*"], "count") == 0.7
    assert rate(counts, ["digital"], ["paper"], "count") == 2
    assert rate(counts, ["phone"], ["*"], "count") is None, "nobody has said that there are none"
    assert rate(counts, ["*"], ["phone"], "count") is None
    assert rate({**counts, "phone": counted(None)}, ["digital"], ["*"], "count") is None


def test_without_a_field_records_are_counted_and_none_are_none():
    counts = {"done": counted(1, 1, None), "left": counted(1)}
    assert rate(counts, ["done"], ["*"], None) == 0.75
    assert rate(counts, ["stuck"], ["*"], None) == 0


def test_whole_numbers_stay_whole_also_where_the_platform_tells_them_as_floats():
    count = Count()
    count.add(2, {"count": (2, 7.0)})
    assert repr(count.amount("count")) == "7"
