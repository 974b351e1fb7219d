"""The data-set server beside an empty handler of the same WSGI server, and beside SQL by hand.

python -m benchmarks.serving [--runs 5] [--records 1000000]

Writes: POSTs of 1,000 observations, one after another on one connection. Reads: sums of every week
of all records, in groups. Everything is asked in turn, so that all meet the same weather.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import urllib3

from benchmarks.backfill import RESULTS
from benchmarks.by_hand import grouped, upsert
from benchmarks.rows import DATA_SET, DEVICES, TOKEN
from collectors.clock import SystemClock
from collectors.datasets import DataSets
from collectors.values import DataSet
from collectors.web import Server

CHUNK = 1000
POSTS = 50
A_WEEK = "period=week&group_by=deviceCategory&collect=sessions:sum"
"""What is read: for every device and week, the number of records and the sum of a field."""
PLATFORM = """\
embedded: {{url: "sqlite:///{folder}/data-sets.db"}}
data_sets:
  {data_set}: {{token: "{digest}"}}
  bench/writes: {{token: "{digest}"}}
"""
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def observations(first: int, last: int) -> list[dict[str, Any]]:
    """Give observations of two years; a thousand or so a day."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    found = []
    for index in range(first, last):
        day = start + timedelta(days=index % 730)
        found.append(
            {
                "_id": f"{index:032x}",
                "_timestamp": day.isoformat(),
                "timeSpan": "day",
                "dataType": "pages",
                "pagePath": f"/apply/step-{index % 137}",
                "deviceCategory": DEVICES[index % len(DEVICES)],
                "sessions": index % 1009,
                "newUsers": index % 307,
            }
        )
    return found


def fill(folder: Path, records: int) -> None:
    """Put the records that are read into the data sets."""
    data_sets = DataSets(f"sqlite:///{folder}/data-sets.db", clock=SystemClock())
    data_sets.open()
    with closing(data_sets):
        for first in range(0, records, 10_000):
            data_sets.upsert(
                DataSet.parse(DATA_SET), observations(first, min(first + 10_000, records))
            )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run ``serve`` in a process of its own; give its address."""
    command = [sys.executable, "run_collector.py", "--config", str(folder), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        errors = process.stderr
        assert errors is not None
        line = next((line for line in errors if "http://" in line), "")
        if not line:
            sys.exit(f"the server did not start: {process.wait()}")
        # Its log would fill the pipe, and then the server would wait.
        threading.Thread(target=errors.read, daemon=True).start()
        try:
            yield "http://" + line.partition("http://")[2].strip()
        finally:
            process.terminate()


@contextmanager
def serving_nothing() -> Iterator[str]:
    """Run the same WSGI server with a handler that takes the body and says that all is well."""
    command = [sys.executable, "-m", "benchmarks.serving", "--empty"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def empty(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer as a write API that keeps nothing."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"status":"ok"}']


def serve_nothing() -> None:
    """Be the process of ``serving_nothing``."""
    server = Server(empty, "127.0.0.1", 0)  # type: ignore[arg-type] # any WSGI application
    print(server.url, flush=True)
    server.run()


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def posts(http: urllib3.PoolManager, url: str, bodies: list[bytes]) -> None:
    """POST one body after another."""
    for body in bodies:
        reply = http.request("POST", url, body=body, headers=HEADERS)
        if reply.status != 200:
            sys.exit(f"{url} answered {reply.status}: {reply.data[:200]!r}")


def gets(http: urllib3.PoolManager, url: str, groups: int) -> None:
    """Read the weekly sums over HTTP."""
    reply = http.request("GET", url)
    if reply.status != 200 or len(reply.json()["data"]) != groups:
        sys.exit(f"{url} answered {reply.status}: {reply.data[:200]!r}")


def measure(folder: Path, runs: int) -> dict[str, list[float]]:
    """Do everything ``runs`` times, in turn; give the seconds of each."""
    database = folder / "data-sets.db"
    found: dict[str, list[float]] = {}
    http = urllib3.PoolManager()
    with serving(folder) as served, serving_nothing() as nothing:
        for run in range(runs):
            first = run * POSTS * CHUNK
            bodies = [
                json.dumps(observations(one, one + CHUNK)).encode()
                for one in range(first, first + POSTS * CHUNK, CHUNK)
            ]
            by_hand = folder / f"by-hand-{run}.db"
            works: dict[str, Callable[[], object]] = {
                "POST, served": lambda: posts(http, f"{served}/data/bench/writes", bodies),  # noqa: B023 - called at once
                "POST, empty handler": lambda: posts(http, nothing, bodies),  # noqa: B023 - called at once
                "upserts by hand": lambda: upsert(by_hand, bodies),  # noqa: B023 - called at once
                "weekly sums, served": lambda: gets(
                    http, f"{served}/data/{DATA_SET}?{A_WEEK}&{years()}", len(DEVICES)
                ),
                "GET, empty handler": lambda: http.request("GET", nothing),
                "weekly sums by hand": lambda: grouped(database),
            }
            for name, work in works.items():
                found.setdefault(name, []).append(timed(work))
                print(f"run {run + 1}: {name}: {found[name][-1]:.3f} s", file=sys.stderr)
    return found


def years() -> str:
    """Give the stretch that is read, in whole weeks, with all that there is."""
    return "start_at=2024-01-01T00:00:00Z&end_at=2026-01-05T00:00:00Z"


def table(medians: dict[str, float]) -> Iterator[str]:
    """Lay the medians out as text."""
    yield f"{'':<24}{'seconds':>9}{'a second':>12}{'beside by hand':>16}"
    for name, seconds in medians.items():
        writes = name.startswith(("POST", "upserts"))
        hand = medians["upserts by hand" if writes else "weekly sums by hand"]
        rate = f"{POSTS * CHUNK / seconds:,.0f}" if writes else ""
        # Of writes the rate counts, of reads the time.
        beside = hand / seconds if writes else seconds / hand
        yield f"  {name:<22}{seconds:>9.3f}{rate:>12}{beside:>16.2f}"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often; medians are shown")
    parser.add_argument("--records", type=int, default=1_000_000, help="how many are read")
    parser.add_argument("--empty", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.empty:
        serve_nothing()
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        digest = "sha256:" + sha256(TOKEN.encode()).hexdigest()
        text = PLATFORM.format(folder=folder, data_set=DATA_SET, digest=digest)
        Path(folder, "platform.yaml").write_text(text, encoding="utf-8")
        print(f"writing {asked.records:,} records first", file=sys.stderr)
        fill(Path(folder), asked.records)
        measured = measure(Path(folder), asked.runs)
    medians = {name: median(seconds) for name, seconds in measured.items()}
    print("\n".join(table(medians)))
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    answer = {"at": now.isoformat(timespec="seconds"), "python": platform.python_version()}
    path = RESULTS / f"serving-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(answer | {"seconds": measured}, indent=2) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
