"""Old Piwik collectors: a report by period, or the visitors of the last minutes."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from collectors.config.legacy.draft import Draft
from collectors.config.legacy.old import OldConfiguration, Strict, Translation, read, written

TEXTS = ("label", "url", "segment", "logo", "code")
"""The columns of Piwik's reports that hold text; the others are figures."""

_MADE = ("_timestamp", "timeSpan", "dataType")
_WHERE = "say in the credential matomo where Piwik, now Matomo, is, and its token"


class OldReport(Strict):
    """The ``query`` of ``performanceplatform.collector.piwik.core``."""

    site_id: str
    api_method: str
    api_method_arguments: dict[str, str | int] = Field({})
    frequency: Literal["daily", "weekly", "monthly"] = "weekly"


class OldReportOptions(Strict):
    """Its ``options``; only the columns in ``mappings`` were sent."""

    mappings: dict[str, str] = Field(min_length=1)
    id_mapping: tuple[str, ...] = Field(alias="idMapping", min_length=1)


class OldRealtime(Strict):
    """The ``query`` of ``performanceplatform.collector.piwik.realtime``."""

    site_id: str
    api_method: str
    minutes: str | int = 2


class OldRealtimeOptions(Strict):
    """Its ``options``: there were none."""


def report(old: OldConfiguration, _: Mapping[str, str]) -> Translation:
    """Give the collector of an old one. Raises ConfigError."""
    asked = read(OldReport, old.query, "query")
    options = read(OldReportOptions, old.options, "options")
    texts = {column: name for column, name in options.mappings.items() if column in TEXTS}
    numbers = {column: name for column, name in options.mappings.items() if column not in TEXTS}
    draft = Draft(fields=dict.fromkeys([*_MADE, *options.mappings.values()]))
    if old.data_set.type != old.data_set.name.type:
        draft.add["dataType"] = old.data_set.type
    draft.need(options.id_mapping, "options.idMapping")
    times = {"_timestamp": "%Y-%m-%d %H:%M:%S+00:00"}
    draft.identify(options.id_mapping, separator="", timestamps=times)
    arguments = {name: str(value) for name, value in asked.api_method_arguments.items()}
    query = {
        "site": asked.site_id,
        "method": asked.api_method,
        **({"arguments": arguments} if arguments else {}),
        **({"dimensions": texts} if texts else {}),
        "measures": numbers,
    }
    return _translation(old, asked.frequency, query, draft)


def realtime(old: OldConfiguration, _: Mapping[str, str]) -> Translation:
    """Give the collector of an old one. Raises ConfigError."""
    asked = read(OldRealtime, old.query, "query")
    read(OldRealtimeOptions, old.options, "options")
    draft = Draft(fields=dict.fromkeys([*_MADE, "unique_visitors"]), add={"for_url": ""})
    draft.steps.append({"drop": ["dataType"]})
    draft.identify(["_timestamp"], timestamps={}, encoding="plain")
    query = {
        "site": asked.site_id,
        "method": asked.api_method,
        "arguments": {"lastMinutes": str(asked.minutes)},
        "measures": {"visitors": "unique_visitors"},
    }
    return _translation(old, "every 2 minutes", query, draft)


def _translation(
    old: OldConfiguration, schedule: str, query: Mapping[str, Any], draft: Draft
) -> Translation:
    collector = {
        "source": "matomo",
        "schedule": schedule,
        "data_set": str(old.data_set.name),
        "query": written(query),
        **written(draft.keys()),
    }
    return Translation(collector=collector, remarks=(*old.data_set.remarks(), _WHERE))
