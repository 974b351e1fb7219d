"""What a source says of each hour: one thing while the hour is young, another for ever after.

Between the two rows vanish, change and appear. Nothing here is worked out by the program that is
tested.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.reliability.figures import ALL, HOUR, Row

BEGINNING = datetime(2026, 11, 20, 7, 35, tzinfo=UTC)
"""When the mixed hour begins; a clock that is set forward makes it several hours."""
SETTLE = timedelta(hours=2)
"""How long after its end an hour still changes."""
SINCE = datetime(2026, 11, 19, tzinfo=UTC)
PAST = (datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 7, tzinfo=UTC))
"""What is backfilled."""


def is_final(hour: datetime, now: datetime) -> bool:
    """Tell whether the last word on an hour has been said."""
    return now >= hour + HOUR + SETTLE


def hours(start: datetime, end: datetime) -> Iterator[datetime]:
    """Give the starts of the hours of ``[start, end)``, which are whole ones."""
    return (start + number * HOUR for number in range((end - start) // HOUR))


def ended(now: datetime) -> datetime:
    """Give when the last hour ended."""
    return now.replace(minute=0, second=0, microsecond=0)


def rows(series: str, hour: datetime, *, final: bool) -> list[Row]:
    """Give the rows of one hour."""
    number = int(hour.timestamp() // 3600) + len(series)
    channels = ALL[: 1 + number % 3]
    more = 0
    if final:
        channels = {0: channels[1:], 1: channels, 2: ("app", *channels)}[number % 4 % 3]
        more = 1000 * (number % 2)
    counts = {one: number % 1000 * 10 + len(one) + more for one in channels}
    return [Row(hour, hour, channel, count) for channel, count in counts.items()]


def observed(row: Row, series: str) -> dict[str, Any]:
    """Give the observation of a row of ``<service>/<key>``, without its id."""
    return row.observed("hour", series.partition("/")[2])


def expected(series: str, start: datetime, end: datetime, now: datetime) -> list[dict[str, Any]]:
    """Give what the data set of a series must hold of the hours of ``[start, end)``."""
    return [
        observed(row, series)
        for hour in hours(start, end)
        for row in rows(series, hour, final=is_final(hour, now))
    ]


def ever_said(series: str, start: datetime, now: datetime) -> list[dict[str, Any]]:
    """Give all that the source has ever said of a series since ``start``."""
    return [
        observed(row, series)
        for hour in hours(start, ended(now))
        for final in (False, True)
        for row in rows(series, hour, final=final)
    ]


def moment(second: int) -> int:
    """Give the figure of a moment."""
    return second % 1009
