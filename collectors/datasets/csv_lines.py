"""Rows of an answer as CSV, as the read API spells it."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any

import orjson

IN_MEMORY = 8_000_000
"""Bytes of rows beyond which they wait on disk: the columns are known only after the last row."""


def csv_lines(
    rows: Iterable[Mapping[str, Any]], *, by_name: bool = True, end: str = "\r\n"
) -> Iterator[str]:
    """Give the heading and a line for each row; nothing where there are no rows.

    Columns are in order of their names, or else as the rows have them. A cell is empty where the
    value is null or missing; True is ``true``; several values are a JSON list.
    """
    with SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
        names: dict[str, None] = {}
        for row in rows:
            names.update(dict.fromkeys(row))
            kept.write(orjson.dumps(row) + b"\n")
        kept.seek(0)
        columns = sorted(names) if by_name else list(names)
        writer = csv.writer(_Line(), lineterminator=end)
        if columns:
            yield writer.writerow(columns)
        for line in kept:
            row = orjson.loads(line)
            yield writer.writerow([_cell(row.get(name)) for name in columns])


class _Line:
    """A file that gives back what is written to it, as csv's writer then does."""

    def write(self, text: str) -> str:
        return text


def _cell(value: Any) -> Any:
    if isinstance(value, bool | list):
        return orjson.dumps(value).decode()
    return value
