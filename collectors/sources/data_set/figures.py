"""From counts that were summed first to rates, ratios and scores; pure.

Formulas: a completion rate is the sum over the rows of the numerator by the sum over those of the
denominator; of ratings 1 to 5, the weighted score is (mean - 1) / 4, the share satisfied that of
4 and 5; availability is uptime by uptime and downtime. What is divided by nothing, or by what is
not known, is not known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from collectors.api import Number

RATINGS = tuple(f"rating_{level}" for level in range(1, 6))
MOST_EXACT = 2**53


@dataclass
class Count:
    """Records together: how many, and of each field how many tell it, and the sum of those."""

    records: int = 0
    fields: dict[str, tuple[int, Number]] = field(default_factory=dict)

    def add(self, records: int, fields: Mapping[str, tuple[int, Number | None]]) -> None:
        """Count more records."""
        self.records += records
        for name, (known, total) in fields.items():
            before, so_far = self.fields.get(name, (0, 0))
            self.fields[name] = (before + known, so_far + (total or 0))

    def amount(self, name: str | None) -> Number | None:
        """Give the sum of a field, or with None the number of records; None where not all tell it.

        A sum of what is known, where something is not, would be too low and not look it.
        """
        if name is None:
            return self.records
        known, total = self.fields.get(name, (0, 0))
        return whole(total) if self.records and known == self.records else None


def whole(number: Number) -> Number:
    """Give a float that is a whole number as one."""
    if isinstance(number, float) and number.is_integer() and abs(number) <= MOST_EXACT:
        return int(number)
    return number


def added(amounts: Iterable[Number | None]) -> Number | None:
    """Give the sum; None where one of them is not known, or there is none."""
    total: Number | None = None
    for amount in amounts:
        if amount is None:
            return None
        total = amount if total is None else total + amount
    return total


def divided(of: Number | None, over: Number | None) -> float | None:
    """Give a ratio; None where a side is not known, or nothing is divided by."""
    return None if of is None or not over else of / over


def is_like(text: str, patterns: Iterable[str]) -> bool:
    """Tell whether a text is like one of the patterns."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def rate(
    counts: Mapping[str, Count],
    numerator: Sequence[str],
    denominator: Sequence[str],
    count: str | None,
) -> float | None:
    """Give a ratio of two sums of ``counts``, whose texts are like one or the other patterns.

    Where no records are like them, their sum is not known; but there are none of them.
    """

    def summed(patterns: Sequence[str]) -> Number | None:
        alike = [one for text, one in counts.items() if is_like(text, patterns)]
        if count is None:
            return sum(one.records for one in alike)
        return added(one.amount(count) for one in alike)

    return divided(summed(numerator), summed(denominator))


def satisfaction(count: Count) -> dict[str, Number | None]:
    """Give the number of each rating, of all, and both scores that are in use."""
    ratings = {name: count.amount(name) for name in RATINGS}
    total = added(ratings.values())
    weighed = added(
        None if amount is None else amount * level for level, amount in enumerate(ratings.values())
    )
    return {
        **ratings,
        "total": total,
        "weighted_score": divided(weighed, None if total is None else total * 4),
        "share_satisfied": divided(added([ratings["rating_4"], ratings["rating_5"]]), total),
    }
