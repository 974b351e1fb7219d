"""Sources from files of one's own, imported where they lie; the same file is imported once."""

import re
import sys
import traceback
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from inspect import getsourcelines
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

from collectors.api import Source

_NAME = re.compile("[a-z0-9-]+")


class NotASource(Exception):
    """A file that cannot be used: what is wrong with it, and in which line."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def sources_of(path: Path) -> dict[type[Source], int]:
    """Import a file and give the sources that it defines, each with its line.

    Raises NotASource where it cannot be imported, or defines none.
    """
    try:
        status = path.stat()
        module = _imported(path, status.st_mtime_ns, status.st_size)
    except (Exception, SystemExit) as exc:
        message = f"this cannot be imported: {type(exc).__name__}: {exc}"
        raise NotASource(message, _line(exc, str(path))) from exc
    found = {one: getsourcelines(one)[1] for one in vars(module).values() if _is_own(one, module)}
    if not found:
        raise NotASource(
            "this defines no source: a class that derives from collectors.api.Source, with a name"
        )
    for source, line in found.items():
        if not _NAME.fullmatch(source.name):
            message = f"{source.name!r} is no name: use small letters, digits and hyphens"
            raise NotASource(message, line)
    return found


def _is_own(thing: Any, module: ModuleType) -> bool:
    mine = isinstance(thing, type) and issubclass(thing, Source)
    return mine and thing.__module__ == module.__name__ and hasattr(thing, "name")


class _Loader(SourceFileLoader):
    """Keeps no compiled copy beside the file: that would miss a change within the same second."""

    def path_stats(self, path: Any) -> Any:
        raise OSError


@cache
def _imported(path: Path, _changed: int, _size: int) -> ModuleType:
    name = f"source_path_{crc32(str(path.absolute()).encode()):08x}_{path.stem}"
    loader = _Loader(name, str(path))
    spec = spec_from_loader(name, loader)
    if spec is None:
        raise ImportError(name)
    module = module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def _line(exc: BaseException, file: str) -> int:
    if isinstance(exc, SyntaxError) and exc.filename == file:
        return exc.lineno or 1
    frames = traceback.extract_tb(exc.__traceback__)
    return next((one.lineno or 1 for one in reversed(frames) if one.filename == file), 1)
