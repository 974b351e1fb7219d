"""``schema``: JSON Schemas of the files, for editors."""

import json
import os
from pathlib import Path
from typing import Any

import click

from collectors.cli.output import show_json
from collectors.cli.settings import Settings
from collectors.config.json_schema import KINDS
from collectors.config.json_schema import schema as schema_of
from collectors.sources import manual, usable

_FILES = {
    "platform": "platform.yaml",
    "profile": "profiles/*.yaml",
    "service": "services/*.yaml",
}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)), required=False)
@click.option(
    "--to",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the schemas of all kinds of file into this directory, or only that of KIND.",
)
@click.pass_obj
def schema(settings: Settings, kind: str | None, directory: Path | None) -> int:
    """Print the JSON Schema of one KIND of file, or write them all, for editors.

    With it an editor completes, explains and checks what is written. All installed sources take
    part.
    """
    if kind is None and directory is None:
        raise click.UsageError(f"name a kind ({', '.join(KINDS)}) or a directory with --to")
    sources, wrong = usable(settings.configuration.sources)
    for problem in wrong.values():
        click.echo(f"{problem}; it is left out", err=True)
    schemas = {one: schema_of(one, sources, manual) for one in ([kind] if kind else KINDS)}
    if directory is None:
        show_json(schemas[str(kind)])
    else:
        _write(schemas, directory)
        click.echo(_advice(settings, directory), err=True)
    return 1 if wrong else 0


def _write(schemas: dict[str, dict[str, Any]], directory: Path) -> None:
    for kind, one in schemas.items():
        path = directory / f"{kind}.json"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(one, indent=2, ensure_ascii=False) + "\n", "utf-8")
        except OSError as exc:
            raise click.ClickException(f"{path} cannot be written: {exc.strerror}") from exc
        click.echo(path)


def _advice(settings: Settings, directory: Path) -> str:
    files = {f"{directory / kind}.json": str(settings.config / one) for kind, one in _FILES.items()}
    connected = json.dumps({"yaml.schemas": files}, indent=2)
    services = Path(os.path.relpath(directory, settings.config / "services"))
    line = f"# yaml-language-server: $schema={services / 'service.json'}"
    return (
        f"for VS Code with its YAML extension, in .vscode/settings.json:\n{connected}\n"
        f"for any editor with the YAML language server, on top of a service:\n{line}"
    )
