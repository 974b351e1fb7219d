"""The pipeline of a collector: readings in, whole periods of observations out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from collectors.clock import iso
from collectors.config.mapping import MappingSpec
from collectors.errors import Unexpected
from collectors.observations.acceptance import judge_for
from collectors.observations.building import build_period, compile_map
from collectors.observations.identity import SCHEMES, Identify
from collectors.observations.rows import Row, Tally
from collectors.observations.steps import compile_step
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
    mapping: MappingSpec, *, data_set: DataSet, period: Period, zone: ZoneInfo
) -> Pipeline:
    """Make a collector's mapping into one function; it may serve several runs at once."""
    rename = compile_map(mapping.map)
    steps = [compile_step(step, mapping) for step in mapping.steps]
    identity = SCHEMES[mapping.id.scheme](mapping.id, data_set.type)
    judge = judge_for(data_set.type)
    span = "" if period is Period.INSTANT else period.value

    def observe(readings: list[Reading], tally: Tally) -> tuple[list[Observation], list[Rejected]]:
        build = build_period(mapping, rename, start=tally.start, data_type=data_set.type, span=span)
        rows = [row for row in map(build, readings) if row is not None]
        for step in steps:
            rows = step(rows, tally)
        return judge(_identified(rows, identity(tally.start), tally))

    def run(readings: Iterable[Reading], warn: Callable[[str], None]) -> Iterator[Mapped]:
        tally = Tally()
        for start, group in _by_period(readings):
            tally.start = iso(label(start, period, zone))
            observations, rejected = observe(group, tally)
            yield Mapped(start, observations, rejected, len(group))
        tally.tell(warn)

    return run


def _by_period(readings: Iterable[Reading]) -> Iterator[tuple[datetime, list[Reading]]]:
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


def _identified(rows: list[Row], identify: Identify, tally: Tally) -> list[Observation]:
    """Give the rows' records with their ids; of two that are the same, one."""
    held: dict[str, Observation] = {}
    for dimensions, span, record in rows:
        key = identify(dimensions, span, record)
        record["_id"] = key
        other = held.setdefault(key, record)
        if other is record:
            continue
        if other != record:
            raise Unexpected(
                f"two different observations of the period {tally.start} have one id, {key},"
                f" because their dimensions are the same: {dict(dimensions)};"
                " collect the dimension that tells them apart, or aggregate them",
                sample=f"{other}\n{record}",
            )
        tally.add("the source gave the same observation twice; one is kept", str(dict(dimensions)))
    return list(held.values())
