"""The ZIP archive that a workbook is: how much it may hold, and what else it may turn out to be.

The limits are checked before anything is unpacked, and again piece by piece while it is: an
archive that says nothing true about itself fails its checksums, and is then no workbook.
"""

import io
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from collectors.api import Refused, Unavailable

MOST_UNPACKED = 200 * 1024 * 1024
"""Bytes that all parts of a workbook may have together."""
MOST_PARTS = 2_000
MOST_PACKED = 200
"""How many times larger than its file a workbook may be."""
MOST_TAGS = 400_000
"""Tags that a part beside the sheets may have, because all of it is held in memory …"""
MOST_TAGS_OF_TEXTS = 4_000_000
"""… and the part that holds the texts of all cells: a million texts, with four tags each."""

SMALLER = "save only the sheet with the figures, as XLSX or CSV"

_MANIFEST = "[Content_Types].xml"
_OTHERS = (
    ("mimetype", "is an OpenDocument file (.ods)"),
    ("xl/workbook.bin", "is a binary workbook (.xlsb)"),
)


class Archive(ZipFile):
    """A workbook's archive; reading a part with more tags than it may have raises Refused."""

    def __init__(self, content: bytes, file: str) -> None:
        """Raises Unavailable where it is half-written, Refused where it is no workbook."""
        self.file = file
        self.source = io.BytesIO(content)
        try:
            super().__init__(self.source)
        except (BadZipFile, ValueError, OSError, NotImplementedError) as exc:
            raise Unavailable(
                f"{file}: begins as an XLSX workbook and does not end as one; it looks "
                "half-written: write it whole"
            ) from exc
        self._check(len(content))

    def open(
        self, name: str | ZipInfo, mode: str = "r", pwd: bytes | None = None, **_: Any
    ) -> IO[bytes]:
        """Open a part for reading, with its tags counted."""
        part = super().open(name, "r", pwd)
        most = MOST_TAGS_OF_TEXTS if part.name.endswith("/sharedStrings.xml") else MOST_TAGS
        return io.BufferedReader(_Counted(part, self.file, most))

    def open_sheet(self, name: str) -> IO[bytes]:
        """Open a sheet, which is not held in memory but read row by row."""
        return super().open(name)

    def _check(self, size: int) -> None:
        parts = self.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MOST_PARTS:
            raise Refused(f"{self.file}: has {len(parts)} parts; {MOST_PARTS} are the limit")
        if unpacked > MOST_UNPACKED or unpacked > size * MOST_PACKED:
            raise Refused(
                f"{self.file}: would be {unpacked} bytes unpacked, of {size}; the limits are "
                f"{MOST_UNPACKED} bytes and {MOST_PACKED} times its size: {SMALLER}"
            )
        self._check_kind({part.filename for part in parts})
        if any(part.flag_bits & 1 for part in parts):
            raise Refused(f"{self.file}: is protected by a password; save it without one")

    def _check_kind(self, names: set[str]) -> None:
        for name, kind in _OTHERS:
            if name in names:
                raise Refused(f"{self.file}: {kind}; save it as XLSX or CSV")
        if _MANIFEST not in names:
            raise Refused(f"{self.file}: is a ZIP archive and no workbook; save it as XLSX or CSV")


class _Counted(io.RawIOBase):
    """Reads a part of an archive until it has more tags than it may."""

    def __init__(self, part: IO[bytes], file: str, most: int) -> None:
        self._part = part
        self._file = file
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._part.read(len(buffer))
        self._left -= piece.count(b"<")
        if self._left < 0:
            raise Refused(f"{self._file}: {self._part.name} has too many tags; {SMALLER}")
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._part.close()
        super().close()
