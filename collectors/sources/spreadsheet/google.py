"""Figures in a Google Sheet, read whole when they change: a spreadsheet that is kept at Google.

A column of dates, and a header of two rows under a title::

    source: google-sheets
    schedule: daily
    period: month
    query:
      google_sheet: https://docs.google.com/spreadsheets/d/1Qz8r3ZkXn4VvT7b9LwYcU2sPqRtEaHdGfJm5oIxK0AB/edit
      sheet: Crossings
      header: [2, 3]
      date: Month
      measures: {Cars Cash: cars_cash, Cars Card: cars_card}

All keys but the first are those of the source spreadsheet, and mean the same:

================  ================================================================================
``google_sheet``  the sheet's address, or the id in it
``sheet``         a tab's name, or its number from the left, hidden ones counted; else the first
``header``        the row, or rows, of the columns' names
``where``         only rows that have these texts
``date``          long: the column that holds the period
``columns``       wide: patterns for the columns' names, with a group ``period``
``measures``      which columns, or captured texts, become which measure
``measure``       wide, without a group ``measure``: the name of the only measure
``dimensions``    columns to keep as text
``labels``        what the labels of periods mean: ``shift``, ``span``, ``meaning``,
                  ``financial_year``, ``dates``
``unknown``       more texts that mean that nobody knows
================  ================================================================================

Cells come typed, as the sheet has them: a number is a number whatever its format, a percentage is
the fraction that is stored, and a number is a date where its format is one. A formula gives its
value. Truth values and errors such as ``#N/A`` are unknown, and told with their place.

It is asked for once for all collectors of a process, and again after a minute at the earliest.
Google does not tell readers whether a sheet has changed, so its cells are fetched each time; they
are collected again only if one of them differs.

The credential is that of google-analytics, unless the collector names another one. Its account
needs to be allowed to see the sheet (Share > Viewer), and its project the Google Sheets API.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from collectors.api import Context, Credential, Limits, Window
from collectors.api.google import GoogleCredential, project_of
from collectors.sources.spreadsheet.google_cells import Cells, Kept, SheetAtGoogle, quota_keys
from collectors.sources.spreadsheet.sheet import Sheet
from collectors.sources.spreadsheet.sheets import sheet_table
from collectors.sources.spreadsheet.table import Table
from collectors.sources.spreadsheet.tables import Tables

__all__ = ["GoogleSheets"]

_ADDRESS = re.compile(
    r"(?:https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/)?([\w-]{20,})(?:[/?#].*)?", re.ASCII
)


def _id(text: str) -> str:
    match = _ADDRESS.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is no Google Sheet: write its address, https://docs.google.com/spreadsheets/"
            "d/…/edit, or the id in it"
        )
    return match[1]


class GoogleSheets(Sheet):
    """Figures in a Google Sheet; the module is its manual page."""

    name: ClassVar[str] = "google-sheets"
    credential: ClassVar[type[Credential] | None] = GoogleCredential
    quota: ClassVar[str | None] = "google"
    credential_file: ClassVar[str | None] = "google-analytics"

    google_sheet: Annotated[str, AfterValidator(_id)]

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        """Give the keys of the project. Raises Refused without a key."""
        return quota_keys(project_of(credential), credential)

    def requests(self, window: Window) -> int:
        """Give two: what there is, and the cells of one tab."""
        return 2

    def revision(self, context: Context) -> str:
        """Give a text that changes whenever a cell does. Raises as ``tables`` does."""
        return self._cells(context).revision

    def tables(self, context: Context) -> Tables:
        """Give the table in the sheet.

        Raises Unavailable, Unexpected, or Refused where it cannot be seen or has no such tab.
        """
        cells = self._cells(context)
        key = (self.google_sheet, cells.sheet, cells.revision, self.header_rows)

        def made() -> list[Table]:
            lines = [(number, list(line)) for number, line in cells.lines]
            return [sheet_table(cells.file, cells.sheet, lines, cells.merged, self.header_rows)]

        tables = context.shared.get(("google sheets table", *key), made)
        return Tables(cells.file, key, tables, context.shared)

    def _cells(self, context: Context) -> Cells:
        asked = SheetAtGoogle(context, self.google_sheet, self.sheet)
        key = ("google sheets cells", context.credential, self.google_sheet, self.sheet)
        kept: Kept = context.shared.get(key, Kept)
        return kept.get(asked)
