"""What the source says on the first day and on the second, and so what must be collected.

Between the two days rows vanish, change and appear, all of them in periods that were provisional
on the first day. Nothing here is worked out by the program that is tested.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ALL = ("paper", "phone", "web")
MANY = tuple(f"web-{number:02}" for number in range(23))
PURPLE = "purple"
"""A channel that the schema of the data set at the platform does not know."""
SPOILT = "spoilt"
"""A channel whose rows have a field that no data set takes."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UTC_SINCE_25 = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""When the clocks go back in London."""


@dataclass(frozen=True)
class Row:
    """One row of the source: the start of its period, the period's label, and its figure."""

    at: datetime
    label: datetime
    channel: str
    count: int

    def told(self) -> dict[str, Any]:
        """Give the row as the source tells it."""
        row = {"at": self.at.isoformat(), "channel": self.channel, "count": self.count}
        return row | ({"bad-name": "x"} if self.channel == SPOILT else {})

    def observed(self, span: str, kind: str) -> dict[str, Any]:
        """Give the observation of the row, without its id."""
        observation = {
            "_timestamp": f"{self.label:%Y-%m-%dT%H:%M:%S}+00:00",
            "timeSpan": span,
            "dataType": kind,
            "channel": self.channel,
            "count": self.count,
        }
        return observation | ({"bad-name": "x"} if self.channel == SPOILT else {})


@dataclass(frozen=True)
class Day:
    """A day on which the collector runs, and all that the source knows on it, by series."""

    now: datetime
    rows: Mapping[str, list[Row]] = field(repr=False)
    covered: Mapping[str, tuple[datetime, datetime]] = field(repr=False)


def _midnight(day: int) -> datetime:
    """Give the instant at which a day of October begins in London."""
    utc = datetime(2026, 10, day, tzinfo=UTC)
    return utc if utc > UTC_SINCE_25 else utc - HOUR


def _days(held: Mapping[int, Iterable[str]], more: Mapping[int, int] = {}) -> list[Row]:
    return [
        Row(
            _midnight(day),
            datetime(2026, 10, day, tzinfo=UTC),
            channel,
            day * 100 + number + more.get(day, 0),
        )
        for day, channels in held.items()
        for number, channel in enumerate(channels)
    ]


def _hours(start: datetime, end: datetime, changed_from: datetime | None = None) -> list[Row]:
    rows = []
    for number in range((end - start) // HOUR):
        at = start + number * HOUR
        changed = changed_from is not None and at >= changed_from
        channels = ALL[: number % 5 and 1 + number % 3]
        if changed:
            channels = {0: (), 1: channels[:-1], 2: ("app", *channels)}.get(number % 7, channels)
        more = 1000 if changed and number % 2 else 0
        rows += [Row(at, at, one, number * 10 + len(one) + more) for one in channels]
    return rows


_SETTLED = {18: ALL, 19: ALL, 20: (), 21: MANY, 22: ALL, 23: ALL}
_HOURLY_SINCE = _midnight(26)
FIRST_NOW = datetime(2026, 10, 27, 6, 30, tzinfo=UTC)
SECOND_NOW = FIRST_NOW + DAY + HOUR
_SINCE = _midnight(18)

FIRST = Day(
    now=FIRST_NOW,
    rows={
        "daily": _days({**_SETTLED, 24: ALL, 25: MANY, 26: ALL}),
        "refused": _days(
            {
                **dict.fromkeys(range(18, 22), ALL),
                22: (*ALL, PURPLE),
                23: (*ALL, SPOILT),
                24: (*ALL, PURPLE),
                25: (*ALL, PURPLE),
                26: (*ALL, SPOILT),
            }
        ),
        "hourly": _hours(_HOURLY_SINCE, FIRST_NOW - HOUR / 2),
        "latest": _days({25: ALL, 26: MANY}),
    },
    covered={
        "daily": (_SINCE, _midnight(27)),
        "refused": (_SINCE, _midnight(27)),
        "hourly": (_HOURLY_SINCE, FIRST_NOW - HOUR / 2),
        "latest": (_midnight(25), _midnight(27)),
    },
)
SECOND = Day(
    now=SECOND_NOW,
    rows={
        "daily": _days(
            {**_SETTLED, 24: ("paper", "phone"), 25: MANY[5:], 26: (), 27: MANY[:12]},
            more={24: 7, 25: 50},
        ),
        "refused": _days(
            {
                **dict.fromkeys(range(18, 22), ALL),
                22: (*ALL, PURPLE),
                23: (*ALL, SPOILT),
                24: ALL,
                25: (*ALL, PURPLE),
                26: (*ALL, SPOILT),
                27: ALL,
            }
        ),
        "hourly": _hours(_HOURLY_SINCE, SECOND_NOW - HOUR / 2, FIRST_NOW - DAY),
        "latest": _days({25: ALL, 26: MANY[:3], 27: MANY[:12]}, more={26: 7}),
    },
    covered={
        "daily": (_SINCE, _midnight(28)),
        "refused": (_SINCE, _midnight(28)),
        "hourly": (_HOURLY_SINCE, SECOND_NOW - HOUR / 2),
        "latest": (_midnight(25), _midnight(28)),
    },
)
SPANS = {"daily": "day", "refused": "day", "hourly": "hour", "latest": "day"}
REPLACED = "latest"
"""The series of which each period replaces what its data set holds."""

SERVICE = "toll"


def expected(day: Day, series: str, *, schema: bool) -> list[dict[str, Any]]:
    """Give what the data set of ``series`` must hold; ``schema``: where one is enforced."""
    bad = {SPOILT, PURPLE} if schema else {SPOILT}
    rows = [row for row in day.rows[series] if row.channel not in bad]
    if series == REPLACED:
        rows = [row for row in rows if row.at == rows[-1].at]
    return [row.observed(SPANS[series], series) for row in rows]


def collected(day: Day, series: str) -> int:
    """Give how many observations of ``series`` must have been collected."""
    return sum(row.channel != SPOILT for row in day.rows[series])


def dead_letters(day: Day) -> list[tuple[str | None, dict[str, Any]]]:
    """Give what must be refused: the target (None: our own check) and the observation."""
    targets = {PURPLE: "platform", SPOILT: None}
    return [
        (targets[row.channel], row.observed(SPANS[series], series))
        for series, rows in day.rows.items()
        for row in rows
        if row.channel in targets
    ]
