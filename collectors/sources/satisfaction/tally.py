"""Counting feedback without counting it twice.

Every night support-api counts the ratings of the day before into aggregated rows, one for each
path and rating. Then it deletes the single rows, but for those with a comment; these are in the
aggregated rows too. So the ratings of a day are its aggregated rows, or, until there are any, its
single rows; and its comments are the single rows that have one.
"""

from dataclasses import dataclass, field
from datetime import date

from collectors.sources.satisfaction.counts import RATINGS, Counts

SINGLE = "service-feedback"
AGGREGATED = "aggregated-service-feedback"


@dataclass(slots=True)
class Day:
    """What is known of a day; ``problem`` says why its counts cannot be trusted."""

    aggregated: dict[tuple[str, int], int] = field(default_factory=dict)
    singles: list[int] = field(default_factory=lambda: [0] * len(RATINGS))
    comments: int = 0
    problem: str = ""

    def add_single(self, rating: int, *, commented: bool) -> None:
        """Count one person's feedback."""
        self.singles[rating - 1] += 1
        self.comments += commented

    def add_aggregated(self, path: str, rating: int, count: int) -> bool:
        """Keep the count of a path and rating; False where another was given before."""
        return self.aggregated.setdefault((path, rating), count) == count

    def counts(self) -> Counts:
        """Give the counts of the day."""
        if not self.aggregated:
            return Counts(tuple(self.singles), self.comments)
        ratings = [0] * len(RATINGS)
        for (_, rating), count in self.aggregated.items():
            ratings[rating - 1] += count
        return Counts(tuple(ratings), self.comments)


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its days' counts, those that are ``broken`` and why, and what is to be told."""

    days: dict[date, Counts]
    broken: dict[date, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()


def counted(days: dict[date, Day]) -> Service:
    """Give the counts of a service's days.

    A day without aggregated rows before one that has some is broken: most of its single rows were
    deleted. After the last it has not been aggregated yet, and its single rows count.
    """
    last = max((day for day, known in days.items() if known.aggregated), default=None)
    single = sorted(day for day, known in days.items() if not known.aggregated)
    uncounted = {
        day: f"{day} has no aggregated counts, though {last} has: export that day again"
        for day in single
        if last is not None and day < last
    }
    broken = uncounted | {day: known.problem for day, known in days.items() if known.problem}
    fresh = [day for day in single if day not in broken]
    told = (
        [f"{_spoken(fresh)} not aggregated yet: single ratings are counted, which may be too few"]
        if fresh
        else []
    )
    good = {day: known.counts() for day, known in days.items() if day not in broken}
    return Service(good, broken, tuple(told))


def _spoken(days: list[date]) -> str:
    return f"{days[0]} is" if len(days) == 1 else f"{len(days)} days, {days[0]} to {days[-1]}, are"
