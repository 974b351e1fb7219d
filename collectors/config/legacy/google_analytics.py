"""Old Google Analytics collectors.

``map`` gives the figures of GA4 the names that they were sent with, so the ids go on as they were.
What GA4 has no name for stays as it was written and is remarked upon, as is what it takes to mean
something else: somebody has to choose.
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
    asked = Asked(query)
    draft = _draft(query, options, asked.names)
    data_type = options.data_type or old.data_set.type
    if data_type != old.data_set.name.type:
        draft.add["dataType"] = data_type
    collector = {
        "source": "google-analytics",
        "schedule": query.frequency,
        "data_set": str(old.data_set.name),
        "query": {
            "property": property_of(query.view, properties),
            **written(asked.query),
        },
        **written(draft.keys()),
        **({"batch": options.chunk_size} if options.chunk_size else {}),
        **({"replace": True} if options.empty_data_set else {}),
    }
    remarks = dict.fromkeys([*old.data_set.remarks(), *asked.remarks])
    return Translation(collector=collector, remarks=tuple(remarks))


def property_of(view: str, properties: Mapping[str, str]) -> str:
    """Give the property in the place of a view, or the variable in which it has to be said."""
    variable = f"GA_PROPERTY_{view}:?the GA4 property in the place of the view {view}"
    return properties.get(view) or f"${{{variable}}}"


def _draft(query: OldQuery, options: OldOptions, asked: Mapping[str, str]) -> Draft:
    dimensions = list(query.dimensions)
    draft = _begun(query, options)
    draft.map = _map(options, draft, asked)
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
        add={name: _added(value) for name, value in added.items()},
    )


def _map(options: OldOptions, draft: Draft, asked: Mapping[str, str]) -> dict[str, str]:
    """Give each field the name that it was sent with; ``asked`` maps new names to old ones."""
    unasked = {name: name for name in (*_MADE, *draft.add)}
    if taken := sorted(unasked.keys() & asked.keys()):
        raise ConfigError(
            f"options.additionalFields: {', '.join(taken)} is what GA4 calls {asked[taken[0]]}:"
            " give it another name"
        )
    given = {**unasked, **asked}
    parts = {
        f"{now}{key.removeprefix(then)}": to
        for now, then in given.items()
        for key, to in options.mappings.items()
        if _is_part(key, [then]) and key not in given.values()
    }
    named = {now: options.named(then) for now, then in given.items()}
    return {now: to for now, to in (named | parts).items() if now != to}


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
