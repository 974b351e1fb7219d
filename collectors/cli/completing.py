"""What the shell offers while a name is being typed.

Only files are looked at, and nothing is said: whoever types wants names, or nothing.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from collectors.cli.settings import Settings, World
from collectors.config.model import Collector
from collectors.sources import registry

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
"""What click asks for the values that begin with what has been typed."""


def _offer(names: Callable[[Settings], Iterable[str]]) -> Offer:
    def offer(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        known = sorted(set(names(_settings(context))))
        return [CompletionItem(name) for name in known if name.startswith(typed)]

    return offer


def _settings(context: click.Context) -> Settings:
    """Give what the global options come to; no command has run, so none has made it yet."""
    said = context.find_root().params
    config, credentials = (Path(said.get(name) or name) for name in ("config", "credentials"))
    world = context.find_object(World) or World(sources=registry())
    return Settings(world, config, credentials, None)


def _collectors(settings: Settings) -> Iterable[Collector]:
    return settings.configuration.collectors.values()


_anything = _offer(lambda s: [name for c in _collectors(s) for name in (c.name, c.service)])


def collector_names(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Offer services and, once it is clear which is meant, its collectors."""
    offered = _anything(context, parameter, typed)
    services = [one for one in offered if "/" not in one.value]
    return services if len(services) > 1 else offered


collector_name = _offer(lambda settings: (one.name for one in _collectors(settings)))
data_sets = _offer(lambda settings: (str(one.data_set) for one in _collectors(settings)))
labels = _offer(lambda settings: (label for one in _collectors(settings) for label in one.labels))
targets = _offer(lambda settings: (one.name for one in settings.configuration.platform.targets))
source_names = _offer(lambda settings: settings.configuration.sources)
