"""The plain pool that an operator would write instead: two requests a collection, nothing kept.

python -m benchmarks.plain_pool SOURCE_URL SINK_URL COLLECTIONS [session]

``session`` keeps a ``requests.Session`` a thread, as one does who has measured it.
"""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from benchmarks.measuring import told
from benchmarks.rows import TOKEN

THREADS = 64
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
DAY = "2025-06-01T00:00:00+00:00"
local = threading.local()


def session() -> requests.Session:
    if not hasattr(local, "session"):
        local.session = requests.Session()
    return local.session


def to_observation(number: int, row: dict[str, Any]) -> dict[str, Any]:
    return {"_id": f"{DAY}.{number}.{row['hour']}", "_timestamp": DAY, "timeSpan": "day", **row}


def collect(source: str, sink: str, number: int, http: Any) -> None:
    response = http.get(f"{source}/rows", params={"number": number, "day": DAY}, timeout=60)
    response.raise_for_status()
    observations = [to_observation(number, row) for row in response.json()["rows"]]
    url = f"{sink}/data/bench-{number // 10}/c{number % 10}"
    response = http.post(url, data=json.dumps(observations), headers=HEADERS, timeout=60)
    response.raise_for_status()


def main(source: str, sink: str, collections: str, *how: str) -> None:
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [
            pool.submit(
                lambda number: collect(
                    source, sink, number, session() if "session" in how else requests
                ),
                number,
            )
            for number in range(int(collections))
        ]
        for future in futures:
            future.result()
    told(time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
