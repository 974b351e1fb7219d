"""The keys of a model in words, for people: read from its JSON Schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collectors.config.json_schema_values import OF_TEXT, Schema

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "object": "mapping",
    "array": "list",
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key, as ``labels.shift`` where it is inside another; ``default`` is a plain value."""

    name: str
    kind: str
    required: bool
    default: Any
    text: str


def keys_of(described: Schema) -> list[Key]:
    """Give the keys of a described model, those inside them after each."""
    return list(_Reading(described.get("$defs", {})).keys(described, "", ()))


@dataclass(frozen=True, slots=True)
class _Reading:
    definitions: Schema

    def keys(self, described: Schema, prefix: str, above: tuple[str, ...]) -> Iterator[Key]:
        for name, inner in described.get("properties", {}).items():
            default = inner.get("default")
            yield Key(
                name=prefix + name,
                kind=self.kind(inner),
                required=name in described.get("required", ()),
                default=default if isinstance(default, str | int | float) else None,
                text=inner.get("description", "").replace("``", "`"),
            )
            for referred in self.models_in(inner):
                if referred not in above:
                    model, path = self.definitions[referred], (*above, referred)
                    yield from self.keys(model, f"{prefix}{name}.", path)

    def kind(self, wanted: Schema, above: tuple[str, ...] = ()) -> str:
        """Name what is wanted: ``list of text``."""
        if wanted.get(OF_TEXT):
            plain = self.kind({key: one for key, one in wanted.items() if key != OF_TEXT}, above)
            return plain if plain.startswith("text") else f"text or {plain}"
        if "$ref" in wanted:
            name = _name(wanted)
            inside = name in above
            return "anything" if inside else self.kind(self.definitions[name], (*above, name))
        if members := _members(wanted):
            kinds = (self.kind(one, above) for one in members if one.get("type") != "null")
            return " or ".join(dict.fromkeys(kinds))
        if "enum" in wanted or "const" in wanted:
            return " or ".join(f"`{one}`" for one in wanted.get("enum", [wanted.get("const")]))
        if wanted.get("format") == "password":
            return "secret"
        kind = _KINDS.get(wanted.get("type", ""), "anything")
        inner = wanted.get("items") or wanted.get("additionalProperties")
        return f"{kind} of {self.kind(inner, above)}" if isinstance(inner, dict) and inner else kind

    def models_in(self, wanted: Schema) -> Iterator[str]:
        """Name the models that the value, its members or its items are."""
        if "$ref" in wanted and "properties" in self.definitions[_name(wanted)]:
            yield _name(wanted)
        inner = [*_members(wanted), wanted.get("items"), wanted.get("additionalProperties")]
        for one in inner:
            if isinstance(one, dict):
                yield from self.models_in(one)


def _members(wanted: Schema) -> list[Schema]:
    return list(wanted.get("anyOf") or wanted.get("oneOf") or ())


def _name(wanted: Schema) -> str:
    return str(wanted["$ref"]).rpartition("/")[2]
