"""The schemas of what is sent and answered, for the OpenAPI description."""

from typing import Any

from collectors.datasets.writing import MESSAGES
from collectors.record_rules import LARGEST_INTEGER

_TEXT = {"type": "string"}
_VALUE = {
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        {"type": "number"},
        {"type": "integer", "minimum": -LARGEST_INTEGER - 1, "maximum": LARGEST_INTEGER},
    ]
}
_RECORD = {
    "type": "object",
    "description": "Fields by name: text, numbers, true, false or null.",
    "properties": {
        "_timestamp": {"type": "string", "format": "date-time"},
        "_id": {"type": "string", "pattern": r"^\S+$"},
    },
    "additionalProperties": _VALUE,
}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_LATE = _object(
    {
        "name": _TEXT,
        "seconds-out-of-date": {"type": ["integer", "null"]},
        "last-updated": {"type": ["string", "null"], "format": "date-time"},
        "max-age-expected": {"type": "integer"},
    }
)

SCHEMAS: dict[str, Any] = {
    "Any": {"type": "object"},
    "Record": _RECORD,
    "Posted": {"anyOf": [_RECORD, {"type": "array", "items": _RECORD}]},
    "Nothing": {"type": "array", "maxItems": 0},
    "Transform": _object(
        {"_start_at": {"type": "string", "format": "date-time"}},
        _end_at={"type": "string", "format": "date-time"},
    ),
    "Ok": _object({"status": {"const": "ok"}}, message=_TEXT),
    "Failure": _object({"status": {"const": "error"}, "message": _TEXT}),
    "Refusal": {
        "anyOf": [
            _object({"status": {"const": "error"}, "message": _TEXT}),
            _object({"messages": _TEXT}),
            _object({"messages": {"type": "array", "items": _TEXT, "maxItems": MESSAGES + 1}}),
        ]
    },
    "Data": _object({"data": {"type": "array", "items": {"type": "object"}}}, warning=_TEXT),
    "Freshness": _object(
        {
            "status": {"enum": ["ok", "not okay"]},
            "message": _TEXT,
            "data_sets": _nullable({"type": "array", "items": _LATE}),
        }
    ),
}
"""By name; each is a JSON Schema."""
