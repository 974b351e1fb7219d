"""Collects a year of figures, beside the plain loop that an operator would write instead.

    python -m benchmarks.backfill [--runs 5] [--quick] [--only NAME ...]

Both run in turn, each in a fresh process; see README.md beside this file. What was measured is
printed, and kept in ``results/``.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.rows import FIELDS, ROWS_A_DAY

RESULTS = Path(__file__).parent / "results"
YEAR = 365 * ROWS_A_DAY
HALF, TENTH = 182 * ROWS_A_DAY, 36 * ROWS_A_DAY
REAL_PAGE, REAL_PUSH = 0.3, 0.05
"""Seconds that a source's page and a push take where both are far away."""


@dataclass(frozen=True)
class Case:
    """One thing to measure: who does it, with what, over which distance."""

    name: str
    who: str
    observations: int = YEAR
    target: str = "http"
    state: str = "sqlite"
    far: bool = False
    quick: bool = False

    @property
    def title(self) -> str:
        """The case as the table calls it."""
        if self.who == "plain":
            return "plain loop, quick with dates" if self.quick else "plain loop"
        kinds = {"http": "HTTP sink", "embedded": "embedded data sets"}
        return f"collector: {kinds[self.target]}, {self.state} state"


@dataclass(frozen=True)
class Run:
    """What one run of a case took; ``whole`` is the seconds of the process, imports included."""

    seconds: float
    whole: float
    cpu: float
    peak_mb: float


def cases(postgresql: str | None) -> list[Case]:
    """Give all cases, in the order of the table; ratios are to the plain loop above."""
    found = [
        Case("loopback-plain", "plain"),
        Case("loopback-quick", "plain", quick=True),
        Case("loopback-ours", "ours"),
        Case("embedded", "ours", target="embedded"),
        Case("far-plain", "plain", far=True),
        Case("far-ours", "ours", far=True),
        Case("memory-100000", "ours", observations=HALF),
        Case("memory-20000", "ours", observations=TENTH),
    ]
    if postgresql is not None:
        found.insert(4, Case("postgresql", "ours", state="postgresql"))
    return found


@dataclass(frozen=True)
class Servers:
    """The URLs of a source and a sink."""

    source: str
    sink: str

    def received(self) -> dict[str, Any]:
        """Ask the sink what has come, and let it forget."""
        with urllib.request.urlopen(f"{self.sink}/summary") as reply:
            answer: dict[str, Any] = json.load(reply)
            return answer


@contextmanager
def serving(kind: str, wait: float) -> Iterator[str]:
    """Start a server in its own process and give its URL."""
    command = [sys.executable, "-m", "benchmarks.servers", kind, str(wait)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def measure(case: Case, servers: Servers, postgresql: str | None) -> Run:
    """Do the work of a case once, in a fresh process, and check that all of it arrived."""
    arguments = [servers.source, servers.sink, str(case.observations)]
    if case.quick:
        arguments.append("quick")
    if case.who == "ours":
        target = servers.sink if case.target == "http" else case.target
        state = case.state if case.state == "sqlite" else str(postgresql)
        arguments = [servers.source, target, state, str(case.observations)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{case.who}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    whole = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"{case.name} failed:\n{done.stderr[-2000:]}")
    if case.target == "http":
        check(case, servers.received())
    return Run(whole=round(whole, 4), **json.loads(done.stdout))


CHECKSUMS: dict[int, str] = {}
"""The checksum of so many observations, as whoever came first delivered them."""


def check(case: Case, received: dict[str, Any]) -> None:
    """Refuse a run after which the sink holds anything but what it must hold."""
    wanted = dict.fromkeys(sorted(FIELDS), case.observations)
    checksum = CHECKSUMS.setdefault(case.observations, received["checksum"])
    if (received["ids"], received["fields"]) != (case.observations, wanted):
        sys.exit(f"{case.name}: the sink holds something else: {received}")
    if received["checksum"] != checksum:
        sys.exit(f"{case.name}: the sink holds other figures than it did before")


def measure_all(chosen: Sequence[Case], runs: int, postgresql: str | None) -> dict[str, list[Run]]:
    """Measure every case ``runs`` times, in turn, so that all meet the same weather."""
    found: dict[str, list[Run]] = {case.name: [] for case in chosen}
    with ExitStack() as stack:
        near, far = (
            Servers(
                stack.enter_context(serving("source", page)),
                stack.enter_context(serving("sink", push)),
            )
            for page, push in ((0.0, 0.0), (REAL_PAGE, REAL_PUSH))
        )
        for turn in range(1, runs + 1):
            for case in chosen:
                found[case.name].append(measure(case, far if case.far else near, postgresql))
                seconds = found[case.name][-1].seconds
                print(f"run {turn} of {runs}: {case.name}: {seconds:.2f} s", file=sys.stderr)
    return found


def summed(case: Case, runs: Sequence[Run], plain: Sequence[Run]) -> dict[str, Any]:
    """Give the medians of a case; the ratio is how much faster than the plain loop it is."""
    seconds = median(run.seconds for run in runs)
    whole = median(run.whole for run in runs)
    return {
        **asdict(case),
        "seconds": seconds,
        "a_second": round(case.observations / seconds),
        "whole": whole,
        "cpu": median(run.cpu for run in runs),
        "peak_mb": max(run.peak_mb for run in runs),
        "ratio": ratio(plain, seconds, "seconds"),
        "whole_ratio": ratio(plain, whole, "whole"),
        "runs": list(map(asdict, runs)),
    }


def ratio(plain: Sequence[Run], seconds: float, what: str) -> float | None:
    """Give how many times as long the plain loop took."""
    if not plain:
        return None
    return round(median(getattr(run, what) for run in plain) / seconds, 2)


def table(rows: Sequence[dict[str, Any]], chosen: Sequence[Case]) -> Iterator[str]:
    """Lay the medians out as text."""
    head = ("", "observations", "seconds", "per second", "x plain", "CPU s", "process", "peak MB")
    form = "{:<48}{:>13}{:>9}{:>12}{:>9}{:>8}{:>9}{:>9}"
    titles = {case.name: case.title for case in chosen}
    for far in (False, True):
        mine = [row for row in rows if row["far"] is far]
        if not mine:
            continue
        distance = f"{REAL_PAGE * 1000:.0f} ms a page, {REAL_PUSH * 1000:.0f} ms a push"
        yield distance if far else "on loopback, as fast as it goes"
        yield form.format(*head)
        for row in mine:
            yield form.format(
                f"  {titles[row['name']]}",
                f"{row['observations']:,}",
                f"{row['seconds']:.2f}",
                f"{row['a_second']:,}",
                "-" if row["ratio"] is None else f"{row['ratio']:.2f}",
                f"{row['cpu']:.2f}",
                f"{row['whole']:.2f}",
                f"{row['peak_mb']:.0f}",
            )
        yield ""


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backfill", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often; medians are shown")
    parser.add_argument("--quick", action="store_true", help="one run, on loopback only")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these cases")
    return parser.parse_args()


def main() -> None:
    """Measure, print, keep."""
    asked = options()
    postgresql = os.environ.get("COLLECTOR_TEST_POSTGRES")
    chosen = [
        case
        for case in cases(postgresql)
        if (not asked.only or case.name in asked.only) and not (asked.quick and case.far)
    ]
    runs = 1 if asked.quick else asked.runs
    measured = measure_all(chosen, runs, postgresql)
    plain = {
        far: [
            run
            for case in chosen
            if case.who == "plain" and not case.quick and case.far is far
            for run in measured[case.name]
        ]
        for far in (False, True)
    }
    # Less than the whole work has no plain loop of its own to be compared with.
    rows = [
        summed(case, measured[case.name], plain[case.far] if case.observations == YEAR else [])
        for case in chosen
    ]
    print("\n".join(table(rows, chosen)))
    print(keep(rows, runs))


def keep(rows: Sequence[dict[str, Any]], runs: int) -> Path:
    """Write what was measured, and on what, into a file of its own."""
    now = datetime.now(UTC)
    answer = {
        "at": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "runs": runs,
        "cases": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"backfill-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
