"""Where the counts come from: files, or a URL. What was in them is kept as counts only."""

import glob
import hashlib
import io
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from collectors.api import (
    CollectorError,
    Context,
    Credential,
    Refused,
    Reply,
    Secret,
    Unavailable,
    without_query,
)
from collectors.sources.satisfaction.exports import Exports
from collectors.sources.satisfaction.own_counts import OwnCounts
from collectors.sources.satisfaction.tally import Service

FRESH = 60
"""Seconds for which what a URL gave is not asked for again."""

Content = io.BufferedReader | io.BytesIO
Open = Callable[[], Content]
_BLANK = b" \t\r\n\xef\xbb\xbf"


class SatisfactionCredential(Credential):
    """``credentials/satisfaction.yaml``: the bearer token of a private URL."""

    token: Secret


@dataclass(frozen=True, slots=True)
class Found:
    """What a document holds: every service by its slug, and a text that changes with it."""

    place: str
    revision: str
    services: Mapping[str, Service]


def is_url(name: str) -> bool:
    """Say whether a file's name is the address of one."""
    return name.lower().startswith(("http://", "https://"))


def find(file: str, context: Context) -> Found:
    """Read a document, once for all collectors of the process. Raises Unavailable and Refused."""
    if is_url(file):
        return _at_url(file, context)
    paths = _paths(file, context.directory)
    key = ("satisfaction files", file, tuple(map(_touched, paths)))
    names = {str(path): _opener(path) for path in paths}
    return _shared(context, key, lambda: _read(str(context.directory / file), names))


def _at_url(url: str, context: Context) -> Found:
    place = without_query(url)
    credential: SatisfactionCredential | None = context.credential

    def download() -> Found:
        token = credential.token if credential else None
        body = context.http.get(url, bearer=token, judge=lambda reply: _judge(reply, context)).body
        return _read(place, {place: lambda: io.BytesIO(body)})

    minute = int(context.clock.now().timestamp()) // FRESH
    return _shared(context, ("satisfaction URL", url, credential, minute), download)


def _judge(reply: Reply, context: Context) -> CollectorError | None:
    """Judge by the status; what the body says is not shown, for it may be a comment."""
    error = context.http.default_judge(reply)
    if not isinstance(error, Refused):
        return error
    if reply.status in {401, 403}:
        message = "it asks for a login; set `credentials`, or renew the token there"
    else:
        message = "there is nothing to read there; correct `file`"
    return Refused(f"{reply.url} answered {reply.status}: {message}")


def _shared(context: Context, key: Hashable, build: Callable[[], Found]) -> Found:
    found: Found = context.shared.get(key, build)
    return found


def _read(place: str, files: Mapping[str, Open]) -> Found:
    exports, own = Exports(several=len(files) > 1), OwnCounts()
    digest = hashlib.sha256()
    kinds = set()
    for name, opened in files.items():
        with _opened(name, opened) as content:
            digest.update(f"{name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
            content.seek(0)
            is_json = content.read(64).lstrip(_BLANK)[:1] in {b"[", b"{"}
            content.seek(0)
            kinds.add(is_json)
            if is_json:
                own.read(name, content)
            else:
                with io.TextIOWrapper(content, "utf-8-sig", newline="") as text:
                    exports.read(name, text)
    if len(kinds) > 1:
        raise Refused(f"{place}: some files are CSV and some JSON; name them apart")
    return Found(place, digest.hexdigest(), exports.services() | own.services())


def _paths(file: str, directory: Path) -> list[Path]:
    path = directory / file
    if not glob.has_magic(file) or path.exists():
        return [path]
    # pathlib's glob takes no absolute pattern, and hidden files for files like any other
    names = glob.glob(file, root_dir=directory, recursive=True)  # noqa: PTH207
    paths = [path for path in (directory / name for name in sorted(names)) if path.is_file()]
    if not paths:
        raise Unavailable(f"{path}: no file has a name like this; put one there")
    return paths


def _touched(path: Path) -> tuple[str, int, int, int, int]:
    try:
        status = path.stat()
    except OSError as exc:
        raise _unreadable(str(path), exc) from exc
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _opener(path: Path) -> Open:
    return lambda: path.open("rb")


@contextmanager
def _opened(name: str, opened: Open) -> Iterator[Content]:
    try:
        with opened() as content:
            yield content
    except OSError as exc:
        raise _unreadable(name, exc) from exc


def _unreadable(name: str, exc: OSError) -> Unavailable:
    reason = exc.strerror or type(exc).__name__
    return Unavailable(f"{name}: cannot be read ({reason}); put it there, readable by this user")
