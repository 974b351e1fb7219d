"""Reading a reply of ``summary.performance``, and finding the hours that it leaves out."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from collectors.api import Reading, Unexpected, Window, counted

HOUR = timedelta(hours=1)
_SECONDS = 3600

Model = TypeVar("Model", bound=BaseModel)


class Hour(BaseModel):
    """One row of the summary: seconds, but for ``avgresponse``, which is in milliseconds."""

    model_config = ConfigDict(frozen=True, strict=True)

    starttime: NonNegativeInt
    uptime: NonNegativeInt
    downtime: NonNegativeInt
    unmonitored: NonNegativeInt | None = None
    avgresponse: NonNegativeInt | None = None

    @property
    def at(self) -> datetime:
        """The start of the hour."""
        return datetime.fromtimestamp(self.starttime, UTC)

    def reading(self, check: str) -> Reading:
        """Give the row as a reading; where nothing was measured the response time is unknown."""
        measures = {
            "avgresponse": self.avgresponse if self.uptime + self.downtime else None,
            "uptime": self.uptime,
            "downtime": self.downtime,
            "unmonitored": self.unmonitored,
        }
        return Reading(at=self.at, measures=measures, dimensions={"check": check})


class _Summary(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hours: list[Hour] = []  # Pingdom may leave out what has no value


class _Answer(BaseModel):
    summary: _Summary


def parse(answer: Any, window: Window) -> list[Hour]:
    """Read a reply about ``window``: its hours, in order. Raises Unexpected.

    An hour that starts where the window ends is left to the next window: whether Pingdom's ``to``
    is inclusive is not documented.
    """
    earliest, end = int(window.start.timestamp()), int(window.end.timestamp())
    hours = [hour for hour in read(_Answer, answer).summary.hours if hour.starttime != end]
    for hour in hours:
        if problem := _problem(hour, earliest, end):
            message = f"Pingdom's hour at {hour.starttime} {problem}; asked for was {window}"
            raise Unexpected(message, hour.model_dump_json())
        earliest = hour.starttime + _SECONDS
    return hours


def read(model: type[Model], answer: Any) -> Model:
    """Give ``answer`` as the model; raises Unexpected with the place and the piece that differs."""
    try:
        return model.model_validate(answer)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        message = f"Pingdom's reply is not as documented, at {place}: {first['msg']}"
        raise Unexpected(message, json.dumps(first["input"], default=str)) from exc


def holes(window: Window, known: Sequence[datetime]) -> Iterator[str]:
    """Say which hours of ``window`` are not among the ``known`` ones, at its old end and within."""
    begins = known[0] if known else window.end
    if begins > window.start:
        yield (
            f"there is nothing before {begins:%Y-%m-%dT%H:%MZ}, so "
            f"{counted((begins - window.start) // HOUR, 'hour')} from "
            f"{window.start:%Y-%m-%dT%H:%MZ} stay unknown; it keeps no older figures, or the "
            "check is younger"
        )
    missing = _between(begins, window.end, known)
    if missing:
        told = counted(len(missing), "hour is missing", "hours are missing")
        yield (
            f"{told} in the reply and {'stays' if len(missing) == 1 else 'stay'} unknown: "
            f"the first {missing[0]:%Y-%m-%dT%H:%MZ}, the last {missing[-1]:%Y-%m-%dT%H:%MZ}"
        )


def overfull(hours: Sequence[Hour]) -> Iterator[str]:
    """Say which of the ``hours`` have more than 3600 seconds; they are kept as they are."""
    for hour in hours:
        seconds = hour.uptime + hour.downtime + (hour.unmonitored or 0)
        if seconds > _SECONDS:
            yield f"the hour {hour.at:%Y-%m-%dT%H:%MZ} has {seconds} seconds, as Pingdom says it"


def _between(start: datetime, end: datetime, known: Sequence[datetime]) -> list[datetime]:
    there = set(known)
    hours = (start + count * HOUR for count in range((end - start) // HOUR))
    return [hour for hour in hours if hour not in there]


def _problem(hour: Hour, earliest: int, end: int) -> str | None:
    if hour.starttime % _SECONDS:
        return "does not begin on the hour"
    if not earliest <= hour.starttime < end:
        return "is out of order, or outside of what was asked for"
    return None
