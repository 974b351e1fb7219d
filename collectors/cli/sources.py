"""``sources``: which sources there are, and the manual page of one."""

from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from collectors.api import Document, Period, Source
from collectors.cli.completing import source_names
from collectors.cli.output import console, show_json, show_rows
from collectors.cli.settings import Settings
from collectors.config.json_schema import described, query
from collectors.config.json_schema_fields import Key, keys_of
from collectors.config.suggestions import hint
from collectors.errors import ConfigError
from collectors.sources import Registry, manual, usable

_WIDEST = 100
_CODE = "`[^`]+`"


@click.command("sources")
@click.argument("name", required=False, shell_complete=source_names)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def list_sources(settings: Settings, name: str | None, *, as_json: bool) -> int:
    """List the sources, or show the manual page of the source NAME."""
    if name is None:
        return _list(settings, as_json=as_json)
    known = settings.configuration.sources
    if name not in known:
        raise click.UsageError(f"no source is called {name!r}{hint(name, known)}")
    source = known[name]
    asked, login = _keys(name, source)
    if as_json:
        pieces = manual.blocks(source)
        show_json(
            {
                **_row(settings, name, source),
                "manual": manual.page(source),
                "samples": [block.sample for block in pieces if block.sample],
                "query": asked,
                "login": login,
            }
        )
    else:
        _show(source, asked, login)
    return 0


def _list(settings: Settings, *, as_json: bool) -> int:
    found, wrong = usable(settings.configuration.sources)
    files = [one for one in settings.configuration.mistakes if one.file.endswith(".py")]
    rows = [_row(settings, name, source) for name, source in found.items()]
    if as_json:
        broken = [_broken(settings, name, problem) for name, problem in wrong.items()]
        broken += [{"source": None, "from": one.file, "reason": str(one)} for one in files]
        show_json({"sources": rows, "broken": broken})
    else:
        _list_rows(rows)
        for problem in (*wrong.values(), *files):
            click.echo(str(problem), err=True)
    return 1 if wrong or files else 0


def _list_rows(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row |= {name: ", ".join(row[name]) for name in ("periods", "credential")}
    show_rows(rows, as_json=False, empty="no sources")


def _row(settings: Settings, name: str, source: type[Source]) -> dict[str, Any]:
    return {
        "source": name,
        "what": manual.title(source),
        "read": "document" if issubclass(source, Document) else "windows",
        "periods": [str(one) for one in Period if one in source.periods],
        "credential": list(source.credential.model_fields) if source.credential else [],
        "from": _origin(settings, name),
    }


def _broken(settings: Settings, name: str, problem: ConfigError) -> dict[str, str | None]:
    return {"source": name, "from": _origin(settings, name), "reason": str(problem)}


def _origin(settings: Settings, name: str) -> str:
    sources = settings.configuration.sources
    return sources.origin(name) if isinstance(sources, Registry) else "built in"


def _keys(name: str, source: type[Source]) -> tuple[list[Key], list[Key]]:
    login = keys_of(described(source.credential)) if source.credential else []
    return keys_of(query(name, source, manual)), login


def _show(source: type[Source], asked: list[Key], login: list[Key]) -> None:
    out = console()
    for piece in _pieces(source, {f"`{key.name}`" for key in asked}):
        out.print(piece, width=min(out.width, _WIDEST))
        click.echo()
    file = f"credentials/{source.credential_file or source.name}.yaml"
    for title, keys in (("query", asked), (file, login)):
        if keys:
            click.echo(f"{title}:")
            show_rows(list(_rows(keys)), as_json=False, empty="")
            click.echo()


def _pieces(source: type[Source], keys: set[str]) -> Iterator[Text | Table]:
    """Give the manual; a table of nothing but ``keys`` is left out, for they are told with more."""
    yield _grid(manual.facts(source).items())
    for block in manual.blocks(source):
        if block.text:
            text = Text(" ".join(block.text.split()))
            text.highlight_regex(_CODE, "bold")
            yield text
        if block.sample:
            yield Text(indent(block.sample, "    "), no_wrap=True, overflow="ignore")
        if block.rows and not {name for name, _ in block.rows} <= keys:
            yield _grid(block.rows)


def _grid(rows: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, text in rows:
        grid.add_row(Text(name.strip("`")), Text(text))
    return grid


def _rows(keys: Iterable[Key]) -> list[dict[str, Any]]:
    return [
        {
            "key": key.name,
            "kind": key.kind.replace("`", ""),
            "default": "required" if key.required else key.default,
            "what": key.text,
        }
        for key in keys
    ]
