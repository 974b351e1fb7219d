"""``plan``: what the next hours or days will bring, with this configuration or another one."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from collectors.cli import completing
from collectors.cli.choosing import choose, usable
from collectors.cli.output import show_json
from collectors.cli.planned import (
    as_json_takes_it,
    differences_as_json,
    show_differences,
    show_forecast,
    show_side_by_side,
)
from collectors.cli.settings import Settings
from collectors.config.model import Collector
from collectors.forecast import Differences, Forecast, differences, forecast
from collectors.periods import Window
from collectors.store import Store

DAY = 24
MOST_DAYS = 31
PATIENCE = 2.0
"""Seconds of silence, before it is told how far the simulation is, and between two such lines."""


@click.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Only those with this label.",
)
@click.option("--hours", type=click.IntRange(1, MOST_DAYS * DAY), help="Look so far; 24 if unsaid.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), help="Look so far.")
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Tell what this other configuration directory would change.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def plan(
    settings: Settings,
    names: Sequence[str],
    labels: Sequence[str],
    hours: int | None,
    days: int | None,
    against: Path | None,
    *,
    as_json: bool,
) -> int:
    """Simulate what a daemon will do: all collectors, or those with these NAMES.

    Ticks, runs, workers, calls by quota, nights on which clocks change. Nothing is asked of any
    source and nothing written. Exits with 1 if a budget breaks or the workers cannot keep up;
    with --against, of the other configuration.
    """
    if hours is not None and days is not None:
        raise click.UsageError("give --hours or --days, not both")
    span = timedelta(hours=hours or (days or 1) * DAY)
    chosen = choose(usable(settings), names, labels)
    other = replace(settings, config=against) if against else None
    theirs = _other(other, names, labels) if other else {}
    with settings.store(passing=True) as store:
        now = settings.world.clock.now().replace(microsecond=0)
        window = Window(now, now + span)
        made = _forecast(settings, store, chosen, window)
        if other is None:
            show_json(as_json_takes_it(made)) if as_json else show_forecast(made)
            return 0 if made.is_good else 1
        found = differences(chosen, theirs, store.view.histories([*chosen]), now)
        planned = _forecast(other, store, theirs, window)
    _tell(found, made, planned, as_json=as_json)
    return 0 if planned.is_good and not other.configuration.mistakes else 1


def _other(settings: Settings, names: Sequence[str], labels: Sequence[str]) -> dict[str, Collector]:
    """Give the same collectors of another configuration, none where it has none such."""
    try:
        return choose(usable(settings), names, labels)
    except click.UsageError:
        return {}


def _forecast(
    settings: Settings, store: Store, chosen: dict[str, Collector], window: Window
) -> Forecast:
    with settings.look_only(store) as parts:
        return forecast(parts, chosen, window, settings.platform.workers, _progress(window))


def _progress(window: Window) -> Callable[[datetime], None]:
    """Give what tells on stderr how far a simulation is, if it takes long."""
    told = [time.monotonic()]

    def tell(at: datetime) -> None:
        now = time.monotonic()
        if now - told[0] >= PATIENCE:
            told[0] = now
            share = (at - window.start) / (window.end - window.start)
            print(f"simulated until {at:%Y-%m-%d %H:%M} UTC, {share:.0%}", file=sys.stderr)  # noqa: T201 - stderr

    return tell


def _tell(found: Differences, made: Forecast, planned: Forecast, *, as_json: bool) -> None:
    if as_json:
        answer = {"now": as_json_takes_it(made), "other": as_json_takes_it(planned)}
        show_json({"differences": differences_as_json(found), **answer})
        return
    show_differences(found)
    show_side_by_side(made, planned)
    if not planned.is_good:
        click.echo()
        show_forecast(planned)
