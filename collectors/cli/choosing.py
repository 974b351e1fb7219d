"""Which collectors a command is about, and what to do about files that are wrong."""

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

import click

from collectors.cli.settings import Settings
from collectors.config.model import Collector, Configuration


def usable(settings: Settings) -> Configuration:
    """Give the configuration; its mistakes are told on stderr, and what they touch is left out."""
    configuration = settings.configuration
    for mistake in configuration.mistakes:
        click.echo(str(mistake), err=True)
    if configuration.mistakes:
        count = len(configuration.mistakes)
        click.echo(f"{count} mistakes: what they touch is left out; see 'validate'", err=True)
    return configuration


def choose(
    configuration: Configuration, names: Sequence[str], labels: Sequence[str] = ()
) -> dict[str, Collector]:
    """Give the enabled collectors with one of these names (or patterns) and all these labels.

    Without names it is all of them. A name that fits nothing is a mistake of usage.
    """
    chosen: dict[str, Collector] = {}
    for name in names or ("*",):
        found = _fitting(configuration, name)
        if not found and names:
            raise click.UsageError(_unknown(configuration, name))
        chosen |= found
    return {
        name: one
        for name, one in sorted(chosen.items())
        if one.enabled and set(labels) <= one.labels
    }


def one_collector(configuration: Configuration, name: str) -> Collector:
    """Give the collector of this very name, whether enabled or not."""
    collector = configuration.collectors.get(name)
    if collector is None:
        raise click.UsageError(_unknown(configuration, name))
    return collector


def _fitting(configuration: Configuration, name: str) -> dict[str, Collector]:
    pattern = name if "/" in name or "*" in name else f"{name}/*"
    return {
        known: one for known, one in configuration.collectors.items() if fnmatchcase(known, pattern)
    }


def _unknown(configuration: Configuration, name: str) -> str:
    services = {known.partition("/")[0] for known in configuration.collectors}
    near = get_close_matches(name, [*configuration.collectors, *services], n=3)
    hint = f": did you mean {' or '.join(near)}?" if near else "; 'list' shows what there is"
    return f"no collector is called {name!r}{hint}"
