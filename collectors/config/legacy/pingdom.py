"""Old Pingdom collectors, which knew a check by its name."""

from collections.abc import Mapping

from pydantic import Field

from collectors.config.legacy.draft import Draft
from collectors.config.legacy.old import OldConfiguration, Strict, Translation, read, written


class OldQuery(Strict):
    """The ``query`` of ``performanceplatform.collector.pingdom``."""

    name: str = Field(min_length=1)


FIELDS = ("check", "_timestamp", "uptime", "downtime", "unmonitored", "avgresponse")


class OldOptions(Strict):
    """Its ``options``: there were none."""


def translate(old: OldConfiguration, _: Mapping[str, str]) -> Translation:
    """Give the collector of an old one. Raises ConfigError."""
    check = read(OldQuery, old.query, "query").name
    read(OldOptions, old.options, "options")
    draft = Draft(fields=dict.fromkeys(FIELDS), add={"check": check})
    draft.steps.append({"drop": ["timeSpan", "dataType"]})
    draft.identify(
        ["check", "_timestamp"], separator=".", timestamps={}, blank="_", encoding="plain"
    )
    collector = {
        "source": "pingdom",
        "schedule": "hourly",
        "data_set": str(old.data_set.name),
        "query": written({"check": check}),
        **written(draft.keys()),
    }
    remark = "ask for the check by its id in 'query', if you can; 'add' keeps the name for the ids"
    return Translation(collector=collector, remarks=(*old.data_set.remarks(), remark))
