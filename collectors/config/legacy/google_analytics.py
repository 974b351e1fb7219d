"""Old Google Analytics collectors.

Their records keep the names that the old query gave them, so the mapping and the ids go on as they
were. What GA4 has no name for stays as it was written and is remarked upon, as is what it takes to
mean something else: somebody has to choose.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from collectors.config.legacy.draft import MADE_IDS, Draft
from collectors.config.legacy.ga4 import Asked, OldQuery
from collectors.config.legacy.old import OldConfiguration, Strict, Translation, read, written
from collectors.config.legacy.plugins import apply
from collectors.config.legacy.python2 import dict_order
from collectors.config.mapping import COMPACT
from collectors.errors import ConfigError

_MADE = ("_timestamp", "timeSpan", "dataType")
_PART = re.compile(r"(?P<field>.*)_\d+")
_SPOKEN = "%Y-%m-%d %H:%M:%S"
"""How Python 2 spelt a time as text."""


class OldOptions(Strict):
    """The ``options``. ``filtersets`` were another collector's; this one never looked at them."""

    mappings: dict[str, str] = Field({})
    id_mapping: tuple[str, ...] | str | None = Field(None, alias="idMapping")
    additional_fields: dict[str, str | bool | int | float] = Field({}, alias="additionalFields")
    data_type: str | None = Field(None, alias="dataType")
    plugins: tuple[str, ...] = ()
    filtersets: Any = None
    chunk_size: int = Field(0, alias="chunk-size", ge=0)
    empty_data_set: bool = Field(default=False, alias="empty-data-set")

    def named(self, name: str) -> str:
        """Give the name that a field is sent with."""
        return self.mappings.get(name, name)


def translate(old: OldConfiguration, properties: Mapping[str, str]) -> Translation:
    """Give the collector of an old one; ``properties`` maps a view to the property after it.

    A view that is not among them becomes a variable of the environment. Raises ConfigError.
    """
    query = read(OldQuery, old.query, "query")
    options = read(OldOptions, old.options, "options")
    asked = Asked()
    draft = _draft(query, options)
    data_type = options.data_type or old.data_set.type
    if data_type != old.data_set.name.type:
        draft.add["dataType"] = data_type
    variable = f"GA_PROPERTY_{query.view}:?the GA4 property in the place of the view {query.view}"
    collector = {
        "source": "google-analytics",
        "schedule": query.frequency,
        "data_set": str(old.data_set.name),
        "query": {
            "property": properties.get(query.view) or f"${{{variable}}}",
            **written(asked.query(query)),
        },
        **written(draft.keys()),
        **({"batch": options.chunk_size} if options.chunk_size else {}),
        **({"replace": True} if options.empty_data_set else {}),
    }
    remarks = dict.fromkeys([*old.data_set.remarks(), *asked.remarks])
    return Translation(collector=collector, remarks=tuple(remarks))


def _draft(query: OldQuery, options: OldOptions) -> Draft:
    dimensions = list(query.dimensions)
    draft = _begun(query, options)
    named = options.named
    if "avgSessionDuration" in query.metrics:
        draft.steps.append({"convert": {"field": named("avgSessionDuration"), "factor": 1000}})
    if "date" in dimensions:
        hour = {"hour": named("hour")} if "hour" in dimensions else {}
        time = {"field": named("datetime"), "date": named("date"), **hour}
        draft.steps.append({"timestamp": time})
    if options.plugins:
        apply(options.plugins, draft)
    elif options.id_mapping is not None:
        _mapped_id(draft, options)
    else:
        _default_id(draft, _dimensions(query), options)
    return draft


def _dimensions(query: OldQuery) -> list[str]:
    """Give the dimensions as the old client did: beside a date there is a time."""
    return [*query.dimensions, *(["datetime"] if "date" in query.dimensions else [])]


def _begun(query: OldQuery, options: OldOptions) -> Draft:
    figures = [*_dimensions(query), *query.metrics]
    added = {
        name: value for name, value in options.additional_fields.items() if name not in figures
    }
    if made := sorted(added.keys() & set(_MADE)):
        raise ConfigError(f"options.additionalFields: {', '.join(made)} cannot be set")
    names = [*_MADE, *added, *figures]
    fields = [options.named(name) for name in names]
    parts = [to for key, to in options.mappings.items() if _is_part(key, names)]
    if twice := [name for name, count in Counter([*fields, *parts]).items() if count > 1]:
        raise ConfigError(
            f"options.mappings: two fields would be called {', '.join(twice)}; which of them the"
            " old collector sent was an accident: give one another name, or leave it out"
        )
    return Draft(
        fields=dict.fromkeys([*fields, *parts, *MADE_IDS]),
        own=tuple(fields[: len(_MADE)]),
        optional=frozenset(parts),
        map=dict(options.mappings),
        add={name: _added(value) for name, value in added.items()},
    )


def _is_part(key: str, names: Iterable[str]) -> bool:
    match = _PART.fullmatch(key)
    return match is not None and key not in names and match["field"] in names


def _added(value: str | float) -> Any:
    if isinstance(value, bool):
        return {"boolean": value}
    return value if isinstance(value, str) else {"number": value}


def _mapped_id(draft: Draft, options: OldOptions) -> None:
    said = options.id_mapping or ()
    names = [said] if isinstance(said, str) else said
    forms = {"_timestamp": f"{_SPOKEN}+00:00", options.named("datetime"): _SPOKEN}
    timestamps = {name: form for name, form in forms.items() if name in names}
    draft.identify(names, separator="", timestamps=timestamps)


def _default_id(draft: Draft, dimensions: list[str], options: OldOptions) -> None:
    if "dataType" in options.mappings:
        raise ConfigError("options.mappings: dataType is renamed, so 'idMapping' has to be said")
    if len(dimensions) <= 1:
        return
    span = [] if "timeSpan" in options.mappings else ["timeSpan"]
    fields = ["dataType", "_timestamp", *span, *map(options.named, dict_order(dimensions))]
    if "datetime" not in dimensions:
        draft.identify(fields)
        return
    times = {"_timestamp": COMPACT, options.named("datetime"): _SPOKEN}
    draft.identify(fields, timestamps=times)
