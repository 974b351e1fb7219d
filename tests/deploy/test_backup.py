"""Backup and restore as the manual says them, word by word, while the collector goes on."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from tests.conftest import CHECKOUT, fresh_postgres, missing
from tests.feeds import HOUR
from tests.servers.http import Answer

MANUAL = (CHECKOUT / "docs/operations.md").read_text()
LIKE_SQLITE = """\
#!{python}
import sqlite3, sys
sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])
"""


def recipe(heading, holds):
    """The lines of the shell recipe of a section that has these words."""
    section = MANUAL.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (found,) = [one for one in re.findall(r"```bash\n(.*?)```", section, re.DOTALL) if holds in one]
    return found


@pytest.fixture
def shell(tmp_path):
    """A function that runs a recipe in the place, with stand-ins for what a test may not do."""
    tools = tmp_path / "tools"
    tools.mkdir()
    scripts = {"systemctl": "#!/bin/sh\n", "chown": "#!/bin/sh\n"}
    if shutil.which("sqlite3") is None:
        scripts["sqlite3"] = LIKE_SQLITE.format(python=sys.executable)
    for name, text in scripts.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)

    def run(text, **variables):
        text = text.replace("/var/lib/performance-collector", str(tmp_path))
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", **variables}
        command = ["bash", "-euc", text]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)

    return run


def collect_and_back_up(toll, sink, shell, lines, **variables):
    """Back up while a target is down; what waits is delivered, and more collected, in between."""
    sink.answer = lambda _request: Answer(503)
    toll.run("run", "--all")
    first, second = lines
    shell(first, **variables)
    del sink.answer
    toll.clock.advance(HOUR)
    assert toll.run("run", "--all").code == 0
    shell(second, **variables)
    toll.clock.advance(HOUR)
    assert toll.run("run", "--all").code == 0
    return toll.read("toll/hourly"), {name: dict(one) for name, one in sink.held.items()}


def check_restored(toll, sink, before):
    """After the next run nothing is missing, doubled or different, here and at the target."""
    assert toll.run("run", "--all").code == 0
    own, held = before
    assert toll.read("toll/hourly") == own
    assert max(Counter(one["_id"] for one in own).values()) == 1
    assert sink.held == held
    assert toll.run("outbox", "list", "--json").json == []
    assert toll.run("status", "--gaps", "--json").json == []


def cut(text, before):
    """The recipe in two: up to the line with these words, and from there, with what it needs."""
    head, line, tail = text.partition(before)
    setting = "\n".join(one for one in head.splitlines() if one.startswith("cd "))
    return head, f"{setting}\nto=$(ls -d backup/*)\n{line}{tail}"


@pytest.fixture
def both(toll, sink):
    """The toll, delivered to its own data sets and to a platform."""
    toll.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]")
    return toll


def test_a_restored_backup_of_sqlite_goes_on_without_a_gap_or_a_double(both, sink, shell, tmp_path):
    lines = cut(recipe("Backup", "VACUUM"), "sqlite3 var/data-sets.db")
    before = collect_and_back_up(both, sink, shell, lines)
    (made,) = (tmp_path / "backup").iterdir()
    assert {one.name for one in made.iterdir()} == {"state.db", "data-sets.db"}

    shell(recipe("Restore", "cp "), **{"from": str(made)})

    check_restored(both, sink, before)


@pytest.mark.postgresql
def test_a_restored_dump_of_postgresql_goes_on_without_a_gap_or_a_double(
    both, sink, shell, tmp_path
):
    if shutil.which("pg_dump") is None:
        missing("pg_dump is not installed")
    target = f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]"
    with ExitStack() as databases:
        state, data_sets, *empty = [databases.enter_context(fresh_postgres()) for _ in range(4)]
        platform(both, target, state, data_sets)
        lines = cut(recipe("Backup", "pg_dump"), 'pg_dump --format=custom --file="$to/data')
        urls = {"STATE_URL": libpq(state), "DATA_SETS_URL": libpq(data_sets)}
        before = collect_and_back_up(both, sink, shell, lines, **urls)
        (made,) = (tmp_path / "backup").iterdir()

        urls = dict(zip(urls, map(libpq, empty), strict=True))
        shell(recipe("Restore", "pg_restore"), **urls, **{"from": str(made)})

        platform(both, target, *empty)
        check_restored(both, sink, before)


def platform(place, target, state, data_sets):
    text = f"{target}\nstate: {state}\nembedded: {{url: '{data_sets}'}}\n"
    (place.config / "platform.yaml").write_text(text)


def libpq(url):
    """The URL as PostgreSQL's own programs read it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
