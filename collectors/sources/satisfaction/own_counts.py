"""Counts that a service keeps itself: a JSON list of days, each with the count of every rating."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, BinaryIO

from pydantic import BaseModel, ConfigDict, NonNegativeInt, StringConstraints, ValidationError

from collectors.api import Refused, Unavailable
from collectors.sources.satisfaction.counts import Counts
from collectors.sources.satisfaction.tally import Service


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    date: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    slug: str
    rating_1: NonNegativeInt
    rating_2: NonNegativeInt
    rating_3: NonNegativeInt
    rating_4: NonNegativeInt
    rating_5: NonNegativeInt
    total: NonNegativeInt | None = None
    comments: NonNegativeInt | None = None

    def counts(self) -> Counts:
        """Give its counts."""
        ratings = (self.rating_1, self.rating_2, self.rating_3, self.rating_4, self.rating_5)
        return Counts(ratings, self.comments)


@dataclass
class OwnCounts:
    """All such lists of a document; a day that several of them have alike counts once."""

    _days: dict[str, dict[date, Counts]] = field(default_factory=dict)

    def read(self, file: str, content: BinaryIO) -> None:
        """Take the days of a file; ``file`` names it. Raises Unavailable and Refused."""
        try:
            rows = json.load(content)
        except (ValueError, RecursionError):
            raise Unavailable(f"{file}: is no JSON, or half of it; write it whole") from None
        if not isinstance(rows, list):
            raise Refused(f"{file}: is no list of days")
        for number, row in enumerate(rows, 1):
            self._add(f"{file}: day {number} of the list", row)

    def services(self) -> dict[str, Service]:
        """Give every service by its slug."""
        return {slug: Service(days) for slug, days in self._days.items()}

    def _add(self, where: str, said: Any) -> None:
        try:
            row = _Row.model_validate(said)
            day = date.fromisoformat(row.date)
        except ValidationError as exc:
            first = exc.errors(include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise Refused(f"{where}: {place}: {first['msg']}") from None
        except ValueError:
            raise Refused(f"{where}: date: there is no such day") from None
        counts = row.counts()
        if row.total not in {None, sum(counts.ratings)}:
            raise Refused(f"{where}: total: is not the sum of the ratings")
        if self._days.setdefault(row.slug, {}).setdefault(day, counts) != counts:
            raise Refused(f"{where}: an earlier one has other counts of {row.slug} on {day}")
