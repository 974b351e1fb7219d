"""The old collector's cases: what it was told, what the source answered, what it sent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from collectors.api import Period, Reading, Source
from collectors.clock import iso
from collectors.config import load
from collectors.config.legacy import service_file, translate
from collectors.config.model import Collector
from collectors.observations import compile_pipeline
from collectors.observations.making import compile_making
from collectors.observations.pipeline import by_period
from collectors.observations.rows import Tally
from collectors.periods import beginning, label
from collectors.sources.google_analytics.trending import GoogleAnalyticsTrending
from collectors.sources.json import Json
from collectors.sources.matomo import Matomo
from collectors.sources.pingdom import Pingdom
from collectors.values import Observation, Rejected

OLD = "performanceplatform.collector."
DESCRIBED = ("entrypoint", "data-set", "query", "options")


class GoogleAnalytics(Source):
    """Takes the query that a translation gives, and asks nobody."""

    name: ClassVar[str] = "google-analytics"
    property: str
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: str = ""
    order: tuple[str, ...] = ()
    limit: int | None = None
    segment: str | None = None


class GoogleAnalyticsRealtime(Source):
    """Takes the query that a translation gives, and asks nobody."""

    name: ClassVar[str] = "google-analytics-realtime"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.INSTANT})
    property: str
    minutes: int
    filters: str = ""


SOURCES = {
    "google-analytics": GoogleAnalytics,
    "google-analytics-realtime": GoogleAnalyticsRealtime,
    "google-analytics-trending": GoogleAnalyticsTrending,
    "json": Json,
    "matomo": Matomo,
    "pingdom": Pingdom,
}


class AnyProperty(dict[str, str]):
    """An environment in which the property of every view is set."""

    def get(self, name: str, default: Any = None) -> Any:
        return "1" if name.startswith("GA_PROPERTY_") else default


@dataclass(frozen=True)
class Case:
    """One run of the old collector."""

    said: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.said["name"])

    @property
    def old(self) -> dict[str, Any]:
        """Its configuration."""
        return {key: self.said[key] for key in DESCRIBED}

    @property
    def records(self) -> list[Observation]:
        """What it sent."""
        return list(self.said["expected"]["records"])

    @property
    def items(self) -> list[dict[str, Any]]:
        """The rows of Google Analytics, as its client gave them."""
        return list(self.said["source"]["ga_items"])

    @property
    def hours(self) -> list[dict[str, Any]]:
        """The rows of Pingdom."""
        return list(self.reply["summary"]["hours"])

    @property
    def reply(self) -> Any:
        """Pingdom's summary."""
        return self.said["source"]["exchanges"][-1]["response"]["body"]


def cases(shared: Path, entrypoint: str) -> list[Case]:
    """Give the runs of an entrypoint that went well."""
    paths = sorted((shared / "cases" / "legacy").glob("*.json"))
    found = [Case(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return [
        case
        for case in found
        if case.said["entrypoint"] == OLD + entrypoint and case.said["expected"]["outcome"] == "ok"
    ]


def translated(case: Case, directory: Path) -> Collector:
    """Give the collector that the case's configuration is translated to, by way of a YAML file."""
    return read(service_file("old", {"collector": translate(case.old)}), directory)


def read(service: str, directory: Path) -> Collector:
    """Give the only collector of a service file."""
    (directory / "services").mkdir(parents=True)
    (directory / "services" / "old.yaml").write_text(service, encoding="utf-8")
    configuration = load(directory, directory, sources=SOURCES, environment=AnyProperty())
    assert configuration.mistakes == ()
    (collector,) = configuration.collectors.values()
    return collector


def readings(case: Case, collector: Collector) -> Iterator[Reading]:
    """Give the rows of Google Analytics as a source would, by the names that it is asked for."""
    query = case.said["query"]
    metrics = list(zip(collector.source.metrics, query["metrics"], strict=True))
    dimensions = list(zip(collector.source.dimensions, query.get("dimensions", []), strict=True))
    for item in case.items:
        yield Reading(
            at=beginning(date.fromisoformat(item["start_date"]), collector.zone),
            measures={now: _number(item["metrics"][then]) for now, then in metrics},
            dimensions={now: item["dimensions"][then] for now, then in dimensions},
        )


def made(collector: Collector, given: Iterator[Reading]) -> list[Observation]:
    """Give the observations as they are before duplicates are looked for and rules applied."""
    tally = Tally()
    make = compile_making(
        collector.mapping, data_type=collector.data_set.type, period=collector.period
    )
    observations = []
    for start, group in by_period(given):
        tally.start = iso(label(start, collector.period, collector.zone))
        observations += [record for _, _, record in make(group, tally)]
    return observations


def judged(
    collector: Collector, given: Iterator[Reading]
) -> tuple[list[Observation], list[Rejected]]:
    """Give what the whole pipeline makes of the readings."""
    pipeline = compile_pipeline(
        collector.mapping,
        data_set=collector.data_set,
        period=collector.period,
        zone=collector.zone,
    )
    periods = list(pipeline(given, lambda _: None))
    return (
        [one for period in periods for one in period.observations],
        [one for period in periods for one in period.rejected],
    )


def exactly(records: list[Observation]) -> list[str]:
    """Give records in a form in which 1, 1.0 and true differ, and their order does not count."""
    return sorted(json.dumps(record, sort_keys=True) for record in records)


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)
