"""The parameters of a query, for the OpenAPI description."""

from typing import Any

from collectors.datasets.query import METHODS, MOST_FIELDS
from collectors.datasets.tables import PERIODS

_NAME = "[A-Za-z_][A-Za-z0-9_]+"
_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})$"
_TRUTH = {"type": "string", "enum": ["true", "false"]}


def _text(pattern: str, example: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "examples": [example]}


def _several(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": MOST_FIELDS}


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


PARAMETERS: list[dict[str, Any]] = [
    _parameter("start_at", "From then on.", _text(_MOMENT, "2026-11-01T00:00:00Z")),
    _parameter("end_at", "Until then.", _text(_MOMENT, "2026-12-01T00:00:00Z")),
    _parameter("inclusive", "Whether `end_at` itself is in it.", _TRUTH),
    _parameter("duration", "So many periods.", {"type": "integer", "minimum": 1}),
    _parameter("period", "By which periods.", {"enum": [str(one) for one in PERIODS]}),
    _parameter(
        "filter_by", "Only where a field has this value.", _several(_text(f"^{_NAME}:", "ab:x"))
    ),
    _parameter(
        "filter_by_prefix", "Only where it begins so.", _several(_text(f"^{_NAME}:", "ab:x"))
    ),
    _parameter("group_by", "By the values of a field.", _several(_text(f"^{_NAME}$", "channel"))),
    _parameter(
        "collect",
        "What to tell of a field in each group.",
        _several(_text(f"^{_NAME}(:({'|'.join(METHODS)}))?$", "count:sum")),
    ),
    _parameter("sort_by", "In which order.", _text(f"^{_NAME}:(ascending|descending)$", "ab:x")),
    _parameter("limit", "At most so many.", {"type": "integer", "minimum": 1}),
    _parameter("flatten", "Groups with periods as plain rows.", _TRUTH),
    _parameter("format", "In which form.", {"enum": ["csv", "json"]}),
]
