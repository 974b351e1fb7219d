"""Which collectors a command is about, and what to do about files that are wrong."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from re import fullmatch

import click

from collectors.cli.settings import Settings
from collectors.config.files import NAME
from collectors.config.model import Collector, Configuration, Target
from collectors.values import DataSet, counted


def usable(settings: Settings) -> Configuration:
    """Give the configuration; its mistakes are told on stderr, and what they touch is left out."""
    configuration = settings.configuration
    for mistake in configuration.mistakes:
        click.echo(str(mistake), err=True)
    if configuration.mistakes:
        count = len(configuration.mistakes)
        said = counted(count, "mistake: what it touches", "mistakes: what they touch")
        click.echo(f"{said} is left out; see 'validate'", err=True)
    return configuration


def choose(
    configuration: Configuration,
    names: Sequence[str],
    labels: Sequence[str] = (),
    *,
    broken_too: bool = False,
) -> dict[str, Collector]:
    """Give the enabled collectors with one of these names (or patterns) and all these labels.

    Without names it is all of them. A name or label that fits nothing is a mistake of usage; with
    ``broken_too`` a name may also be that of a collector whose file is broken.
    """
    _check_labels(configuration, labels)
    chosen: dict[str, Collector] = {}
    for name in names or ("*",):
        found = _fitting(configuration, name)
        is_broken = broken_too and any(fits(one, [name]) for one in configuration.left_out)
        if not found and names and not is_broken:
            raise _unknown(configuration, name)
        chosen |= found
    return {
        name: one
        for name, one in sorted(chosen.items())
        if one.enabled and set(labels) <= one.labels
    }


def fits(known: str, names: Sequence[str]) -> bool:
    """Tell whether one of these names means a collector, or all those of a file (``name/*``)."""
    return any(
        fnmatchcase(known, pattern_of(name)) or (known.endswith("*") and fnmatchcase(name, known))
        for name in names
    )


def pattern_of(name: str) -> str:
    """Give what names of collectors must fit: a service means all of its collectors."""
    return name if "/" in name or "*" in name else f"{name}/*"


def one_collector(configuration: Configuration, name: str) -> Collector:
    """Give the collector of this very name, whether enabled or not."""
    collector = configuration.collectors.get(name)
    if collector is None:
        raise _unknown(configuration, name)
    return collector


def one_data_set(name: str) -> DataSet:
    """Read ``<data-group>/<data-type>``; anything else is a mistake of usage."""
    if not fullmatch(f"{NAME}/{NAME}", name):
        raise click.UsageError(f"{name!r} is not <data-group>/<data-type>")
    return DataSet.parse(name)


def one_target(targets: Sequence[Target], name: str) -> Target:
    """Give the target of this name; another one is a mistake of usage."""
    for target in targets:
        if target.name == name:
            return target
    known = ", ".join(one.name for one in targets)
    raise click.UsageError(f"no target is called {name!r}; there are: {known}")


def check_data_sets(
    configuration: Configuration, names: Iterable[str], held: Iterable[str] = ()
) -> None:
    """Refuse, as a mistake of usage, what no collector writes to and is not ``held`` either."""
    known = {str(one.data_set) for one in configuration.collectors.values()} | set(held)
    for name in names:
        if name not in known:
            raise click.UsageError(f"no data set is called {name!r}{_meant(name, known)}")


def check_collectors(
    configuration: Configuration, names: Iterable[str], known: Iterable[str] = ()
) -> None:
    """Refuse, as a mistake of usage, what no collector is called and is not ``known`` either."""
    held = set(known)
    for name in names:
        if name not in configuration.collectors and name not in held:
            raise _unknown(configuration, name)


def _check_labels(configuration: Configuration, labels: Iterable[str]) -> None:
    known = {label for one in configuration.collectors.values() for label in one.labels}
    for label in labels:
        if label not in known:
            raise click.UsageError(f"no collector has the label {label!r}{_meant(label, known)}")


def _fitting(configuration: Configuration, name: str) -> dict[str, Collector]:
    pattern = pattern_of(name)
    return {
        known: one for known, one in configuration.collectors.items() if fnmatchcase(known, pattern)
    }


def _unknown(configuration: Configuration, name: str) -> click.UsageError:
    name = name.removesuffix("/*")
    services = {known.partition("/")[0] for known in configuration.collectors}
    meant = _meant(name, {*configuration.collectors, *services})
    return click.UsageError(f"no collector is called {name!r}{meant}")


def _meant(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=3)
    return f": did you mean {' or '.join(near)}?" if near else "; 'list' shows what there is"
