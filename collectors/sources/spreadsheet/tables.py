"""The tables of a document: read once, and shared by every collector of the process."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from collectors.api import Shared
from collectors.sources.spreadsheet.files import Origin, together
from collectors.sources.spreadsheet.formats import Format, read_table
from collectors.sources.spreadsheet.table import Row, Table

ByText = Mapping[str, Sequence[Row]]
"""The rows of one table by the text that one of its columns holds."""


@dataclass(frozen=True)
class Tables:
    """The tables of the files of a document; ``key`` is what makes them this revision's."""

    place: str
    key: tuple[Hashable, ...]
    tables: Sequence[Table]
    shared: Shared

    def by_text(self, column: str) -> Sequence[ByText]:
        """Give the rows of each table by what a column holds; Refused where one lacks it."""
        found: Sequence[ByText] = self.shared.get(
            ("spreadsheet rows", *self.key, column),
            lambda: [table.by_text(table.position(column)) for table in self.tables],
        )
        return found


def read_tables(origin: Origin, said: Format, shared: Shared) -> Tables:
    """Give the tables of a document as it is now. Raises what its origin and format raise."""
    parts = origin.parts()
    key = (origin.place, together(parts), said)
    tables: Sequence[Table] = shared.get(
        ("spreadsheet table", *key),
        lambda: [read_table(origin.content(part), said) for part in parts],
    )
    return Tables(origin.place, key, tables, shared)
