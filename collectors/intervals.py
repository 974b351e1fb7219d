"""The algebra of coverage: sets of half-open intervals of whole seconds.

A set is a list of ``(start, end)`` with ``start < end``, sorted, disjoint and not touching; every
function takes any list of intervals (those that end before they start hold nothing) and gives such
a set back, in time linear in what it was given if that was sorted. Seconds are since 1970.
"""

from collections.abc import Iterable

Interval = tuple[int, int]


def union(*sets: Iterable[Interval]) -> list[Interval]:
    """Give what lies in any of the sets, neighbours merged."""
    pairs = [pair for one in sets for pair in one]
    if len(pairs) > 1:
        pairs.sort()
    merged: list[Interval] = []
    for start, end in pairs:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def subtract(whole: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """Give what lies in ``whole`` and not in ``taken``."""
    held, cuts = union(whole), union(taken)
    if not (held and cuts):
        return held
    starts = [held[0][0], *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), held[-1][1]]
    return intersect(held, zip(starts, ends, strict=True))


def intersect(one: Iterable[Interval], other: Iterable[Interval]) -> list[Interval]:
    """Give what lies in both sets."""
    left, right = union(one), union(other)
    both: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return both


def overlap(one: Interval, other: Interval) -> bool:
    """Tell whether two intervals share an instant."""
    return one[0] < other[1] and other[0] < one[1]
