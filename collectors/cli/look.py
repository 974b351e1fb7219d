"""``list`` and ``show``: what is configured."""

from collections.abc import Sequence
from typing import Any

import click
import yaml
from pydantic import BaseModel

from collectors.cli import completing
from collectors.cli.choosing import choose, one_collector, usable
from collectors.cli.output import show_json, show_rows
from collectors.cli.settings import Settings
from collectors.config.model import Collector
from collectors.config.quantities import spell_duration


@click.command("list")
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Only those with this label.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_obj
def list_collectors(
    settings: Settings, names: Sequence[str], labels: Sequence[str], *, as_json: bool
) -> int:
    """List the collectors, or those with these NAMES, patterns or services."""
    configuration = usable(settings)
    if names or labels:
        chosen = list(choose(configuration, names, labels).values())
    else:
        chosen = [one for _, one in sorted(configuration.collectors.items())]
    rows = [_row(one) for one in chosen]
    show_rows(rows, as_json=as_json, empty="no collectors; see docs for how to add a service")
    return 1 if configuration.mistakes else 0


@click.command()
@click.argument("name", shell_complete=completing.collector_name)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def show(settings: Settings, name: str, *, as_json: bool) -> int:
    """Show the effective configuration of the collector NAME: profiles merged, defaults filled in.

    Secrets are shown as stars.
    """
    configuration = usable(settings)
    effective = _effective(one_collector(configuration, name))
    if as_json:
        show_json(effective)
    else:
        click.echo(yaml.safe_dump(effective, sort_keys=False, allow_unicode=True), nl=False)
    return 1 if configuration.mistakes else 0


def _row(collector: Collector) -> dict[str, Any]:
    return {
        "collector": collector.name,
        "source": collector.source.name,
        "schedule": collector.schedule.text,
        "period": str(collector.period),
        "data_set": str(collector.data_set),
        "labels": sorted(collector.labels),
        "enabled": collector.enabled,
    }


def _effective(collector: Collector) -> dict[str, Any]:
    mapping, expect = collector.mapping, collector.expect
    shown: dict[str, Any] = {
        "collector": collector.name,
        "said_in": str(collector.place),
        "title": collector.title,
        "description": collector.description,
        "source": collector.source.name,
        "query": collector.source.model_dump(mode="json", exclude_none=True, by_alias=True),
        "schedule": collector.schedule.text,
        "tick_zone": str(collector.tick_zone),
        "splay": spell_duration(collector.splay) if collector.splay else None,
        "period": str(collector.period),
        "zone": str(collector.zone),
        "data_set": str(collector.data_set),
        "credentials": collector.credentials,
        **_said(mapping),
        "units": dict(collector.units) or None,
        "since": collector.since.isoformat() if collector.since else None,
        "settle": spell_duration(collector.settle),
        "deadline": spell_duration(collector.deadline) if collector.deadline else None,
        "expect": _said(expect) if expect else None,
        "enabled": collector.enabled,
        "labels": sorted(collector.labels),
        "replace": collector.replace or None,
        "batch": collector.batch,
        "fingerprint": collector.fingerprint,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _said(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=True, by_alias=True)
