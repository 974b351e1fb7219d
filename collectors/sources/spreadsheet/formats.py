"""What a file turns out to be, by its content and not by its name: text, a workbook, or neither."""

import re
from dataclasses import dataclass

from collectors.api import Refused
from collectors.sources.spreadsheet.comma_separated import AUTO, read_text
from collectors.sources.spreadsheet.table import Table

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Content:
    """The bytes of one file; ``charset`` is what the server said of them, if any."""

    file: str
    data: bytes
    charset: str | None = None


@dataclass(frozen=True, kw_only=True)
class Format:
    """What a query says of how its files are to be read."""

    sheet: str | None = None
    header: tuple[int, ...] = ()
    encoding: str = AUTO
    delimiter: str = AUTO


def read_table(content: Content, said: Format) -> Table:
    """Give the table in a file.

    Raises Unavailable where it looks half-written, Refused where it is no table, or another one
    than was said.
    """
    file, data = content.file, content.data
    if data.startswith(_ZIP):
        # openpyxl takes as long to import as everything else, and many a start does not need it
        from collectors.sources.spreadsheet.workbook import read_workbook  # noqa: PLC0415

        return read_workbook(data, file, said.sheet, said.header)
    if data.startswith(_OLE):
        kind = "is protected by a password" if _ENCRYPTED in data else "is an old workbook (.xls)"
        raise Refused(f"{file}: {kind}; save it as XLSX without a password, or as CSV")
    if _PAGE.match(data):
        raise Refused(f"{file}: is a web page and not a sheet; save the sheet itself")
    if said.sheet is not None:
        raise Refused(f"{file}: is text and has no sheets; leave out `sheet`")
    encoding = content.charset if said.encoding == AUTO and content.charset else said.encoding
    return read_text(data, file, encoding=encoding, delimiter=said.delimiter, header=said.header)
