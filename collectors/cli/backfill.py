"""``backfill``: collect a stretch of the past, planned and shown first, beside all live work."""

from collections.abc import Sequence
from datetime import datetime

import click

from collectors.cli import completing
from collectors.cli.backfills import cancel, list_backfills, pause, resume, retry, show
from collectors.cli.choosing import choose, usable
from collectors.cli.drafts import answer_of, show_draft
from collectors.cli.following import row_of
from collectors.cli.output import show_json
from collectors.cli.pausing import tell
from collectors.cli.settings import Settings
from collectors.cli.working import go_on
from collectors.config.model import Collector, Configuration
from collectors.periods import Period
from collectors.runner import Between, Wish, draft, why_no_past
from collectors.store import BackfillProgress

CHUNKS = (Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR)
DAY = click.DateTime(["%Y-%m-%d"])


class _Backfill(click.Group):
    """A group whose command ``start`` need not be named."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        known = (*self.commands, *context.help_option_names)
        if arguments and arguments[0] not in known:
            arguments = ["start", *arguments]
        return super().parse_args(context, arguments)


@click.group(cls=_Backfill)
def backfill() -> None:
    """Collect a stretch of the past: backfill NAMES --start DAY --end DAY.

    That is short for 'backfill start'. The other commands look at backfills and steer them.
    """


@backfill.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Those with this label; may be repeated.",
)
@click.option("--start", type=DAY, required=True, help="From this local day on.")
@click.option("--end", type=DAY, required=True, help="Up to and including this local day.")
@click.option(
    "--chunk",
    type=click.Choice([str(one) for one in CHUNKS]),
    default="month",
    show_default=True,
    help="How much of the calendar is collected at a time.",
)
@click.option("--newest-first", is_flag=True, help="Begin with the latest chunk.")
@click.option("--dry-run", is_flag=True, help="Show the plan; write nothing, ask no source.")
@click.option("--force", is_flag=True, help="Collect again what is settled.")
@click.option("--detach", is_flag=True, help="Leave the work to the daemon, and do not follow it.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan and what came of it as JSON.")
@click.pass_obj
def start(
    settings: Settings,
    names: Sequence[str],
    labels: Sequence[str],
    start: datetime,
    end: datetime,
    chunk: str,
    *,
    newest_first: bool,
    dry_run: bool,
    force: bool,
    detach: bool,
    as_json: bool,
) -> int:
    """Collect the past of the collectors with these NAMES, once the plan has been shown.

    A name may be a collector, a service, or a pattern. What is settled is passed over. A running
    daemon does the work, else this process does. Exits with 1 if anything failed or is left.
    """
    if not (names or labels):
        raise click.UsageError("name collectors, or use --label; '*' is all of them")
    if start > end:
        raise click.UsageError("--start is after --end")
    configuration = usable(settings)
    chosen = _chosen(configuration, names, labels)
    wish = Wish(
        between=Between(start.date(), end.date()),
        chunk=Period(chunk),
        newest_first=newest_first,
        force=force,
    )
    with settings.store(passing=dry_run) as store:
        with settings.look_only(store) as parts:
            made = draft(parts, chosen, wish)
        answer = answer_of(store, made, settings.platform.workers)
        if not as_json:
            show_draft(made, answer, in_full=dry_run)
        tell(store.pauses.paused(chosen.values()), "will wait")
        code, progress = 0, list[BackfillProgress]()
        if made.runs and not dry_run:
            words = [*names, *(f"--label {label}" for label in labels)]
            ids = [store.backfills.create(made.order(" ".join(words)))]
            code, progress = go_on(settings, store, ids, detach=detach, as_json=as_json)
        if as_json:
            show_json({**answer, "backfill": row_of(progress[0]) if progress else None})
    return code or (1 if configuration.mistakes else 0)


for command in (list_backfills, show, pause, resume, cancel, retry):
    backfill.add_command(command)


def _chosen(
    configuration: Configuration, names: Sequence[str], labels: Sequence[str]
) -> dict[str, Collector]:
    """Give the collectors that are meant and have a past; tells every mistake at once.

    What has none is a mistake where it is named itself, and else is left out and told.
    """
    found = dict[str, Collector]()
    wrong = []
    for name in names or ("*",):
        try:
            found |= choose(configuration, [name], labels)
        except click.UsageError as exc:
            wrong.append(exc.message)
    without = {name: why for name, one in found.items() if (why := why_no_past(one))}
    wrong += [f"{name}: {why}" for name, why in without.items() if name in names]
    wrong += _disabled(configuration, names)
    if wrong:
        raise click.UsageError("\n".join(dict.fromkeys(wrong)))
    for name, why in without.items():
        click.echo(f"{name} is left out: {why}", err=True)
    if not found.keys() - without.keys():
        raise click.UsageError("none of the collectors that are meant can be backfilled")
    return {name: one for name, one in found.items() if name not in without}


def _disabled(configuration: Configuration, names: Sequence[str]) -> list[str]:
    known = configuration.collectors
    mute = [name for name in names if name in known and not known[name].enabled]
    return [f"{name}: it is not enabled" for name in mute]
