"""``explain``: what is missing of a collector, why, and what happens next and when."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import click

from collectors.cli import completing
from collectors.cli.choosing import choose, pattern_of, usable
from collectors.cli.explained import lines
from collectors.cli.explained_json import as_json_takes_it
from collectors.cli.output import show_json
from collectors.cli.settings import Settings
from collectors.config.model import Configuration
from collectors.standing.broken import broken_by
from collectors.standing.explaining import explanations
from collectors.store import Store


@click.command()
@click.argument("names", nargs=-1, required=True, shell_complete=completing.collector_names)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def explain(settings: Settings, names: Sequence[str], *, as_json: bool) -> int:
    """Tell what is missing of the collectors with these NAMES, why, and what happens next.

    A name may be a collector, a service, or a pattern, also of what is turned off, broken or not
    configured any more. No source is asked. Exits with 1 if something is missing or late.
    """
    configuration = usable(settings)
    with settings.store() as store, settings.look_only(store) as parts:
        wanted = dict.fromkeys(one for name in names for one in _meant(configuration, store, name))
        found = explanations(parts, configuration, wanted)
    if as_json:
        show_json([as_json_takes_it(one) for one in found])
    else:
        click.echo("\n\n".join("\n".join(lines(one)) for one in found))
    return 1 if any(one.is_wrong for one in found) else 0


def _meant(configuration: Configuration, store: Store, name: str) -> Iterator[str]:
    """Give the collectors that a name means; if no file has such, those that the store knows."""
    pattern = pattern_of(name)
    named = {*configuration.collectors, *configuration.left_out}
    found = [one for one in named if fnmatchcase(one, pattern) and not one.endswith("*")]
    known = found or [one for one in store.view.latest_runs() if fnmatchcase(one, pattern)]
    if not known and "/" in name and broken_by(configuration, name):
        known = [name]
    if not known:
        choose(configuration, [name])
    yield from sorted(known)
