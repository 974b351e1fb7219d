"""What is asked of a data set, and what its answers count."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from collectors.api import Context, Input, Number, Period, Unexpected, Window, count, floor
from collectors.sources.data_set.figures import Count

MOST_PERIODS = 100_000
"""How many periods a query of the read API spans at most."""

Params = list[tuple[str, str]]
Texts = tuple[str, ...]
Counts = Mapping[tuple[datetime, Texts], Mapping[str, Count]]
"""By start of period and dimensions, and then by the text of the field that tells rows apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Sums of ``fields`` by ``dimensions`` and, where given, by the texts of ``apart``."""

    asked: Input
    where: Mapping[str, str]
    dimensions: Texts
    fields: Texts
    apart: str | None = None

    def counts(self, window: Window, context: Context) -> Counts:
        """Give what the data set holds of a window."""
        start, end = self.asked.stamps(window, context.period, context.zone)
        times = [("start_at", _spelt(start)), ("end_at", _spelt(end))]
        return self._counted(context, times)

    def recent(self, context: Context, periods: int) -> Counts:
        """Give what it holds of so many periods before the present one."""
        return self._counted(context, [("duration", str(min(periods, MOST_PERIODS)))])

    def goes_on_after(self, window: Window, context: Context) -> bool:
        """Tell whether it holds anything that is later than a window, and before now."""
        asked = self.asked
        by = Period.HOUR if asked.by_moment(context.period) else context.period
        horizon = floor(context.clock.now(), by, context.zone)
        if window.end >= horizon:
            return False
        periods = count(Window(window.end, horizon), by, context.zone)
        plain = replace(self, dimensions=(), fields=(), apart=None)
        return any(start >= window.end for start, _ in plain.recent(context, periods))

    def _counted(self, context: Context, times: Params) -> Counts:
        rows = context.data_sets.query(self.asked, [*times, *self._params(context.period)])
        counts: dict[tuple[datetime, Texts], dict[str, Count]] = defaultdict(
            lambda: defaultdict(Count)
        )
        try:
            for start, texts, text, row in self._rows(rows, context):
                counts[start, texts][text].add(int(row["_count"]), self._told(row))
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            sample = json.dumps(rows[:3])
            message = f"{self.asked.data_set} does not answer as the read API does"
            raise Unexpected(message, sample) from exc
        return counts

    def _params(self, period: Period) -> Params:
        by = Period.HOUR if self.asked.by_moment(period) else period
        apart = [self.apart] if self.apart else []
        return [
            ("period", by.value),
            *(("filter_by", f"{name}:{text}") for name, text in self.where.items()),
            *(("group_by", name) for name in [*self.dimensions, *apart]),
            *(
                ("collect", f"{name}:{method}")
                for name in self.fields
                for method in ("count", "sum")
            ),
            ("flatten", "true"),
        ]

    def _rows(
        self, rows: Sequence[Mapping[str, Any]], context: Context
    ) -> Iterator[tuple[datetime, Texts, str, Mapping[str, Any]]]:
        for row in rows:
            if not row["_count"]:
                continue
            stamp = datetime.fromisoformat(row["_start_at"]).astimezone(UTC)
            start = self.asked.start(stamp, context.period, context.zone)
            if self.asked.hourly:
                start = floor(start, context.period, context.zone)
            texts = tuple(_text(row[name]) for name in self.dimensions)
            yield start, texts, _text(row[self.apart]) if self.apart else "", row

    def _told(self, row: Mapping[str, Any]) -> dict[str, tuple[int, Number | None]]:
        return {
            name: (int(row[f"{name}:count"]), _number(row[f"{name}:sum"])) for name in self.fields
        }


def _number(value: Any) -> Number | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spelt(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
