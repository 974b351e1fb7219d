"""The planner on a virtual clock: what is due at a tick, where all that was due went well.

Pure. A history that is settled without a gap is left behind, so that collectors of one timing that
are up to date are the same, and are worked out once for all of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from collectors.clock import epoch, from_epoch
from collectors.intervals import subtract
from collectors.periods import Window, floor
from collectors.schedule import Collected, Due, Terms, due, first_period

Course = tuple[Terms, tuple[Collected, ...]]
"""What decides what is due of a collector: its terms, and what is collected."""


def course_of(terms: Terms, coverage: Sequence[Collected], now: datetime) -> Course:
    """Give the course of a collector; a turn has no limit, as one turn follows the other."""
    return _shortened(replace(terms, limit=None), sorted(coverage, key=_start), now)


@lru_cache(maxsize=65_536)
def advance(course: Course, now: datetime) -> tuple[tuple[Due, ...], Course]:
    """Give what is due at ``now``, and the course after all of it was collected."""
    terms, coverage = course
    found = tuple(due(terms, coverage, now))
    if not found:
        return found, course
    return found, _shortened(terms, _collected(terms, coverage, found, now), now)


def _collected(
    terms: Terms, coverage: Sequence[Collected], found: Sequence[Due], now: datetime
) -> list[Collected]:
    """Give the coverage after these windows were collected at ``now``."""
    taken = [(epoch(one.window.start), epoch(one.window.end)) for one in found]
    kept = [
        replace(one, window=Window(from_epoch(start), from_epoch(end)))
        for one in coverage
        for start, end in subtract([(epoch(one.window.start), epoch(one.window.end))], taken)
    ]
    final = floor(now - terms.settle, terms.period, terms.zone)
    for one in found:
        border = min(max(one.window.start, final), one.window.end)
        if one.window.start < border:
            kept.append(Collected(Window(one.window.start, border), settled=True, collected_at=now))
        if border < one.window.end:
            kept.append(Collected(Window(border, one.window.end), settled=False, collected_at=now))
    return sorted(kept, key=_start)


def _shortened(terms: Terms, coverage: Sequence[Collected], now: datetime) -> Course:
    """Let the course begin after what is settled without a gap."""
    first = first_period(terms, now)
    left = 0
    for one in coverage:
        if one.window.start > first or not (one.settled or one.window.end <= first):
            break
        first = max(first, one.window.end)
        left += 1
    return replace(terms, since=None, origin=first), tuple(coverage[left:])


def _start(one: Collected) -> datetime:
    return one.window.start
