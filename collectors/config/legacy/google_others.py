"""Old collectors of Google Analytics beside its reports: who is there now, and what is rising."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from collectors.config.legacy.draft import Draft
from collectors.config.legacy.ga4 import Asked, OldQuery
from collectors.config.legacy.google_analytics import property_of
from collectors.config.legacy.old import OldConfiguration, Strict, Translation, read, written
from collectors.errors import ConfigError

MINUTES = 5
"""How long Universal Analytics counted somebody as active."""
TITLE, PATH = "pageTitle", "pagePath"


class OldRealtime(Strict):
    """The ``query`` of ``performanceplatform.collector.ga.realtime``."""

    ids: str = Field(pattern=r"^ga:\w+$")
    metrics: str = Field(pattern="^(ga:activeVisitors|rt:activeUsers|rt:activeVisitors)$")
    filters: str = ""


class OldRealtimeOptions(Strict):
    """Its ``options``: there were none."""


class OldTrending(Strict):
    """The ``query`` of ``performanceplatform.collector.ga.trending``."""

    id: str
    metric: str
    dimensions: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


class OldTrendingOptions(Strict):
    """Its ``options``, which it never looked at."""

    id_mapping: Any = Field(None, alias="idMapping")


def realtime(old: OldConfiguration, properties: Mapping[str, str]) -> Translation:
    """Give the collector of an old one. Raises ConfigError."""
    asked = read(OldRealtime, old.query, "query")
    read(OldRealtimeOptions, old.options, "options")
    draft = Draft(
        fields=dict.fromkeys(["_timestamp", "unique_visitors"]),
        map={"activeUsers": "unique_visitors"},
        add={"for_url": asked.filters},
        steps=[{"drop": ["dataType"]}],
    )
    draft.identify(["_timestamp"], timestamps={}, encoding="plain")
    collector = {
        "source": "google-analytics-realtime",
        "schedule": "every 2 minutes",
        "data_set": str(old.data_set.name),
        "query": {
            "property": property_of(asked.ids.removeprefix("ga:"), properties),
            "minutes": MINUTES,
            **({"filters": written(asked.filters)} if asked.filters else {}),
        },
        **written(draft.keys()),
    }
    remarks = list(old.data_set.remarks())
    if asked.filters:
        remarks.append(
            "realtime knows no addresses of pages any more: say the page's title with"
            " 'unifiedScreenName' in 'filters'; 'add' keeps what was sent"
        )
    return Translation(collector=collector, remarks=tuple(remarks))


def trending(old: OldConfiguration, properties: Mapping[str, str]) -> Translation:
    """Give the collector of an old one. Raises ConfigError."""
    said = read(OldTrending, old.query, "query")
    read(OldTrendingOptions, old.options, "options")
    if missing := {TITLE, PATH} - set(said.dimensions):
        raise ConfigError(f"query.dimensions: {', '.join(sorted(missing))} is needed")
    asked = Asked(_as_report(said))
    title, *beside = sorted(asked.query["dimensions"], key=lambda name: name != TITLE)
    renamed = {now: then for now, then in asked.names.items() if then in said.dimensions}
    draft = Draft(
        fields=dict.fromkeys(["_timestamp", *said.dimensions]),
        map={now: then for now, then in renamed.items() if now != then},
        steps=[{"drop": ["timeSpan", "dataType"]}],
    )
    draft.identify([PATH], timestamps={}, encoding="bare-base64")
    query = {"dimension": title, "beside": beside, "metric": asked.query["metrics"][0]}
    if "filters" in asked.query:
        query["filters"] = asked.query["filters"]
    collector = {
        "source": "google-analytics-trending",
        "schedule": "daily",
        "data_set": str(old.data_set.name),
        "query": {
            "property": property_of(said.id.removeprefix("ga:"), properties),
            **written(query),
        },
        **written(draft.keys()),
        "replace": True,
    }
    remark = (
        "two titles of one path have one id, which stops the run: leave 'id' out then, for the data"
        " set is replaced as a whole"
    )
    return Translation(
        collector=collector, remarks=(*old.data_set.remarks(), *asked.remarks, remark)
    )


def _as_report(said: OldTrending) -> OldQuery:
    query = {
        "id": said.id,
        "metrics": [said.metric],
        "dimensions": said.dimensions,
        "filters": said.filters,
    }
    return read(OldQuery, query, "query")
