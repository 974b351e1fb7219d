"""Answers on stdout: a table for people, JSON for programs."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collectors.clock import from_epoch
from collectors.config.quantities import spell_duration
from collectors.periods import spell_stretch
from collectors.values import Secret, counted

Row = Mapping[str, Any]

WIDEST = 10_000
"""Columns of a table that goes into a file or a pipe: a row is a line there, for grep."""


def show_rows(rows: Sequence[Row], *, as_json: bool, empty: str, raw: bool = False) -> None:
    """Print rows that share their keys; ``empty`` is said on stderr where there are none.

    A table's columns are named in words, or with ``raw`` as the keys are.
    """
    if as_json:
        show_json(rows)
        return
    if not rows:
        click.echo(empty, err=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        numeric = all(isinstance(row[name], int | float | None) for row in rows)
        table.add_column(
            name if raw else name.replace("_", " "),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=numeric,
        )
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    console().print(table)


def show_json(answer: Any) -> None:
    """Print one JSON document."""
    text = orjson.dumps(answer, default=_plain, option=orjson.OPT_INDENT_2)
    sys.stdout.write(text.decode() + "\n")


def console() -> Console:
    """Give the console that answers are printed on; off a terminal it is as wide as it needs."""
    return Console(width=None if sys.stdout.isatty() else WIDEST, highlight=False)


def moment(seconds: int | None) -> str | None:
    """Spell a time of the store for people and programs: ``2026-11-20T06:30:00Z``."""
    if seconds is None:
        return None
    return from_epoch(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def stretch(start: int, end: int) -> str:
    """Spell a stretch of time of the store."""
    return spell_stretch(from_epoch(start), from_epoch(end))


def roughly(seconds: float) -> str:
    """Spell how long something may take: ``about 3 hours``."""
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return f"about {counted(round(seconds / size), name)}"
    return "less than a minute"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(map(str, value))) or "-"
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return spell_duration(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Secret):
        return str(value)
    return str(value)
