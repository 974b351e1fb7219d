"""The stages that make a period's readings into records with ids, one for one or aggregated."""

from collections.abc import Callable

from collectors.config.mapping import MappingSpec
from collectors.observations.building import Build, build_period, compile_map
from collectors.observations.identity import SCHEMES
from collectors.observations.rows import Row, Tally
from collectors.observations.steps import compile_step
from collectors.periods import Period
from collectors.values import Observation, Reading

Make = Callable[[list[Reading], Tally], list[Row]]
"""Makes the readings of the period that the tally is at into rows with finished records."""

Watch = Callable[[Reading, Observation | None], None]
"""Is told of each reading, and of the record it begins as, or None where it knows nothing.

The record is the very one that becomes the observation, unless it is aggregated with others.
"""


def compile_making(
    mapping: MappingSpec, *, data_type: str, period: Period, watch: Watch | None = None
) -> Make:
    """Make everything of ``mapping`` into one function: build, add, map, steps, identity."""
    rename = compile_map(mapping.map)
    steps = [compile_step(step, mapping) for step in mapping.steps]
    identity = SCHEMES[mapping.id.scheme](mapping.id, data_type)
    span = "" if period is Period.INSTANT else period.value

    def make(readings: list[Reading], tally: Tally) -> list[Row]:
        build = build_period(mapping, rename, start=tally.start, data_type=data_type, span=span)
        if watch is not None:
            build = _watched(build, watch)
        rows = [row for row in map(build, readings) if row is not None]
        for step in steps:
            rows = step(rows, tally)
        identify = identity(tally.start)
        for dimensions, spoken, record in rows:
            record["_id"] = identify(dimensions, spoken, record)
        return rows

    return make


def _watched(build: Build, watch: Watch) -> Build:
    def watched(reading: Reading) -> Row | None:
        row = build(reading)
        watch(reading, None if row is None else row[2])
        return row

    return watched
