"""``new``: files to begin with, which work as they are."""

from keyword import iskeyword
from pathlib import Path
from re import fullmatch, sub
from shlex import quote
from textwrap import indent

import click

import collectors
from collectors.cli import scaffold
from collectors.cli.completing import source_names
from collectors.cli.settings import Settings
from collectors.config.files import NAME
from collectors.config.suggestions import hint
from collectors.sources import manual


@click.group()
def new() -> None:
    """Write files to begin with, which work as they are."""


@new.command("source")
@click.argument("name")
@click.option(
    "--to",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write into; platform.yaml's source_path, or config/sources, if not said.",
)
@click.pass_obj
def new_source(settings: Settings, name: str, directory: Path | None) -> int:
    """Write the source NAME, a recorded reply, and a test that passes.

    It asks a made-up API for a figure a day: change what it asks for, how it reads the reply, and
    the recorded reply. Nothing that is there is overwritten.
    """
    module = name.replace("-", "_")
    if not fullmatch(NAME, name) or not module.isidentifier() or iskeyword(module):
        message = f"{name!r} is no name: use small letters, digits and hyphens, a letter first"
        raise click.UsageError(message)
    if name in settings.configuration.sources:
        raise click.UsageError(f"there is a source {name!r} already; see 'sources'")
    known = settings.configuration.platform.source_path
    folder = directory or settings.config / (known or "sources")
    _write({folder / place: text for place, text in scaffold.source(name).items()})
    if directory is None and known is None:
        path = settings.config / "platform.yaml"
        click.echo(f"add this line to {path}: source_path: sources", err=True)
    click.echo(f"to test it: {_test_command(folder / 'tests')}", err=True)
    return 0


@new.command("service")
@click.argument("name")
@click.option(
    "--source",
    default="spreadsheet",
    show_default=True,
    shell_complete=source_names,
    help="The source of its collectors.",
)
@click.pass_obj
def new_service(settings: Settings, name: str, source: str) -> int:
    """Write the file of the service NAME, from the sample in the manual of a source."""
    if not fullmatch(NAME, name):
        raise click.UsageError(f"{name!r} is no name: use small letters, digits and hyphens")
    known = settings.configuration.sources
    if source not in known:
        raise click.UsageError(f"no source is called {source!r}{hint(source, known)}")
    samples = [block.sample for block in manual.blocks(known[source])]
    text = next(filter(None, (_service(name, one) for one in samples)), None)
    if text is None:
        raise click.ClickException(f"the manual of {source} has no sample of a collector")
    path = settings.config / "services" / f"{name}.yaml"
    _write({path: f"{text.rstrip()}\n"})
    click.echo(f"change its query; 'sources {source}' tells what it may hold", err=True)
    return 0


def _test_command(tests: Path) -> str:
    """Give what to type in the current directory; pytest imports the program from there."""
    root = Path(collectors.__file__).resolve().parent.parent
    where = "" if Path.cwd().samefile(root) else f"PYTHONPATH={quote(str(root))} "
    return f"{where}python -m pytest {quote(str(tests))}"


def _service(name: str, sample: str) -> str | None:
    """Make the file of a service of a sample, where that is one or is a collector."""
    if sample.startswith("service:"):
        return sub("^service: .*", f"service: {name}", sample, count=1)
    if sample.startswith("source:"):
        return f"service: {name}\ncollectors:\n  figures:\n{indent(sample, '    ')}"
    return None


def _write(files: dict[Path, str]) -> None:
    for path in files:
        if path.exists():
            raise click.ClickException(f"{path} is there already: nothing was written")
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as exc:
            raise click.ClickException(f"{path} cannot be written: {exc.strerror}") from exc
        click.echo(path)
