"""``read``: what a data set holds, embedded or through a read API."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import click
import orjson

from collectors.cli import completing
from collectors.cli.choosing import check_data_sets, one_data_set, one_target, usable
from collectors.cli.output import show_rows
from collectors.cli.settings import Settings
from collectors.clock import iso
from collectors.config.model import Target
from collectors.datasets import Query
from collectors.datasets.csv_lines import csv_lines
from collectors.errors import Unexpected

ROWS = 20
"""How many rows a table shows where no limit was given; CSV and JSON are whole."""
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.command()
@click.argument("data_set", shell_complete=completing.data_sets)
@click.option("--start", type=MOMENT, help="From this time on (UTC): 2026-11-20 or with T06:00:00.")
@click.option("--end", type=MOMENT, help="Up to this time, exclusive.")
@click.option("--filter", "filters", multiple=True, help="field:value that must hold; repeatable.")
@click.option("--sort", help="A field to sort by; -field turns the order round.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option(
    "--target",
    "target_name",
    shell_complete=completing.targets,
    help="Read from this target, not from the first one.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print all of it as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
@click.pass_obj
def read(
    settings: Settings,
    data_set: str,
    start: datetime | None,
    end: datetime | None,
    filters: Sequence[str],
    sort: str | None,
    limit: int | None,
    target_name: str | None,
    *,
    as_csv: bool,
    as_json: bool,
) -> int:
    """Print what DATA_SET (<data-group>/<data-type>) holds, oldest first.

    A table shows the first 20 observations; --csv and --json print all.
    """
    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both")
    named = one_data_set(data_set)
    query = _query(start, end, filters, sort, limit)
    target = _target(settings, target_name)
    if target.url is None:
        with settings.data_sets() as data_sets:
            held = (str(one.data_set) for one in data_sets.summary())
            check_data_sets(settings.configuration, [data_set], held)
            _print(data_sets.read(named, query), as_csv=as_csv, as_json=as_json, limit=limit)
    else:
        records = _fetch(settings, f"{target.url.rstrip('/')}/{named}", query)
        _print(records, as_csv=as_csv, as_json=as_json, limit=limit)
    return 0


def _query(
    start: datetime | None,
    end: datetime | None,
    filters: Sequence[str],
    sort: str | None,
    limit: int | None,
) -> Query:
    pairs = []
    for one in filters:
        field, colon, value = one.partition(":")
        if not colon:
            raise click.UsageError(f"--filter takes field:value, not {one!r}")
        pairs.append((field, {"true": True, "false": False}.get(value, value)))
    try:
        return Query(
            start_at=start.replace(tzinfo=UTC) if start else None,
            end_at=end.replace(tzinfo=UTC) if end else None,
            filter_by=tuple(pairs),
            sort_by=sort.removeprefix("-") if sort else None,
            descending=bool(sort and sort.startswith("-")),
            limit=limit,
        )
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc


def _target(settings: Settings, name: str | None) -> Target:
    targets = usable(settings).platform.targets
    return targets[0] if name is None else one_target(targets, name)


def _fetch(settings: Settings, url: str, query: Query) -> Iterator[Mapping[str, Any]]:
    """Ask a read API for raw records; see the platform's documents for its parameters."""
    params: list[tuple[str, str]] = [
        ("filter_by", f"{field}:{_spelt(value)}") for field, value in query.filter_by
    ]
    if query.start_at is not None:
        params.append(("start_at", iso(query.start_at)))
    if query.end_at is not None:
        params.append(("end_at", iso(query.end_at)))
    if query.sort_by is not None:
        direction = "descending" if query.descending else "ascending"
        params.append(("sort_by", f"{query.sort_by}:{direction}"))
    if query.limit is not None:
        params.append(("limit", str(query.limit)))
    answer = settings.http().get(f"{url}?{urlencode(params)}" if params else url).json()
    records = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise Unexpected(f"{url} is no read API: its answer has no list of data")
    yield from records


def _spelt(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _print(
    records: Iterable[Mapping[str, Any]], *, as_csv: bool, as_json: bool, limit: int | None
) -> None:
    if as_csv:
        sys.stdout.writelines(csv_lines(records, by_name=False, end="\n"))
    elif as_json:
        _print_json(records)
    else:
        shown = list(islice(records, limit or ROWS))
        show_rows(_aligned(shown), as_json=False, empty="it holds no such observations", raw=True)
        if limit is None and len(shown) == ROWS:
            click.echo(f"the first {ROWS}; --csv or --json prints all", err=True)


def _print_json(records: Iterable[Mapping[str, Any]]) -> None:
    separator = "["
    for record in records:
        sys.stdout.write(separator + "\n" + orjson.dumps(record).decode())
        separator = ","
    sys.stdout.write("[]\n" if separator == "[" else "\n]\n")


def _aligned(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give rows for a table: the same columns in each, without what can be seen elsewhere."""
    hidden = ("_id", "_updated_at", "dataType")
    names = dict.fromkeys(
        name
        for record in records
        for name in record
        if name not in hidden and not name.endswith("_start_at")
    )
    return [{name: record.get(name) for name in names} for record in records]
