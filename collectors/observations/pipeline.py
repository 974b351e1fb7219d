"""The pipeline of a collector: readings in, whole periods of observations out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from collectors.clock import iso
from collectors.config.mapping import MappingSpec
from collectors.errors import Unexpected
from collectors.observations.acceptance import judge_for
from collectors.observations.duplicates import distinct
from collectors.observations.making import Watch, compile_making
from collectors.observations.rows import Tally
from collectors.periods import Period, label
from collectors.values import DataSet, Observation, Reading, Rejected


@dataclass(frozen=True, slots=True)
class Mapped:
    """One whole period: its ``start`` (aware UTC), what it gives, and from how many readings.

    ``observations`` are valid and have different ids; ``rejected`` are those that the data set
    would refuse.
    """

    start: datetime
    observations: list[Observation]
    rejected: list[Rejected]
    readings: int


Pipeline = Callable[[Iterable[Reading], Callable[[str], None]], Iterator[Mapped]]
"""Takes readings in period order and where to warn; gives the periods, holding one at a time.

Raises Unexpected where periods are out of order, where two different observations of a period
have one id, or where two fields of a reading have one name. The warnings come after the last
period.
"""


def compile_pipeline(
    mapping: MappingSpec,
    *,
    data_set: DataSet,
    period: Period,
    zone: ZoneInfo,
    watch: Watch | None = None,
) -> Pipeline:
    """Make a collector's mapping into one function; it may serve several runs at once."""
    make = compile_making(mapping, data_type=data_set.type, period=period, watch=watch)
    judge = judge_for(data_set.type)

    def run(readings: Iterable[Reading], warn: Callable[[str], None]) -> Iterator[Mapped]:
        tally = Tally()
        try:
            for start, group in by_period(readings):
                tally.start = iso(label(start, period, zone))
                observations, rejected = judge(distinct(make(group, tally), tally))
                yield Mapped(start, observations, rejected, len(group))
        finally:
            tally.tell(warn)

    return run


def by_period(readings: Iterable[Reading]) -> Iterator[tuple[datetime, list[Reading]]]:
    """Give each period's start and its readings. Raises Unexpected where they are out of order."""
    start: datetime | None = None
    group: list[Reading] = []
    for reading in readings:
        if reading.at is start or reading.at == start:
            group.append(reading)
            continue
        begun = _utc(reading.at)
        if start is not None:
            _check_order(start, begun)
            yield start, group
        start, group = begun, [reading]
    if start is not None:
        yield start, group


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Unexpected(f"the source gave a reading at {at}, which names no time zone")
    return at.astimezone(UTC)


def _check_order(before: datetime, after: datetime) -> None:
    if after < before:
        raise Unexpected(
            f"the source gave the period {iso(after)} after {iso(before)}; it must give every"
            " period once, and in order"
        )
