"""The figures that are collected: what the source holds, what must arrive."""

from collections.abc import Iterator
from datetime import date, timedelta

FIRST_DAY = date(2025, 1, 1)
ROWS_A_DAY = 548
PAGE = 10_000
DIMENSIONS = ("pagePath", "deviceCategory")
METRICS = ("sessions", "newUsers")
NAMES = ("date", *DIMENSIONS)
"""The dimensions as they are asked for."""
DEVICES = ("desktop", "mobile", "tablet", "smart tv")
FIELDS = ("_id", "_timestamp", "dataType", "timeSpan", *DIMENSIONS, *METRICS)
"""What every observation holds in the end."""
SOURCE_PATH = "/report"
SINK_PATH = "/data"
DATA_SET = "bench/pages"
TOKEN = "the-token-of-the-benchmark"


def last_day(observations: int) -> date:
    """Give the day of the last observation."""
    return FIRST_DAY + timedelta(days=(observations - 1) // ROWS_A_DAY)


def rows(first: int, last: int) -> Iterator[dict[str, object]]:
    """Give the rows from ``first`` up to ``last`` as Google's Data API spells them."""
    for index in range(first, last):
        day, place = divmod(index, ROWS_A_DAY)
        page, device = divmod(place, len(DEVICES))
        date_text = f"{FIRST_DAY + timedelta(days=day):%Y%m%d}"
        texts = (date_text, f"/apply/step-{page}", DEVICES[device])
        numbers = (str(index % 1009), str(index % 307))
        yield {
            "dimensionValues": [{"value": text} for text in texts],
            "metricValues": [{"value": number} for number in numbers],
        }
