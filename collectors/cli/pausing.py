"""``pause`` and ``resume``: collecting stops by hand, and goes on by hand."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import click

from collectors.cli import completing
from collectors.cli.choosing import choose, pattern_of, usable
from collectors.cli.output import moment, show_rows
from collectors.cli.settings import Settings
from collectors.config.model import Collector, Configuration
from collectors.store import Pause, Store
from collectors.store.pauses import Kind

Named = tuple[Kind, str]


@click.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Every collector with this label; may be repeated.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    shell_complete=completing.source_names,
    help="Every collector of this source; may be repeated.",
)
@click.option("--reason", default="", help="Why: shown wherever the pause is.")
@click.option("--json", "as_json", is_flag=True, help="Print what is paused afterwards as JSON.")
@click.pass_obj
def pause(
    settings: Settings,
    names: Sequence[str],
    labels: Sequence[str],
    sources: Sequence[str],
    *,
    reason: str,
    as_json: bool,
) -> int:
    """Stop collecting the collectors with these NAMES, until they are resumed.

    A name may be a collector, a service, or a pattern; what fits it later is paused too. What has
    been collected is still delivered. Without anything named, this lists what is paused.
    """
    configuration = usable(settings)
    named = _named(names, labels, sources)
    if reason and not named:
        raise click.UsageError("--reason goes with what is to be paused")
    _check(configuration, named)
    with settings.store() as store:
        for kind, name in named:
            if not store.pauses.pause(kind, name, reason):
                click.echo(f"{name} was paused before, which stays as it was", err=True)
        listed = store.pauses.listed()
    rows = [_row(configuration, one) for one in listed if not named or _of(one) in named]
    show_rows(rows, as_json=as_json, empty="nothing is paused")
    return 0


@click.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="What was paused by this label; may be repeated.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    shell_complete=completing.source_names,
    help="What was paused by this source; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was resumed as JSON.")
@click.pass_obj
def resume(
    settings: Settings,
    names: Sequence[str],
    labels: Sequence[str],
    sources: Sequence[str],
    *,
    as_json: bool,
) -> int:
    """Go on collecting what was paused, by NAMES, labels or sources.

    What was missed meanwhile is due, and is collected; an instant that has passed is gone. A
    pattern resumes all that was paused within it. Exits with 1 where a wider pause still holds.
    """
    named = _named(names, labels, sources)
    if not named:
        raise click.UsageError("name what to resume, or use --label or --source")
    configuration = usable(settings)
    with settings.store() as store:
        known = [_of(one) for one in store.pauses.listed()]
        _check(configuration, [one for one in named if one not in known])
        ended = [one for kind, name in named for one in store.pauses.resume(kind, name)]
        held = store.pauses.paused(_fitting(configuration, named))
    rows = [_row(configuration, one) for one in ended]
    show_rows(rows, as_json=as_json, empty="nothing of that was paused")
    tell(held, "still paused")
    return 1 if held else 0


def left_in(
    store: Store, chosen: Mapping[str, Collector], names: Collection[str]
) -> dict[str, Collector]:
    """Give what is not paused, or given by its very name; the others are told on stderr."""
    held = store.pauses.paused(chosen.values())
    left_out = {name: one for name, one in held.items() if name not in names}
    tell(left_out, "left out")
    for name in held.keys() - left_out.keys():
        click.echo(f"{name} is {held[name]}; collected all the same, as it is named", err=True)
    return {name: one for name, one in chosen.items() if name not in left_out}


def tell(held: Mapping[str, Pause], what: str) -> None:
    """Say on stderr which pauses hold how many collectors, and how to end them."""
    by_pause = sorted((pause.shown, name) for name, pause in held.items())
    for shown, group in groupby(by_pause, itemgetter(0)):
        some = [name for _, name in group]
        which = some[0] if len(some) == 1 else f"{len(some)} collectors"
        click.echo(f"{which} {what}: {held[some[0]]}; go on with: resume {shown}", err=True)


def _named(names: Sequence[str], labels: Sequence[str], sources: Sequence[str]) -> list[Named]:
    return [
        *(("collector", pattern_of(name)) for name in names),
        *(("label", label) for label in labels),
        *(("source", source) for source in sources),
    ]


def _check(configuration: Configuration, named: Iterable[Named]) -> None:
    """Refuse, as a mistake of usage, what fits nothing."""
    for kind, name in named:
        if kind == "collector":
            choose(configuration, [name])
        elif kind == "label":
            choose(configuration, [], [name])
        elif name not in configuration.sources:
            raise click.UsageError(f"no source is called {name!r}; 'sources' lists them")


def _fitting(configuration: Configuration, named: Sequence[Named]) -> list[Collector]:
    """Give the collectors that any of this means."""
    of_it = [Pause(kind=kind, name=name, since=0, who="", reason="") for kind, name in named]
    every = configuration.collectors.values()
    return [one for one in every if any(pause.holds(one) for pause in of_it)]


def _of(pause: Pause) -> Named:
    return pause.kind, pause.name


def _row(configuration: Configuration, pause: Pause) -> dict[str, object]:
    every = configuration.collectors.values()
    return {
        "kind": pause.kind,
        "name": pause.name,
        "collectors": sum(pause.holds(one) for one in every),
        "since": moment(pause.since),
        "who": pause.who,
        "reason": pause.reason or None,
    }
