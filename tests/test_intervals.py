"""The algebra of coverage agrees with sets of whole seconds."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collectors.intervals import intersect, overlap, subtract, union

interval = st.tuples(st.integers(-30, 30), st.integers(-30, 30))
stretches = st.lists(interval, max_size=8)


def seconds(intervals):
    return {second for start, end in intervals for second in range(start, end)}


def is_canonical(intervals):
    return all(start < end for start, end in intervals) and all(
        one[1] < other[0] for one, other in pairwise(intervals)
    )


@given(st.lists(stretches, max_size=3))
def test_a_union_holds_what_lies_in_any_set(sets):
    merged = union(*sets)
    assert is_canonical(merged)
    assert seconds(merged) == set().union(*map(seconds, sets))


@given(stretches, stretches)
def test_subtracting_leaves_what_lies_in_the_first_set_only(one, other):
    rest = subtract(one, other)
    assert is_canonical(rest)
    assert seconds(rest) == seconds(one) - seconds(other)


@given(stretches, stretches)
def test_an_intersection_holds_what_lies_in_both_sets(one, other):
    both = intersect(one, other)
    assert is_canonical(both)
    assert seconds(both) == seconds(one) & seconds(other)


@given(stretches, stretches)
def test_a_set_is_its_rest_and_its_intersection_and_they_share_nothing(one, other):
    rest, both = subtract(one, other), intersect(one, other)
    assert union(rest, both) == union(one)
    assert intersect(rest, both) == []


@given(interval.map(sorted).map(tuple), interval.map(sorted).map(tuple))
def test_two_intervals_overlap_where_they_share_a_second(one, other):
    shared = seconds([one]) & seconds([other])
    if one[0] < one[1] and other[0] < other[1]:
        assert overlap(one, other) == bool(shared)


def test_neighbours_are_merged_and_what_is_empty_is_left_out():
    assert union([(5, 7), (0, 5), (9, 9), (12, 11)]) == [(0, 7)]
    assert subtract([(0, 10)], [(0, 3), (7, 10)]) == [(3, 7)]
    assert subtract([], [(0, 1)]) == []
    assert overlap((0, 5), (4, 6))
    assert not overlap((0, 5), (5, 6))
