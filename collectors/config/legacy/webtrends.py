"""Old Webtrends collectors: reports of a day, or key metrics of an hour.

Where Webtrends is, and in which version it answers, stood in the credentials. Both versions are
read: 2 has its periods as the keys of a mapping, 3 as a list.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from collectors.config.legacy.draft import Draft
from collectors.config.legacy.old import OldConfiguration, Strict, Translation, read, written
from collectors.errors import ConfigError

_MADE = ("_timestamp", "timeSpan", "dataType")
_RECORDS = "type(data) == 'object' && entries(data) || data"
_WINDOW = {"format": "%Ym%md%d", "end": "inclusive"}


class OldReport(Strict):
    """The ``query`` of ``performanceplatform.collector.webtrends.reports``."""

    report_id: str = Field(min_length=1)


class OldMetrics(Strict):
    """The ``query`` of ``performanceplatform.collector.webtrends.keymetrics``: there was none."""


class OldOptions(Strict):
    """The ``options``. ``row_type_name`` is what the rows of a report are told apart by."""

    row_type_name: str = ""
    mappings: dict[str, str] = Field({})
    id_mapping: tuple[str, ...] = Field(alias="idMapping", min_length=1)
    additional_fields: dict[str, str] = Field({}, alias="additionalFields")
    data_type: str | None = Field(None, alias="dataType")


def reports(old: OldConfiguration, _: Mapping[str, str]) -> Translation:
    """Give the collector of an old one. Raises ConfigError."""
    report = read(OldReport, old.query, "query").report_id
    options = read(OldOptions, old.options, "options")
    if not options.row_type_name:
        raise ConfigError("options.row_type_name: a report needs it")
    time = "of.value && split(of.key, '-')[0] || of.start_date"
    query = {
        "url": report,
        "params": _params(),
        "window": _WINDOW,
        "each_period": "yes",
        "records": _RECORDS,
        "unroll": "entries(not_null(value, @).SubRows)",
        "time": {"field": time, "format": ["%m/%d/%Y", "%Y-%m-%d", "%Y-%m"]},
        "measures": "item.value.measures",
        "dimensions": {options.row_type_name: "item.key"},
    }
    return _translation(old, options, "daily", query, [options.row_type_name])


def key_metrics(old: OldConfiguration, _: Mapping[str, str]) -> Translation:
    """Give the collector of an old one. Raises ConfigError."""
    read(OldMetrics, old.query, "query")
    options = read(OldOptions, old.options, "options")
    query = {
        "url": "/",
        "params": {"userealtime": "True", **_params()},
        "window": {**_WINDOW, "zone": "UTC"},
        "records": _RECORDS,
        "unroll": "entries(not_null(value, @).SubRows)[?value]",
        "time": {
            "field": "of.value && item.key || of.start_date",
            "format": ["%m/%d/%Y %H", "%Y-%m-%d"],
            "zone": "UTC",
        },
        "measures": "item.value.measures",
    }
    return _translation(old, options, "hourly", query, [])


def _params() -> dict[str, str]:
    return {"format": "json", "start_period": "{start}", "end_period": "{end}"}


def _translation(
    old: OldConfiguration,
    options: OldOptions,
    schedule: str,
    query: Mapping[str, Any],
    dimensions: Sequence[str],
) -> Translation:
    draft = _draft(old, options, dimensions)
    what = old.entrypoint.rpartition(".")[2]
    credential = f"webtrends-{what}"
    collector = {
        "source": "json",
        "schedule": schedule,
        "data_set": str(old.data_set.name),
        "credentials": credential,
        "query": written(query),
        **written(draft.keys()),
    }
    remark = (
        f"say in the credential {credential} the user and the password, and as base_url the old"
        f" {what}_url"
    )
    return Translation(collector=collector, remarks=(*old.data_set.remarks(), remark))


def _draft(old: OldConfiguration, options: OldOptions, dimensions: Sequence[str]) -> Draft:
    added = dict(options.additional_fields)
    data_type = options.data_type or old.data_set.type
    if data_type != old.data_set.name.type:
        added["dataType"] = data_type
    fields = [*_MADE, *added, *dimensions]
    named = [options.mappings.get(name, name) for name in fields]
    draft = Draft(fields=dict.fromkeys([*named, *options.mappings.values()]), add=added)
    draft.map = {name: to for name, to in options.mappings.items() if name != to}
    if "timeSpan" not in added:
        draft.steps.append({"drop": ["timeSpan"]})
    draft.need(options.id_mapping, "options.idMapping")
    times = {"_timestamp": "%Y-%m-%d %H:%M:%S+00:00"} if "_timestamp" in options.id_mapping else {}
    draft.identify(options.id_mapping, separator="", timestamps=times)
    return draft
