"""``check``: are credentials, tokens, sources and targets what they should be?"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from collectors.cli import completing
from collectors.cli.choosing import choose, usable
from collectors.cli.output import show_json, show_rows
from collectors.cli.progress import LINE_EVERY
from collectors.cli.settings import Settings
from collectors.runner.checking import Check
from collectors.runner.checking import check as look_at
from collectors.values import counted


@click.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Only those with this label.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def check(settings: Settings, names: Sequence[str], labels: Sequence[str], *, as_json: bool) -> int:
    """Ask the sources and targets of the collectors with these NAMES whether all is well.

    Credentials are read, sources are asked whether they can be had and know what is named, and
    targets whether they take the token of each data set: an empty list is posted, which stores
    nothing. Exits with 1 if anything fails.
    """
    configuration = usable(settings)
    for warning in settings.vault.exposed():
        click.echo(f"{warning.file}: warning: {warning.message}", err=True)
    chosen = choose(configuration, names, labels)
    with (
        settings.store(passing=True) as store,
        settings.look_only(store) as parts,
        _shown() as tell,
    ):
        found = look_at(parts, chosen, settings.platform.workers, tell)
    rows = [_row(one) for one in found]
    if as_json:
        show_json(rows)
    else:
        show_rows(list(map(_cells, rows)), as_json=False, empty="nothing to check")
    wrong = sum(one.wrong is not None for one in found)
    click.echo(f"{counted(len(found), 'check')}, {wrong} failed", err=True)
    return 1 if wrong or configuration.mistakes else 0


def _row(found: Check) -> dict[str, Any]:
    return {
        "name": found.name,
        "checked": found.what,
        "result": "ok" if found.wrong is None else "failed",
        "found": found.found,
        "wrong": found.wrong,
    }


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    said = row["wrong"] or "; ".join(row["found"]) or "it has nothing to ask"
    return {**{name: row[name] for name in ("name", "checked", "result")}, "": said}


@contextmanager
def _shown() -> Iterator[Callable[[int, int], None]]:
    """Show how many checks are done: a bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("checking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines() -> Callable[[int, int], None]:
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > LINE_EVERY:
            told = time.monotonic()
            click.echo(f"{done} of {counted(total, 'check')} done", err=True)

    return tell
