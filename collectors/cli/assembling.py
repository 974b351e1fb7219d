"""From a configuration to the parts that are made of it, at the start and at every reload."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from collectors.config import Vault
from collectors.config.model import EMBEDDED, Configuration, Platform
from collectors.datasets import DataSets
from collectors.errors import ConfigError
from collectors.http_client import HttpClient
from collectors.runner import Parts
from collectors.sink.contract import Sink
from collectors.sink.embedded import EmbeddedSink
from collectors.sink.write_api import WriteApi


def sinks_of(
    platform: Platform, vault: Vault, http: HttpClient, data_sets: DataSets | None
) -> Mapping[str, Sink]:
    """Give the sink of each target; the embedded one only where its data sets are open."""
    sinks: dict[str, Sink] = {}
    for target in platform.targets:
        if target.url is None and data_sets is not None:
            sinks[target.name] = EmbeddedSink(data_sets, platform.data_sets)
        elif target.url is not None:
            token = partial(vault.token, target.tokens)
            sinks[target.name] = WriteApi(url=target.url, http=http, token=token)
    return sinks


def has_copy(platform: Platform) -> bool:
    """Tell whether the embedded data sets are a target."""
    return any(target.name == EMBEDDED for target in platform.targets)


def remade(configuration: Configuration, before: Parts) -> Parts:
    """Give the parts of another configuration; what is open stays open.

    Raises ConfigError where it needs what is opened at the start only.
    """
    platform = configuration.platform
    if has_copy(platform) and before.embedded is None:
        raise ConfigError(
            "the target 'embedded' was added to platform.yaml: it takes effect when the daemon is "
            "started again"
        )
    return replace(
        before,
        sinks=sinks_of(platform, before.vault, before.http, before.embedded),
        directory=configuration.directory,
        outbox_limit=platform.outbox_limit,
        has_copy=has_copy(platform),
        targets=platform.targets,
        collectors=configuration.collectors,
        quotas=platform.quotas,
    )


FIXED = ("state", "embedded", "workers", "synchronous")
"""What a platform says that takes effect at the start only."""


def fixed_changes(old: Platform, new: Platform) -> list[str]:
    """Name the keys of which a running daemon cannot follow the change."""
    return [key for key in FIXED if getattr(old, key) != getattr(new, key)]
