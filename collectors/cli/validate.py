"""``validate``: every mistake of every file, and nothing but files."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click

from collectors.api import Document
from collectors.cli.output import show_json
from collectors.cli.settings import Settings
from collectors.errors import Mistake, StoreError


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as JSON.")
@click.pass_obj
def validate(settings: Settings, path: Path | None, *, as_json: bool) -> int:
    """Check all files and list every mistake, as file:line:column: what is wrong.

    PATH is another configuration directory. Nothing but files is looked at, never the network.
    Where there is a state database file, a history that was collected differently from what the
    files say now is told, with how to redo it. Exits with 2 if there is a mistake.
    """
    if path is not None:
        settings = replace(settings, config=path)
    configuration = settings.configuration
    warnings = [*configuration.warnings, *settings.vault.exposed(), *_differences(settings)]
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


def _differences(settings: Settings) -> Iterator[Mistake]:
    """Tell whose query, mapping or identity has changed since its history was collected."""
    try:
        known = settings.fingerprints()
    except StoreError as exc:
        yield Mistake(str(settings.config), 1, 1, str(exc))
        return
    for name, collector in settings.configuration.collectors.items():
        if isinstance(collector.source, Document):
            continue
        if known.get(name, set()) - {collector.fingerprint}:
            place = collector.place
            message = (
                f"the history of {name!r} was collected differently; to redo it: "
                f"run {name} --start DAY --end DAY"
            )
            yield Mistake(place.file, place.line, place.column, message)


def _tell(mistakes: Sequence[Mistake], warnings: Sequence[Mistake]) -> None:
    for warning in warnings:
        click.echo(f"{warning.file}:{warning.line}:{warning.column}: warning: {warning.message}")
    for mistake in mistakes:
        click.echo(str(mistake))
