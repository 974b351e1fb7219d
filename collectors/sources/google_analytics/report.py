"""One report: the request for it, and reading a reply. Nothing is asked here."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from collectors.api import Number, Unexpected
from collectors.sources.google_analytics.filters import Filters

PAGE = 10_000
"""Rows that one request asks for: some megabytes."""
AT_MOST_METRICS, AT_MOST_DIMENSIONS = 10, 9
_SAMPLE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What to ask for, whatever the time. ``order`` names fields, with ``-`` for downwards."""

    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    filters: Filters = Filters()  # noqa: RUF009 - a tuple
    order: tuple[str, ...] = ()
    limit: int | None = None

    def body(
        self, days: Mapping[str, str], label: str | None, offset: int = 0, limit: int = PAGE
    ) -> dict[str, Any]:
        """Give the request for some days; ``label`` is the dimension that names the period.

        The order is one in which no two rows are equal, so that pages neither miss nor double one.
        """
        names = self.labelled(label)
        given = [one.removeprefix("-") for one in self.order]
        order = [*self.order, *(name for name in names if name not in given)]
        if label is not None:
            order.sort(key=lambda name: name.removeprefix("-") != label)
        body: dict[str, Any] = {
            "dateRanges": [dict(days)],
            "dimensions": [{"name": name} for name in names],
            "metrics": [{"name": name} for name in self.metrics],
            "orderBys": [self._order_by(one) for one in order],
            "offset": str(offset),
            "limit": str(limit),
            "keepEmptyRows": not self.dimensions,
            "returnPropertyQuota": True,
        }
        kept = {"dimensionFilter": self.filters.dimensions, "metricFilter": self.filters.metrics}
        return body | {name: one for name, one in kept.items() if one is not None}

    def labelled(self, label: str | None) -> tuple[str, ...]:
        """Give the dimensions to ask for, that of the period first."""
        if label is None:
            return self.dimensions
        return (label, *(name for name in self.dimensions if name != label))

    def _order_by(self, text: str) -> dict[str, Any]:
        name = text.removeprefix("-")
        by = (
            {"metric": {"metricName": name}}
            if name in self.metrics
            else {"dimension": {"dimensionName": name, "orderType": "ALPHANUMERIC"}}
        )
        return by | {"desc": True} if text.startswith("-") else by


class Row(NamedTuple):
    """The texts of the dimensions and the numbers of the metrics, in the order asked for."""

    texts: Sequence[str]
    numbers: Sequence[Number | None]


@dataclass(frozen=True, slots=True)
class Page:
    """One reply: ``count`` is how many rows the whole report has."""

    count: int
    rows: Sequence[Row]
    metadata: Mapping[str, Any]


def parse(reply: Any, dimensions: Sequence[str], metrics: Sequence[str]) -> Page:
    """Read a reply about these dimensions and metrics. Raises Unexpected."""
    if not isinstance(reply, dict):
        raise Unexpected("Google Analytics answered something else than a report", _shown(reply))
    try:
        named = [one["name"] for one in reply.get("dimensionHeaders", ())]
        headers = [(one["name"], one.get("type", "")) for one in reply.get("metricHeaders", ())]
        rows = reply.get("rows", [])
        count = int(reply.get("rowCount", 0))
        metadata = dict(reply.get("metadata", {}))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise Unexpected("Google Analytics' report is not as documented", _shown(reply)) from exc
    if (named, [name for name, _ in headers]) != (list(dimensions), list(metrics)):
        raise Unexpected(
            "Google Analytics' report has other columns than were asked for",
            _shown(reply.get("dimensionHeaders"), reply.get("metricHeaders")),
        )
    return Page(count, list(_rows(rows, len(named), headers)), metadata)


def _rows(rows: Any, width: int, headers: Sequence[tuple[str, str]]) -> Iterator[Row]:
    converters = [_converter(name, kind) for name, kind in headers]
    row: Any = rows
    try:
        for row in rows:
            texts = [one.get("value", "") for one in row.get("dimensionValues", ())]
            values = [one["value"] for one in row.get("metricValues", ())]
            if len(texts) != width or len(values) != len(converters):
                raise ValueError("a row of another width")
            yield Row(texts, [to(one) for to, one in zip(converters, values, strict=True)])
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        message = "a row of Google Analytics' report cannot be read"
        raise Unexpected(message, _shown(row)) from exc


def _converter(name: str, kind: str) -> Callable[[str], Number | None]:
    if kind == "TYPE_INTEGER":
        return int
    return _whole if name.startswith("keyEvents") else _float


def _float(text: str) -> Number | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(text: str) -> Number | None:
    """Give a count, which Google may tell as a fraction where it is shared between channels."""
    number = _float(text)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _shown(*values: Any) -> str:
    return json.dumps(values[0] if len(values) == 1 else values, default=str)[:_SAMPLE]
