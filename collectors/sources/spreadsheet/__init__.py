r"""Figures that people keep in a sheet: CSV or XLSX, a file or a URL, read whole when it changes.

Each row speaks of one period (a *long* sheet, with a column of dates)::

    source: spreadsheet
    schedule: daily
    period: quarter
    query:
      file: data/figures.csv                  # from the configuration directory
      where: {service: carers-allowance}      # only these rows; a list means any of them
      date: period                            # the column that says which period
      measures: {Volume: number_of_transactions}
      dimensions: {Channel: channel}          # columns to keep as text

or of many (a *wide* one, where the periods stand in the columns' names)::

    source: spreadsheet
    schedule: daily
    period: quarter
    query:
      file: data/services.csv
      where: {Slug: dwp-carers-allowance-new-claims}
      columns: '(?P<period>\d{4}-Q\d) (?P<measure>.+)'
      measures: {Vol.: number_of_transactions, CPT (£): cost_per_transaction}
      labels:
        shift: -4 quarters                    # the label is the quarter after the year it means
        span: year                            # … and the figures speak of a whole year
        meaning: {2012-Q4: April 2011 to March 2012}

or in a workbook, at a URL, with a header of two rows under a title::

    source: spreadsheet
    schedule: daily
    period: month
    query:
      file: https://figures.service.gov.uk/tolls.xlsx
      sheet: Crossings                        # its name, or its number
      header: [2, 3]                          # Cars over Cash becomes the column Cars Cash
      date: Month
      measures: {Cars Cash: cars_cash, Cars Card: cars_card}

===============  =================================================================================
``file``         a file, or a pattern of names such as ``data/feedex/*.csv``, relative to the
                 configuration directory; or a URL with ``http://`` or ``https://``
``sheet``        XLSX: the sheet's name, or its number from the left, hidden ones counted; else the
                 first
``header``       the row of the columns' names, or a list of rows that are joined by a space; else
                 the first row that is not blank. What stands above is not looked at
``where``        column to the value, or list of values, that its rows must have
``date``         long: the column that holds the period
``columns``      wide: a pattern, or a list of them, for whole column names, with a group
                 ``period`` and perhaps a group ``measure``; other columns are not looked at
``measures``     long: column to measure; wide: what ``measure`` captures to measure (the rest is
                 not wanted). A list stands for columns that are called like their measures
``measure``      wide, without a group ``measure``: the name of the only measure
``dimensions``   column to dimension, or a list of columns that are called like their dimensions
``labels``       what the labels of periods mean: ``shift`` (``-4 quarters``), ``span`` (``year``),
                 ``meaning`` (a label to another that it stands for; shift and span leave it
                 alone), ``financial_year`` (the month it begins in: ``april``), ``dates`` (how
                 dates are written, besides ISO: ``%d/%m/%Y``)
``unknown``      more texts that mean that nobody knows
``encoding``     CSV: ``auto``: what the server says, or UTF-8, with a byte order mark or without,
                 else Windows-1252
``delimiter``    CSV: ``auto``: comma, semicolon or tab, by the header; or one character
===============  =================================================================================

In a column's name a line break or a run of spaces counts as one space. Periods are written as
``2014-01-31``, ``2014-W05``, ``2014-01``, ``Jan 2014``, ``2014-Q1``, ``Q1 2014``, ``Jan - Mar
2014``, ``April 2013 to March 2014``, ``2013/14``, ``FY2013-14``, ``Q4 2013/14``, ``2014``. A date
stands for the collector's period in which it lies; anything longer than that period has a span.
Numbers are written as ``6,400,000``, ``£1.23``, ``12%`` (0.12), ``(5)`` (minus five). A blank,
``-``, ``..``, ``n/a`` and ``[not provided]`` mean that nobody knows; ``0`` means none.

A cell that cannot be read is told, with its file, row and column, and is unknown; the other cells
go on. Rows are numbered as a spreadsheet numbers them, and a record of several lines is one row. A
CSV row with too few cells is told and filled up with blanks; one with too many is told and left
out. A file that is missing, half-written, or without the rows or columns asked for changes nothing
of what was collected before.

Whether a file is CSV or XLSX is told by what is in it, not by its name. In a workbook numbers and
dates are what the file types them as: a percentage is the fraction that is stored, a date stands
for its day whatever ``dates`` says. A formula gives the value that was stored with it. Truth
values, errors such as ``#N/A``, and formulas without a stored value are unknown, and told as
``Sheet1!C7``. In the header the text of merged cells holds for all of their columns. Hidden rows
and columns are read; what has no column name above it is not. Macros are ignored and links not
followed. Files of more than 200 MB unpacked, 200 times their size, or ten million cells are
refused, and so are ``.xls``, ``.xlsb`` and ``.ods``.

All files whose names are like a pattern are one document, in the order of their names; ``**``
stands for any folders. Names that begin with a dot or ``~$`` are left out. Each file must have
every column that is asked for, and is refused by name where it has not; the rows asked for need
only be in one of them.

A URL is fetched once for all collectors of a process, and asked for again after a minute at the
earliest. ``ETag`` and ``Last-Modified`` are remembered, so that what has not changed costs no
download; without them it is downloaded each time, and collected again only if it differs. Redirects
are followed. The URL's query is never shown.

A private URL needs a credential, which the collector names: ``credentials: spreadsheet``. It is
sent to that host only. It has a bearer token::

    # credentials/spreadsheet.yaml
    token: the-token

or, for HTTP's own login, a user and a password::

    # credentials/spreadsheet.yaml
    user: the-user
    password: the-password

or a header of any name::

    # credentials/spreadsheet.yaml
    header: X-Api-Key
    value: the-key
"""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, field_serializer

from collectors.api import Context, Credential
from collectors.sources.spreadsheet.comma_separated import AUTO
from collectors.sources.spreadsheet.files import Files, Origin, together
from collectors.sources.spreadsheet.formats import Format
from collectors.sources.spreadsheet.sheet import Sheet
from collectors.sources.spreadsheet.tables import Tables, read_tables
from collectors.sources.spreadsheet.values import is_delimiter, is_encoding, is_file
from collectors.sources.spreadsheet.web import SpreadsheetCredential, Web, is_url, without_secrets

__all__ = ["Spreadsheet", "SpreadsheetCredential"]


class Spreadsheet(Sheet):
    """Figures in a sheet; the module is its manual page."""

    name: ClassVar[str] = "spreadsheet"
    credential: ClassVar[type[Credential] | None] = SpreadsheetCredential
    credential_needed: ClassVar[bool] = False

    file: Annotated[str, Field(min_length=1), AfterValidator(is_file)]
    encoding: Annotated[str, AfterValidator(is_encoding)] = AUTO
    delimiter: Annotated[str, AfterValidator(is_delimiter)] = AUTO

    @field_serializer("file")
    def _shown(self, file: str) -> str:
        return without_secrets(file)

    def revision(self, context: Context) -> str:
        """Give a text that changes whenever the content of a file does, or which files there are.

        Raises Unavailable where a file is missing or unreadable, or a server does not answer;
        Refused or Unexpected where it answers something else.
        """
        return together(self._origin(context).parts())

    def tables(self, context: Context) -> Tables:
        """Give the tables of all files.

        Raises what ``revision`` raises, Unavailable where a file is half-written.
        """
        said = Format(
            sheet=self.sheet,
            header=self.header_rows,
            encoding=self.encoding,
            delimiter=self.delimiter,
        )
        return read_tables(self._origin(context), said, context.shared)

    def _origin(self, context: Context) -> Origin:
        if is_url(self.file):
            return Web(self.file, context)
        return Files(self.file, context.directory, context.shared)
