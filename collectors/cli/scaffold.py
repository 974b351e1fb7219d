"""What ``new source`` writes: a source that asks a made-up API, its test, and a recorded reply."""

_SOURCE = '''\
"""{title}: a figure a day, from an API that answers JSON.

::

    service: example
    collectors:
      figures:
        source: {name}
        schedule: daily
        query: {{url: https://api.example/figures}}

``url`` is where the figures are. One reading a day, with the measure ``count``.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from collectors.api import Context, Period, Reading, Source, Unexpected, Window, beginning


class {kind}(Source):
    """The figures of one address, by the day."""

    name: ClassVar[str] = "{name}"
    periods: ClassVar[frozenset[Period]] = frozenset({{Period.DAY}})

    url: str

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield a reading for every day of the window that the API knows."""
        start, end = (at.astimezone(context.zone).date() for at in (window.start, window.end))
        asked = {{"from": start.isoformat(), "before": end.isoformat()}}
        yield from parse(context.http.get(self.url, params=asked).json(), context.zone)


def parse(reply: Any, zone: ZoneInfo) -> Iterator[Reading]:
    """Read a reply; Unexpected where it is not what we know."""
    try:
        for row in reply["figures"]:
            at = beginning(date.fromisoformat(row["day"]), zone)
            yield Reading(at, {{"count": row["count"]}})
    except (KeyError, TypeError, ValueError) as exc:
        raise Unexpected(f"the reply holds no figures by day: {{exc!r}}", str(reply)) from exc
'''

_TEST = '''\
"""The source {name}: recorded replies, and a server that fails in every way."""

from pathlib import Path

import pytest

from collectors.testing import FAULTS, golden_cases, source_from, withstand

HERE = Path(__file__).parent
SOURCE = source_from(HERE.parent / "{module}.py")
CASES = golden_cases(HERE / "{module}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_reply_gives_its_readings(case):
    case.check(SOURCE)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_server_does_no_figure_is_lost_or_made_up(fault):
    withstand(SOURCE, CASES[0], fault)
'''

_CASE = {
    "query.yaml": """\
query: {url: "{server}/figures"}
window: [2026-11-18T00:00Z, 2026-11-20T00:00Z]
period: day
zone: Europe/London
""",
    "reply.json": """\
{
  "figures": [
    {"day": "2026-11-18", "count": 7},
    {"day": "2026-11-19", "count": 9}
  ]
}
""",
    "readings.json": """\
[
  {"at": "2026-11-18T00:00:00+00:00", "measures": {"count": 7}},
  {"at": "2026-11-19T00:00:00+00:00", "measures": {"count": 9}}
]
""",
}


def source(name: str) -> dict[str, str]:
    """Give the text of each file of a new source, by its place in the folder."""
    module = name.replace("-", "_")
    words = name.split("-")
    parts = {
        "name": name,
        "module": module,
        "kind": "".join(one.capitalize() for one in words),
        "title": " ".join(words).capitalize(),
    }
    case = {f"tests/{module}/two-days/{file}": text for file, text in _CASE.items()}
    return {
        f"{module}.py": _SOURCE.format(**parts),
        f"tests/test_{module}.py": _TEST.format(**parts),
        **case,
    }
