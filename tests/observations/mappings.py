"""What the tests of observations share: a pipeline over readings in a few words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from collectors.config.mapping import MappingSpec
from collectors.observations import Mapped, compile_pipeline
from collectors.periods import UTC_ZONE, Period
from collectors.values import DataSet, Observation, Reading, Rejected

DAY = datetime(2026, 6, 1, tzinfo=UTC)


def reading(at: datetime = DAY, span: Period | None = None, **values: Any) -> Reading:
    """Give a reading whose texts are its dimensions and the rest its measures."""
    dimensions = {name: value for name, value in values.items() if isinstance(value, str)}
    measures = {name: value for name, value in values.items() if name not in dimensions}
    return Reading(at=at, measures=measures, dimensions=dimensions, span=span)


@dataclass
class Result:
    """All that a pipeline gave and told."""

    periods: list[Mapped]
    warnings: list[str] = field(default_factory=list)

    @property
    def observations(self) -> list[Observation]:
        return [one for mapped in self.periods for one in mapped.observations]

    @property
    def rejected(self) -> list[Rejected]:
        return [one for mapped in self.periods for one in mapped.rejected]

    @property
    def ids(self) -> list[Any]:
        return [one["_id"] for one in self.observations]


def observe(
    readings: Iterable[Reading],
    mapping: Mapping[str, Any] | None = None,
    *,
    data_set: str = "carers-allowance/journey",
    period: Period = Period.DAY,
    zone: ZoneInfo = UTC_ZONE,
) -> Result:
    """Run ``readings`` through the pipeline of ``mapping``."""
    spec = MappingSpec.model_validate(mapping or {})
    pipeline = compile_pipeline(spec, data_set=DataSet.parse(data_set), period=period, zone=zone)
    warnings: list[str] = []
    return Result(list(pipeline(readings, warnings.append)), warnings)
