"""Many small collections, beside a pool of threads that only makes the two requests of each.

    python -m benchmarks.small [--runs 3] [--quick]

2,000 collectors fall due at once, each with one request (24 rows, 50 ms) and one push (20 ms), 64
at a time. ``plain`` asks with ``requests.get`` and ``requests.post``; ``session`` keeps a session
a thread. All run in turn, each in a fresh process; see README.md beside this file.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.backfill import RESULTS
from benchmarks.quick_servers import ROWS

SOURCE_WAIT, SINK_WAIT = "0.05", "0.02"
PROGRAMS = {
    "plain": ("benchmarks.plain_pool",),
    "session": ("benchmarks.plain_pool", "session"),
    "collector": ("benchmarks.our_pool",),
}
Runs = Mapping[str, Sequence[dict[str, float]]]


@contextmanager
def serving(kind: str, wait: str) -> Iterator[str]:
    """Start a server in its own process and give its URL."""
    command = [sys.executable, "-m", "benchmarks.quick_servers", kind, wait]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def measure(name: str, source: str, sink: str, collections: int) -> dict[str, float]:
    """Do the work once, in a fresh process, and check that all of it arrived."""
    module, *how = PROGRAMS[name]
    command = [sys.executable, "-m", module, source, sink, str(collections), *how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    with urllib.request.urlopen(f"{sink}/summary") as reply:
        arrived = json.load(reply)
    if arrived != {"posts": collections, "ids": collections * ROWS}:
        sys.exit(f"{name}: the sink holds something else: {arrived}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_all(runs: int, collections: int) -> dict[str, list[dict[str, float]]]:
    """Measure each program ``runs`` times, in turn, so that all meet the same weather."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PROGRAMS}
    with serving("source", SOURCE_WAIT) as source, serving("sink", SINK_WAIT) as sink:
        for turn in range(1, runs + 1):
            for name in PROGRAMS:
                found[name].append(measure(name, source, sink, collections))
                seconds = found[name][-1]["seconds"]
                print(f"run {turn} of {runs}: {name}: {seconds:.2f} s", file=sys.stderr)
    return found


def table(found: Runs, collections: int) -> Iterator[str]:
    """Lay the medians out as text."""
    medians = {
        name: {key: median(run[key] for run in runs) for key in runs[0]}
        for name, runs in found.items()
    }
    plain = medians["plain"]
    form = "{:<12}{:>9}{:>12}{:>9}{:>9}{:>9}{:>10}"
    yield form.format("", "seconds", "per second", "x plain", "CPU s", "peak MB", "x plain")
    for name, one in medians.items():
        yield form.format(
            name,
            f"{one['seconds']:.2f}",
            f"{collections / one['seconds']:,.0f}",
            f"{plain['seconds'] / one['seconds']:.2f}",
            f"{one['cpu']:.2f}",
            f"{one['peak_mb']:.0f}",
            f"{one['peak_mb'] / plain['peak_mb']:.2f}",
        )


def keep(name: str, answer: Mapping[str, Any]) -> str:
    """Write what was measured, and on what, into a file of its own; gives its name."""
    now = datetime.now(UTC)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    head = {"at": now.isoformat(timespec="seconds"), "python": platform.python_version()}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{now:%Y%m%dT%H%M%SZ}.json"
    text = json.dumps({**head, "machine": machine, **answer}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    return str(path)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often; medians are shown")
    parser.add_argument("--quick", action="store_true", help="one run of 500 collections")
    asked = parser.parse_args()
    runs, collections = (1, 500) if asked.quick else (asked.runs, 2_000)
    found = measure_all(runs, collections)
    print("\n".join(table(found, collections)))
    print(keep("small", {"collections": collections, "runs": found}))


if __name__ == "__main__":
    main()
