"""Rows of Google Analytics to observations, beside the loop one would write with Google's client.

    python -m benchmarks.google [--runs 5]

Both ask a local Data API through the real google-api-python-client, for a year of days, and push
to a local sink. ``client`` only asks and throws away: the share of Google's client of the loop.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import requests
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from benchmarks import ours
from benchmarks.backfill import YEAR, Case, Servers, check, serving
from benchmarks.measuring import told
from benchmarks.plain import CHUNK, as_one_does, push, to_observation
from benchmarks.rows import FIRST_DAY, METRICS, NAMES, PAGE, last_day
from collectors.cli import World
from collectors.cli import main as run_collector
from collectors.sources import registry

SERVICE = """\
service: bench
collectors:
  pages:
    source: google-analytics
    schedule: daily
    zone: UTC
    query:
      property: "1"
      dimensions: [pagePath, deviceCategory]
      metrics: [sessions, newUsers]
"""
CREDENTIAL = "kind: authorized_user\nkey_file: key.json\nbase_url: {url}\n"


def pages(url: str) -> Iterator[list[dict[str, Any]]]:
    """Ask for the year, page by page, as one does."""
    key = {"token_uri": f"{url}/token", "client_id": "c", "client_secret": "s"}
    credentials = Credentials(token="the-token-of-google", refresh_token="r", **key)  # type: ignore[no-untyped-call]
    options = {"api_endpoint": url}
    service = build(
        "analyticsdata",
        "v1beta",
        credentials=credentials,
        cache_discovery=False,
        client_options=options,
    )
    for offset in range(0, YEAR, PAGE):
        body = {
            "dateRanges": [{"startDate": str(FIRST_DAY), "endDate": str(last_day(YEAR))}],
            "dimensions": [{"name": name} for name in NAMES],
            "metrics": [{"name": name} for name in METRICS],
            "orderBys": [{"dimension": {"dimensionName": name}} for name in NAMES],
            "offset": str(offset),
            "limit": str(PAGE),
        }
        answer = service.properties().runReport(property="properties/1", body=body).execute()
        yield answer["rows"]


def client(source: str, sink: str) -> None:
    """Ask for everything, and do nothing with it."""
    began = time.perf_counter()
    count = sum(map(len, pages(source)))
    assert count == YEAR, sink
    told(time.perf_counter() - began)


def plain(source: str, sink: str) -> None:
    """Ask, map row by row, push chunk by chunk."""
    began = time.perf_counter()
    session = requests.Session()
    chunk: list[dict[str, Any]] = []
    for page in pages(source):
        for row in page:
            chunk.append(to_observation(row, as_one_does))
            if len(chunk) == CHUNK:
                push(session, f"{sink}/bench/pages", chunk)
                chunk = []
    if chunk:
        push(session, f"{sink}/bench/pages", chunk)
    told(time.perf_counter() - began)


def collector(source: str, sink: str) -> None:
    """Let the collector do it, through its own command line."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        arguments = ours.configured(place, source, sink, f"sqlite:///{folder}/state.db", YEAR)
        (place / "config" / "services" / "bench.yaml").write_text(SERVICE, encoding="utf-8")
        for name, text in {
            "google-analytics.yaml": CREDENTIAL.format(url=source),
            "key.json": json.dumps(key(source)),
        }.items():
            (place / "credentials" / name).touch(mode=0o600)
            (place / "credentials" / name).write_text(text, encoding="utf-8")
        began = time.perf_counter()
        code = run_collector([*arguments, "--json"], world=World(sources=registry()))
        seconds = time.perf_counter() - began
    if code != 0:
        sys.exit(f"the collector ended with {code}")
    told(seconds)


def key(url: str) -> dict[str, str]:
    """Give an authorised user's key, whose tokens come from the local server."""
    return {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
        "token_uri": f"{url}/token",
    }


WHO = {"client": client, "plain": plain, "collector": collector}


def measure(who: str, servers: Servers) -> float:
    """Do the work once, in a fresh process; give its seconds."""
    command = [sys.executable, "-m", "benchmarks.google", who, servers.source, servers.sink]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{who} failed:\n{done.stdout[:1500]}{done.stderr[-2000:]}")
    if who != "client":
        check(Case(who, who), servers.received())
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def main() -> None:
    """Measure in turn, print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.google", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often; medians are shown")
    runs = parser.parse_args().runs
    found: dict[str, list[float]] = {who: [] for who in WHO}
    with ExitStack() as stack:
        servers = Servers(
            stack.enter_context(serving("google", 0.0)), stack.enter_context(serving("sink", 0.0))
        )
        for who in WHO:  # the pages are made before anything counts
            measure(who, servers)
        for _ in range(runs):
            for who, seconds in found.items():
                seconds.append(measure(who, servers))
                print(f"{who}: {seconds[-1]:.2f} s", file=sys.stderr)
    medians = {who: median(seconds) for who, seconds in found.items()}
    for who, seconds in medians.items():
        rate, ratio = YEAR / seconds, medians["plain"] / seconds
        print(f"{who:<10}{seconds:>7.2f} s{rate:>10,.0f} a second{ratio:>7.2f} x plain")


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in WHO:
        WHO[sys.argv[1]](*sys.argv[2:])
    else:
        main()
