"""The plain loop that an operator would write instead: nothing is kept, nothing is checked.

python -m benchmarks.plain SOURCE_URL SINK_URL OBSERVATIONS [quick]

Dates come as ``20250131`` and are read with ``strptime``, as one does; ``quick`` reads them with
``fromisoformat``, which takes this form since Python 3.11 and is many times as fast.
"""

import base64
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import requests

from benchmarks.measuring import told
from benchmarks.rows import DATA_SET, PAGE, TOKEN

CHUNK = 1000


def fetch(session: requests.Session, url: str, rows: int) -> Iterator[dict[str, Any]]:
    for offset in range(0, rows, PAGE):
        response = session.get(url, params={"offset": offset, "rows": rows}, timeout=60)
        response.raise_for_status()
        yield from response.json()["rows"]


def as_one_does(day: str) -> datetime:
    return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)


def quickly(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def to_observation(row: dict[str, Any], read: Callable[[str], datetime]) -> dict[str, Any]:
    day, page, device = (value["value"] for value in row["dimensionValues"])
    sessions, new_users = (int(value["value"]) for value in row["metricValues"])
    timestamp = read(day).isoformat()
    identity = f"{timestamp}_day_{page}_{device}"
    return {
        "_id": base64.b64encode(identity.encode()).decode(),
        "_timestamp": timestamp,
        "timeSpan": "day",
        "dataType": "pages",
        "pagePath": page,
        "deviceCategory": device,
        "sessions": sessions,
        "newUsers": new_users,
    }


def push(session: requests.Session, url: str, chunk: list[dict[str, Any]]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    response = session.post(url, data=json.dumps(chunk), headers=headers, timeout=60)
    response.raise_for_status()


def main(source: str, sink: str, rows: str, *how: str) -> None:
    read = quickly if "quick" in how else as_one_does
    began = time.perf_counter()
    session = requests.Session()
    chunk = []
    for row in fetch(session, source, int(rows)):
        chunk.append(to_observation(row, read))
        if len(chunk) == CHUNK:
            push(session, f"{sink}/{DATA_SET}", chunk)
            chunk = []
    if chunk:
        push(session, f"{sink}/{DATA_SET}", chunk)
    told(time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
