"""Counts per rating: of a day, added up over a period, and the scores that are made of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from collectors.api import Context, Number, Period, Reading, beginning, floor, shift

RATINGS = range(1, 6)
"""From very dissatisfied to very satisfied."""

PERIODS = frozenset({Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR})


@dataclass(frozen=True, slots=True)
class Counts:
    """How many gave each rating, and how many of them said more; None where that is not known."""

    ratings: tuple[int, ...]
    comments: int | None

    def measures(self) -> dict[str, Number | None]:
        """Give the counts and the scores made of them, which are unknown where nobody rated.

        ``weighted_score`` is (mean - 1) / 4, as on the Performance Platform's dashboards;
        ``share_satisfied`` is the share of 4 and 5, as in the first service manual.
        """
        total = sum(self.ratings)
        weighed = sum(rating * count for rating, count in zip(RATINGS, self.ratings, strict=True))
        measures: dict[str, Number | None] = {
            f"rating_{rating}": count for rating, count in zip(RATINGS, self.ratings, strict=True)
        }
        return measures | {
            "total": total,
            "comments": self.comments,
            "weighted_score": (weighed - total) / (4 * total) if total else None,
            "share_satisfied": sum(self.ratings[3:]) / total if total else None,
        }


def together(counts: Iterable[Counts]) -> Counts:
    """Add counts up: the scores of a period are made of its sums, never of its days' scores."""
    several = list(counts)
    comments = [one.comments for one in several]
    return Counts(
        tuple(map(sum, zip(*(one.ratings for one in several), strict=True))),
        None if None in comments else sum(one or 0 for one in comments),
    )


def readings(
    days: Mapping[date, Counts], broken: Iterable[date], slug: str, context: Context
) -> Iterator[Reading]:
    """Give a reading for each period that is over and in which somebody rated, in order.

    Periods with a broken day are left out.
    """
    found: dict[datetime, list[Counts]] = {}
    for day in sorted(days):
        found.setdefault(start_of(day, context), []).append(days[day])
    for day in broken:
        found.pop(start_of(day, context), None)
    for at, counts in found.items():
        summed = together(counts)
        if any(summed.ratings) and is_over(at, context):
            dimensions = {"slug": slug, "period": context.period.value}
            yield Reading(at=at, measures=summed.measures(), dimensions=dimensions)


def start_of(day: date, context: Context) -> datetime:
    """Give the start of the period that a day is in."""
    return floor(beginning(day, context.zone), context.period, context.zone)


def is_over(at: datetime, context: Context) -> bool:
    """Tell whether the period that begins then has ended."""
    return shift(at, context.period, 1, context.zone) <= context.clock.now()
