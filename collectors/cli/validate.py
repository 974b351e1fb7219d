"""``validate``: every mistake of every file, and nothing but files."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click

from collectors.cli.output import show_json
from collectors.cli.settings import Settings
from collectors.errors import Mistake


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as JSON.")
@click.pass_obj
def validate(settings: Settings, path: Path | None, *, as_json: bool) -> int:
    """Check all files and list every mistake, as file:line:column: what is wrong.

    PATH is another configuration directory. Nothing but files is looked at, never the network.
    Exits with 2 if there is a mistake.
    """
    if path is not None:
        settings = replace(settings, config=path)
    configuration = settings.configuration
    warnings = [*configuration.warnings, *settings.vault.exposed()]
    if as_json:
        show_json(
            {
                "mistakes": list(map(asdict, configuration.mistakes)),
                "warnings": list(map(asdict, warnings)),
                "collectors": sorted(configuration.collectors),
            }
        )
    else:
        _tell(configuration.mistakes, warnings)
        if not configuration.mistakes:
            services = {one.service for one in configuration.collectors.values()}
            count = len(configuration.collectors)
            click.echo(f"no mistakes; collectors: {count}, services: {len(services)}")
    return 2 if configuration.mistakes else 0


def _tell(mistakes: Sequence[Mistake], warnings: Sequence[Mistake]) -> None:
    for warning in warnings:
        click.echo(f"{warning.file}:{warning.line}:{warning.column}: warning: {warning.message}")
    for mistake in mistakes:
        click.echo(str(mistake))
