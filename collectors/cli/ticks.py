"""``ticks``: what became of each firing of the schedules."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from collectors.api import Probing
from collectors.cli import completing
from collectors.cli.choosing import choose, usable
from collectors.cli.output import moment, show_rows
from collectors.cli.settings import Settings
from collectors.periods import beginning
from collectors.store import Tick, TickOutcome


@click.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Only those with this label.",
)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice([str(one) for one in TickOutcome]),
    help="Only those that ended so; may be repeated.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this local day on.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="List so many, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_obj
def ticks(
    settings: Settings,
    names: Sequence[str],
    labels: Sequence[str],
    outcomes: Sequence[str],
    since: datetime | None,
    limit: int,
    *,
    as_json: bool,
) -> int:
    """List what became of the ticks of all collectors, or of those with these NAMES.

    Each ended in a run that began in time or late, joined a run that had not ended, was skipped,
    or waits; the reason is told. Ticks are remembered for 30 days.
    """
    configuration = usable(settings)
    chosen = list(choose(configuration, names, labels)) if names or labels else None
    start = beginning(since.date(), settings.platform.timezone) if since else None
    which = [TickOutcome(one) for one in outcomes]
    with settings.store() as store:
        found = store.ticks.listed(chosen, since=start, limit=limit, outcomes=which)
    for name in chosen or ():
        if isinstance(configuration.collectors[name].source, Probing):
            told = f"{name} looks at every tick, and only missed ones are listed"
            click.echo(f"{told}: 'explain {name}' tells of its probes", err=True)
    show_rows([_row(one) for one in found], as_json=as_json, empty="no ticks; see 'daemon'")
    return 1 if configuration.mistakes else 0


def _row(tick: Tick) -> dict[str, Any]:
    return {
        "tick": moment(tick.at),
        "collector": tick.collector,
        "outcome": str(tick.outcome),
        "ticks": tick.count,
        "run": tick.run_id,
        "reason": tick.reason,
    }
