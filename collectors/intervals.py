"""The algebra of coverage: sets of half-open intervals of whole seconds.

A set is a list of ``(start, end)`` with ``start < end``, sorted, disjoint and not touching; every
function takes any list of intervals and gives such a set back. Seconds are since 1970.
"""

from collections.abc import Iterable

Interval = tuple[int, int]


def union(*sets: Iterable[Interval]) -> list[Interval]:
    """Give what lies in any of the sets, neighbours merged."""
    merged: list[Interval] = []
    for start, end in sorted(pair for one in sets for pair in one):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def subtract(whole: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """Give what lies in ``whole`` and not in ``taken``."""
    rest: list[Interval] = []
    cuts = union(taken)
    for start, end in union(whole):
        reached = start
        for cut_start, cut_end in cuts:
            if cut_end <= reached:
                continue
            if cut_start >= end:
                break
            if cut_start > reached:
                rest.append((reached, cut_start))
            reached = cut_end
        if reached < end:
            rest.append((reached, end))
    return rest


def intersect(one: Iterable[Interval], other: Iterable[Interval]) -> list[Interval]:
    """Give what lies in both sets."""
    left = union(one)
    return subtract(left, subtract(left, other))


def overlap(one: Interval, other: Interval) -> bool:
    """Tell whether two intervals share an instant."""
    return one[0] < other[1] and other[0] < one[1]
