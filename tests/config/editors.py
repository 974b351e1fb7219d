"""What an editor makes of a file and its schema: YAML 1.2 as it is typed, checks, completion."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError


class Yaml12(yaml.SafeLoader):
    """The core schema of YAML 1.2, which editors read: ``NO`` and ``2014-01-01`` are texts."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as the base class has it


for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


def typed(text: str) -> Any:
    """Give what an editor reads; every key is a text."""
    return _with_text_keys(yaml.load(text, Loader=Yaml12))


def _with_text_keys(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _with_text_keys(value) for key, value in data.items()}
    return [_with_text_keys(item) for item in data] if isinstance(data, list) else data


def places(schema: dict[str, Any], text: str) -> set[str]:
    """Give where the schema finds something wrong: ``collectors.phases.schedule``."""
    errors = Draft202012Validator(schema).iter_errors(typed(text))
    return {".".join(map(str, one.absolute_path)) for one in _with_reasons(errors)}


def _with_reasons(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    for error in errors:
        yield error
        yield from _with_reasons(error.context or ())


def offered(schema: dict[str, Any], text: str, *path: str) -> dict[str, str]:
    """Give the keys that may stand at ``path`` of this file, each with its description."""
    data, here = typed(text), [schema]
    for part in path:
        here = [
            inner
            for one in _at(schema, here, data)
            for inner in (one.get("properties", {}).get(part), one.get("additionalProperties"))
            if isinstance(inner, dict)
        ]
        data = (data or {}).get(part)
    found: dict[str, str] = {}
    for one in _at(schema, here, data):
        for key, inner in one.get("properties", {}).items():
            found[key] = found.get(key) or inner.get("description", "")
    return found


def _at(root: dict[str, Any], schemas: list[Any], data: Any) -> Iterator[dict[str, Any]]:
    """Give every schema that counts for the data: references followed, conditions decided."""
    for schema in schemas:
        yield schema
        inner = [*schema.get("anyOf", ()), *schema.get("allOf", ())]
        if "$ref" in schema:
            inner.append(root["$defs"][schema["$ref"].removeprefix("#/$defs/")])
        if "if" in schema:
            holds = Draft202012Validator({**schema["if"], "$defs": root["$defs"]}).is_valid(data)
            inner.append(schema.get("then" if holds else "else", {}))
        yield from _at(root, inner, data)
