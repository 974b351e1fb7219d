"""The same work by the collector itself, through its own command line, with its default settings.

    python -m benchmarks.ours SOURCE_URL TARGET STATE OBSERVATIONS

TARGET is a write API's base URL or ``embedded``; STATE a database URL, or ``sqlite``: a file.
"""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from benchmarks.measuring import told
from benchmarks.rows import DATA_SET, FIRST_DAY, PAGE, TOKEN, last_day
from collectors.api import Context, Period, Reading, Reply, Source, Window
from collectors.cli import World
from collectors.cli import main as run_collector

SERVICE = """\
service: bench
collectors:
  pages:
    source: report
    schedule: daily
    zone: UTC
    query: {{url: "{url}", rows: {rows}}}
"""


class Report(Source):
    """A source that is read page by page, a few of them ahead."""

    name: ClassVar[str] = "report"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.DAY})

    url: str
    rows: int

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of all pages."""

        def fetch(offset: int) -> Reply:
            return context.http.get(self.url, params={"offset": offset, "rows": self.rows})

        for reply in context.ahead(fetch, range(0, self.rows, PAGE)):
            yield from parse(reply.json()["rows"])


def parse(rows: list[dict[str, Any]]) -> Iterator[Reading]:
    """Read one page; the rows of a day follow one another."""
    day, at = "", datetime.min.replace(tzinfo=UTC)
    for row in rows:
        text, page, device = row["dimensionValues"]
        sessions, new_users = row["metricValues"]
        if text["value"] != day:
            day = text["value"]
            at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
        yield Reading(
            at=at,
            dimensions={"pagePath": page["value"], "deviceCategory": device["value"]},
            measures={"sessions": int(sessions["value"]), "newUsers": int(new_users["value"])},
        )


def main(source: str, target: str, state: str, rows: str) -> None:
    """Write the configuration into a new directory and run the collector in it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, fresh(state, folder) as url:
        arguments = configured(Path(folder), source, target, url, int(rows))
        began = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):
            code = run_collector(arguments, world=World(sources={Report.name: Report}))
        seconds = time.perf_counter() - began
    if code != 0:
        sys.exit(f"the collector ended with {code}")
    told(seconds)


@contextlib.contextmanager
def fresh(state: str, folder: str) -> Iterator[str]:
    """Give the URL of an empty state: a file, or a database that is dropped in the end."""
    if state == "sqlite":
        yield f"sqlite:///{folder}/state.db"
        return
    name = f"bench_{os.getpid()}"
    server = sa.create_engine(state, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield sa.make_url(state).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def configured(directory: Path, source: str, target: str, state: str, rows: int) -> list[str]:
    """Write the files and give the command that collects all days."""
    data_sets = f"embedded: {{url: 'sqlite:///{directory}/data-sets.db'}}\n"
    (directory / "config" / "services").mkdir(parents=True)
    (directory / "credentials").mkdir(mode=0o700)
    (directory / "config" / "platform.yaml").write_text(f"target: {target}\n{data_sets}")
    (directory / "config" / "services" / "bench.yaml").write_text(
        SERVICE.format(url=source, rows=rows)
    )
    tokens = directory / "credentials" / "tokens.yaml"
    tokens.touch(mode=0o600)
    tokens.write_text(f"{DATA_SET}: {TOKEN}\n")
    options = ["--config", str(directory / "config"), "--credentials", str(tokens.parent)]
    stretch = ["--start", str(FIRST_DAY), "--end", str(last_day(rows))]
    return [*options, "--state", state, "run", "bench/pages", *stretch]


if __name__ == "__main__":
    main(*sys.argv[1:])
