"""JSON Schemas of records: Draft 4 with the write API's idea of a date and time.

A schema refers to nothing outside itself: nothing is ever fetched.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT4

from collectors.record_rules import is_date_time

_FORMATS = FormatChecker()
_FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or is_date_time(value))


def validator_of(schema: Mapping[str, Any]) -> Draft4Validator:
    """Give what judges records by ``schema``, which ``mistake_in`` finds nothing wrong with."""
    return Draft4Validator(schema, format_checker=_FORMATS, registry=Registry())


def mistake_in(schema: Any) -> str | None:
    """Say what keeps ``schema`` from being a JSON Schema (Draft 4) that can be used, or None."""
    try:
        Draft4Validator.check_schema(schema)
        for reference in _references(schema):
            if not _leads_somewhere(reference, schema):
                return f"the $ref {reference!r} leads nowhere in it"
        validator_of(schema).is_valid({})
    except SchemaError as exc:
        return f"{_path(exc)}{exc.message}"
    except RecursionError:
        return "it refers to itself without end"
    return None


def broken_rules(validator: Draft4Validator, record: Mapping[str, Any]) -> list[str]:
    """Give every message of the schema about ``record``, in the order of the record's fields."""
    places = {name: place for place, name in enumerate(record, 1)}
    errors = sorted(validator.iter_errors(record), key=lambda one: _place(one, places))
    return [error.message for error in errors]


def _place(error: ValidationError, places: Mapping[str, int]) -> int:
    return places.get(str(error.path[0]), 0) if error.path else 0


def _path(exc: SchemaError) -> str:
    where = "/".join(map(str, exc.path))
    return f"at {where}: " if where else ""


def _leads_somewhere(reference: str, schema: Mapping[str, Any]) -> bool:
    root = DRAFT4.create_resource(schema)
    try:
        Registry[Any]().resolver_with_root(root).lookup(reference)
    except Unresolvable:
        return False
    return True


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for item in value.values():
            yield from _references(item)
