"""Exports of Feedback Explorer: CSV, row by row. Nothing of a comment is kept, or ever told."""

import csv
import re
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import TextIO

from collectors.api import Refused, Unavailable
from collectors.sources.satisfaction.tally import AGGREGATED, SINGLE, Day, Service, counted

COLUMNS = (
    "creation date",
    "path or service name",
    "feedback",
    "service satisfaction rating",
    "browser name",
    "browser version",
    "browser platform",
    "user agent",
    "referrer",
    "type",
)
"""Those that tell one row from another; the organisations of a page may change."""

_CREATED = re.compile(r"(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d", re.ASCII)
_AGGREGATED = re.compile(r"Rating of ([1-5]): (\d{1,9})", re.ASCII)
_KEY = secrets.token_bytes(16)


@dataclass
class Seen:
    """Tells rows that an earlier file had too from others, also where a file has equal rows.

    It keeps hashes that mean nothing outside of this process.
    """

    _before: Counter[bytes] = field(default_factory=Counter)
    _here: Counter[bytes] = field(default_factory=Counter)

    def is_new(self, cells: Sequence[str]) -> bool:
        """Tell whether no earlier file had this row, or not as often as this one."""
        mark = blake2b("\0".join(cells).encode(), digest_size=8, key=_KEY).digest()
        self._here[mark] += 1
        return self._here[mark] > self._before[mark]

    def next_file(self) -> None:
        """Begin another file."""
        self._before |= self._here
        self._here = Counter()


@dataclass
class Exports:
    """All exports of a document, file by file; rows that ``several`` of them have count once."""

    several: bool = True
    _days: dict[str, dict[date, Day]] = field(default_factory=dict)
    _seen: Seen = field(default_factory=Seen)

    def read(self, file: str, text: TextIO) -> None:
        """Count the rows of a file; ``file`` names it. Raises Unavailable and Refused."""
        self._seen.next_file()
        rows = _rows(file, text)
        _, header = next(rows, (0, []))
        positions = _positions(file, header)
        for number, row in rows:
            if len(row) != len(header):
                raise Refused(
                    f"{file}: row {number} has {len(row)} cells of {len(header)}; export it again"
                )
            cells = [row[position] for position in positions]
            if cells[-1] in {SINGLE, AGGREGATED}:
                self._add(f"{file}: row {number}", cells)

    def services(self) -> dict[str, Service]:
        """Give every service by its slug."""
        return {slug: counted(days) for slug, days in self._days.items()}

    def _add(self, where: str, cells: Sequence[str]) -> None:
        created, name, text, rating, *_, kind = cells
        day = self._day(where, created, name)
        if rating not in {"1", "2", "3", "4", "5"}:
            day.problem = f"{where}: the rating is none of 1 to 5"
        elif kind == AGGREGATED:
            _aggregate(day, where, name, rating, text)
        elif not self.several or self._seen.is_new(cells):
            day.add_single(int(rating), commented=bool(text.strip()))

    def _day(self, where: str, created: str, name: str) -> Day:
        """Give the day and service of a row. A path ends in the slug of its service."""
        match = _CREATED.fullmatch(created)
        try:
            day = date.fromisoformat(match[1] if match else "")
        except ValueError:
            raise Refused(
                f"{where}: the creation date is not written like 2026-11-20 09:12:44"
            ) from None
        slug = name.rpartition("/")[2]
        return self._days.setdefault(slug, {}).setdefault(day, Day())


def _positions(file: str, header: Sequence[str]) -> list[int]:
    names = [name.strip() for name in header]
    absent = [name for name in COLUMNS if names.count(name) != 1]
    if absent:
        raise Refused(
            f"{file}: has no column {', '.join(map(repr, absent))}, or more than one; it is no "
            "export of Feedback Explorer, or that has changed"
        )
    return [names.index(name) for name in COLUMNS]


def _aggregate(day: Day, where: str, path: str, rating: str, text: str) -> None:
    match = _AGGREGATED.fullmatch(text)
    if match is None or match[1] != rating:
        day.problem = f"{where}: the feedback is not like 'Rating of {rating}: 37'"
    elif not day.add_aggregated(path, int(rating), int(match[2])):
        day.problem = f"{where}: an earlier row has another count of rating {rating}"


def _rows(file: str, text: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Give the rows that are not blank with their numbers; a row of several lines is one."""
    ends = _Ends(text)
    reader = csv.reader(ends, strict=True)
    number, width = 0, 0
    try:
        for number, row in enumerate(reader, 1):
            width = width or len(row)
            if len(row) < width and row and not ends.ended:
                raise Unavailable(f"{file}: ends in the middle of row {number}; write it whole")
            if any(row):
                yield number, row
    except csv.Error as exc:
        if "unexpected end of data" in str(exc):
            message = f"{file}: ends inside the quotes of row {number + 1}; write it whole"
            raise Unavailable(message) from None
        raise Refused(f"{file}: row {number + 1} is not CSV: {exc}") from None
    except UnicodeDecodeError:
        raise Refused(f"{file}: is not UTF-8 after row {number}; export it again") from None
    if not number:
        raise Unavailable(f"{file}: is empty; write it whole")


class _Ends(Iterator[str]):
    """The lines of a text; ``ended`` tells whether the last one was whole."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.ended = True

    def __next__(self) -> str:
        line = next(self._text)
        self.ended = line.endswith(("\n", "\r"))
        return line
