"""Documents that are files: one, or all whose names are like a pattern."""

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from collectors.api import Refused, Shared, Unavailable
from collectors.sources.spreadsheet.formats import Content


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a document: its name in messages, and the revision of its content."""

    file: str
    revision: str


class Origin(Protocol):
    """Where the files of a document come from."""

    @property
    def place(self) -> str:
        """The document as a whole, for a message."""
        ...

    def parts(self) -> Sequence[Part]:
        """Give the files as they are now, in order. Raises Unavailable, Refused, Unexpected."""
        ...

    def content(self, part: Part) -> Content:
        """Give one of them; Unavailable where it is not of that revision any more."""
        ...


@dataclass(frozen=True)
class Files:
    """The file of a name, or else the files whose names are like it, relative to a directory."""

    name: str
    directory: Path
    shared: Shared

    @property
    def place(self) -> str:
        """The name or pattern, with its directory."""
        return str(self.directory / self.name)

    def parts(self) -> Sequence[Part]:
        """Give the files by name. They are read again only if one of them was touched."""
        paths = self._paths()
        touched = tuple(map(_touched, paths))
        key = ("spreadsheet revision", self.place, touched)
        found: Sequence[Part] = self.shared.get(key, lambda: list(map(_part, paths)))
        return found

    def content(self, part: Part) -> Content:
        """Give the content of a file; Unavailable where it has changed meanwhile."""
        data = _content(Path(part.file))
        if revision_of(data) != part.revision:
            raise Unavailable(
                f"{part.file}: changed while it was being read; it is read again next time"
            )
        return Content(file=part.file, data=data)

    def _paths(self) -> list[Path]:
        path = self.directory / self.name
        if not glob.has_magic(self.name) or path.exists():
            return [path]
        # pathlib's glob takes no absolute pattern, and hidden files for files like any other
        names = glob.glob(self.name, root_dir=self.directory, recursive=True)  # noqa: PTH207
        found = [self.directory / name for name in sorted(names)]
        files = [path for path in found if path.is_file() and not path.name.startswith("~$")]
        if not files:
            raise Unavailable(f"{path}: no file has a name like this; put one there")
        return files


def revision_of(data: bytes) -> str:
    """Give a text that another content would not have: its size and hash."""
    return f"{len(data)}-{hashlib.sha256(data).hexdigest()}"


def together(parts: Sequence[Part]) -> str:
    """Give the revision of a document: that of its only file, or one of all files and names."""
    if len(parts) == 1:
        return parts[0].revision
    listed = "\n".join(f"{part.file} {part.revision}" for part in parts)
    names = hashlib.sha256(listed.encode(errors="surrogateescape"))
    return f"{len(parts)}-files-{names.hexdigest()}"


def _part(path: Path) -> Part:
    return Part(str(path), revision_of(_content(path)))


def _touched(path: Path) -> tuple[str, int, int, int, int]:
    try:
        status = path.stat()
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    times = status.st_mtime_ns, status.st_ctime_ns
    return str(path), status.st_ino, status.st_size, *times


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError as exc:
        raise Refused(f"{path}: is a directory; name a file in it") from exc
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _unreadable(path: Path, exc: OSError) -> Unavailable:
    reason = exc.strerror or type(exc).__name__
    return Unavailable(f"{path}: cannot be read ({reason}); put it there, readable by this user")
