"""From what a model wants to what may be written for it in a file, both as JSON Schema.

A model wants a whole number; a file may say ``7``, ``"7"``, ``${WORKERS}`` or nothing. So that an
editor refuses what ``validate`` refuses and nothing else, each value also takes

- a reference, and a scalar as YAML types it: ``123`` where a text is wanted, ``yes`` for true;
- ``null``, which stands for a key that is not there, unless that key is required;
- in a profile, ``$(name)`` in the place of anything.

Where files are laid on each other nothing is required, but for what is in a list, which is replaced
whole.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

Schema = dict[str, Any]

TEXT: Schema = {"type": ["string", "number", "boolean"]}
NOTHING: Schema = {"type": "null"}
ANYTHING: Schema = {}
OF_TEXT = "x-of-text"
"""The mark of what a model also makes of a text."""
_AS_TEXT: Mapping[str, Schema] = {
    "integer": {"type": "string", "pattern": r"^\s*[+-]?[\d_]+(\.0*)?\s*$"},
    "number": {
        "type": "string",
        "pattern": r"^\s*[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?\s*$",
    },
    "boolean": {
        "type": ["string", "integer"],
        "pattern": "^([YyNnTtFf01]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]"
        "|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$",
        "minimum": 0,
        "maximum": 1,
    },
}
"""How a quoted number or truth looks, and the truths that YAML does not know as such."""
_WORDED = frozenset({"date", "date-time", "duration", "time", "uri", "uuid", "words", "zoneinfo"})
"""The formats of texts that no plain number or truth has."""
_LIMITS = (
    *("pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minItems", "maxItems", "minProperties", "maxProperties"),
)
_DEEP = ("object", "array")
_GROUP = re.compile(r"\(\?P<\w+>")


class Describing(GenerateJsonSchema):
    """Describes models; what JSON Schema has no word for may be anything."""

    ignored_warning_kinds = frozenset({"skipped-choice", "non-serializable-default"})  # type: ignore[assignment]

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:
        """Let what cannot be described be anything."""
        return {}


class DescribingQuery(Describing):
    """Describes sources' queries, where a function that looks first may take a mere text too."""

    def function_before_schema(self, schema: Any) -> Schema:
        """Mark what may be made of a text, unless it says itself what it takes."""
        return self._marked(schema, super().function_before_schema(schema))

    def function_wrap_schema(self, schema: Any) -> Schema:
        """Do the same for a function that looks first and last."""
        return self._marked(schema, super().function_wrap_schema(schema))

    def _marked(self, schema: Any, described: Schema) -> Schema:
        return described if "json_schema_input_schema" in schema else {**described, OF_TEXT: True}


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How the values of one model may be written; what its parts come to is added to ``made``.

    ``definitions`` are the model's own ``$defs``; ``prefix`` keeps them apart from other models'.
    ``parameters``: ``$(name)`` may stand for anything; ``secrets``: they may be written plainly.
    ``within`` are the definitions that are being written just now.
    """

    definitions: Mapping[str, Schema]
    made: Schema
    prefix: str = ""
    parameters: bool = False
    secrets: bool = False
    within: tuple[str, ...] = ()

    def value(self, wanted: Schema, *, whole: bool, required: bool = False) -> Schema:
        """Give what may be written for ``wanted``; with ``whole``, required keys must be there."""
        ways = list(self.ways(wanted, whole))
        if ANYTHING in ways:
            return _about(wanted)
        deep = ways and all(way.get("type") in _DEEP or "$ref" in way for way in ways)
        if TEXT not in ways and (self.parameters or not deep):
            ways.append(self._reference())
        if not required:
            ways.append(NOTHING)
        return {**_about(wanted), **either(ways)}

    def ways(self, wanted: Schema, whole: bool) -> Iterator[Schema]:
        """Give each form that the value itself may have: no reference, no null."""
        if wanted.get(OF_TEXT):
            yield TEXT
        if "$ref" in wanted:
            yield from self._referred(wanted["$ref"].rpartition("/")[2], whole)
        elif members := wanted.get("anyOf") or wanted.get("oneOf"):
            for member in members:
                yield from self.ways(member, whole)
        elif "enum" in wanted or "const" in wanted:
            yield {"enum": wanted["enum"] if "enum" in wanted else [wanted["const"]]}
        else:
            yield from self._typed(wanted, whole)

    def _referred(self, name: str, whole: bool) -> Iterator[Schema]:
        wanted = self.definitions[name]
        if wanted.get("type") != "object":
            yield from self._once(name, wanted, whole)
            return
        place = f"{self.prefix}{name}" if whole else f"{self.prefix}{name}.part"
        if place not in self.made:
            self.made[place] = {}
            self.made[place] = {**_about(wanted), **self._table(wanted, whole)}
        if wanted.get(OF_TEXT):
            yield TEXT
        yield {"$ref": f"#/$defs/{place}"}

    def _once(self, name: str, wanted: Schema, whole: bool) -> list[Schema]:
        """Give the ways of what is no mapping; inside itself it may be anything."""
        if name in self.within:
            return [ANYTHING]
        return list(replace(self, within=(*self.within, name)).ways(wanted, whole))

    def _typed(self, wanted: Schema, whole: bool) -> Iterator[Schema]:
        match wanted.get("type"):
            case "string" if wanted.get("format") == "password":
                yield from [TEXT] if self.secrets else []
            case "string":
                yield self._text(wanted)
            case "integer" | "number" | "boolean" as kind:
                yield {"type": kind, **_limits(wanted)}
                yield self._shared(f"{kind}-as-text", _AS_TEXT[kind])
            case "array":
                yield self._list(wanted)
            case "object":
                yield self._table(wanted, whole)
            case None:
                yield ANYTHING

    def _text(self, wanted: Schema) -> Schema:
        limits = _limits(wanted)
        if "pattern" in limits:
            limits["pattern"] = _GROUP.sub("(", limits["pattern"])
        return {"type": "string" if wanted.get("format") in _WORDED else TEXT["type"], **limits}

    def _list(self, wanted: Schema) -> Schema:
        """Describe a list: it is replaced as a whole, so its items are whole too."""
        made: Schema = {"type": "array", **_limits(wanted)}
        if "items" in wanted:
            made["items"] = self._item(wanted["items"])
        if "prefixItems" in wanted:
            made["prefixItems"] = [self._item(one) for one in wanted["prefixItems"]]
        return made

    def _item(self, wanted: Any) -> Any:
        return self.value(wanted, whole=True, required=True) if wanted is not False else False

    def _table(self, wanted: Schema, whole: bool) -> Schema:
        required = wanted.get("required", []) if whole else []
        made: Schema = {"type": "object", **_limits(wanted)}
        if "properties" in wanted:
            made["properties"] = {
                name: self.value(inner, whole=whole, required=name in required)
                for name, inner in wanted["properties"].items()
            }
        names, others = _others(wanted)
        if names is not None:
            made["propertyNames"] = self._name(names)
        if isinstance(others, dict):
            others = self.value(others, whole=whole)
        made["additionalProperties"] = others
        return {**made, "required": required} if required else made

    def _name(self, wanted: Schema) -> Schema:
        if "$ref" in wanted:
            wanted = self.definitions[wanted["$ref"].rpartition("/")[2]]
        return {key: wanted[key] for key in (*_LIMITS, "enum", "const") if key in wanted}

    def _reference(self) -> Schema:
        starts = r"\$[({]" if self.parameters else r"\$\{"
        return self._shared("reference", {"type": "string", "pattern": rf"{starts}|^file:"})

    def _shared(self, name: str, schema: Schema) -> Schema:
        self.made.setdefault(name, schema)
        return {"$ref": f"#/$defs/{name}"}


def either(ways: Sequence[Schema]) -> Schema:
    """Give the schema of what has one of these forms; mere types are told as one list of them."""
    types: list[str] = []
    forms: list[Schema] = []
    for way in ways:
        if way.keys() == {"type"}:
            types += [way["type"]] if isinstance(way["type"], str) else way["type"]
        elif way not in forms:
            forms.append(way)
    if types:
        distinct = list(dict.fromkeys(types))
        forms.append({"type": distinct[0] if len(distinct) == 1 else distinct})
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _about(wanted: Schema) -> Schema:
    """Give what an editor shows of a value."""
    about: Schema = {}
    if "description" in wanted:
        about["description"] = wanted["description"].replace("``", "`")
    if isinstance(wanted.get("default"), str | int | float):
        about["default"] = wanted["default"]
    return about | {key: wanted[key] for key in ("examples", "deprecated") if key in wanted}


def _others(wanted: Schema) -> tuple[Schema | None, Schema | bool]:
    """Give what the names of keys that are not listed must be like, and what is under them."""
    for pattern, inner in wanted.get("patternProperties", {}).items():
        return {"pattern": pattern}, inner
    return wanted.get("propertyNames"), wanted.get("additionalProperties", True)


def _limits(wanted: Schema) -> Schema:
    return {key: wanted[key] for key in _LIMITS if key in wanted}
