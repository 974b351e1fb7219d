"""Cases: a query, the far side that answers it, and what comes of it."""

import json
import mimetypes
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict

from collectors.api import (
    ALWAYS,
    CollectorError,
    Context,
    Document,
    HttpClient,
    Period,
    Reading,
    Source,
    Unexpected,
    Window,
)
from collectors.clock import FixedClock, iso
from collectors.periods import UTC_ZONE
from collectors.testing.contexts import NOW, RecordingSleep, make_context
from collectors.testing.server import Answer, HttpServer, Request
from collectors.values import Referenced

SERVER = "{server}"
"""Stands for the server's address in the texts of a query or a credential."""

Login = Callable[[HttpServer, Path], Any]
"""Makes a credential for a server; its files go into the directory."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A query and the server that answers it; ``window`` is left out for a document.

    ``credential`` holds the keys of a file in ``credentials/``, or makes a credential; ``now`` is
    the time of day. ``{server}`` in a text stands for the server's address. ``planted`` are secrets
    that the server gives, such as the token of a session: the source has to hide them.
    """

    query: Mapping[str, Any]
    server: Callable[[], HttpServer]
    credential: Mapping[str, Any] | Login | None = None
    window: Window = ALWAYS
    period: Period = Period.HOUR
    zone: ZoneInfo = UTC_ZONE
    now: datetime = NOW
    planted: tuple[str, ...] = ()

    @contextmanager
    def opened(self, kind: type[Source], **client: Any) -> Iterator["Opened"]:
        """Start the server, and give the source with what it needs; ``client`` goes to HTTP."""
        clock = FixedClock(self.now)
        settings: dict[str, Any] = {"sleep": RecordingSleep(), "read": 10.0, "proxies": {}}
        http = HttpClient(clock, **(settings | client))
        with tempfile.TemporaryDirectory() as directory, self.server() as server:
            server.ahead = (self.now - datetime.now(UTC)).total_seconds()
            context = make_context(
                http=http,
                clock=clock,
                period=self.period,
                zone=self.zone,
                directory=Path(directory),
                credential=self._credential(kind, server, Path(directory)),
                credential_name=kind.name,
            )
            query = _filled(self.query, server.url)
            try:
                yield Opened(kind.model_validate(query), context, clock, server, self.window)
            finally:
                http.close()

    def _credential(self, kind: type[Source], server: HttpServer, directory: Path) -> Any:
        if self.credential is None or kind.credential is None:
            return None
        if callable(self.credential):
            return self.credential(server, directory)
        keys = _filled(self.credential, server.url, Referenced)
        return kind.credential.model_validate(keys).found_in(directory)


@dataclass(frozen=True)
class Opened:
    """A source that can be asked: its server is there."""

    source: Source
    context: Context
    clock: FixedClock
    server: HttpServer
    window: Window

    def collect(self) -> Iterator[Reading]:
        """Collect as the house does: a document is read whole, and looked at before and after."""
        source, context = self.source, self.context
        if not isinstance(source, Document):
            yield from source.collect(self.window, context)
            return
        before = source.revision(context)
        yield from source.collect(ALWAYS, context)
        if source.revision(context) != before:
            raise Unexpected("the document changed while it was read")


@dataclass(frozen=True, kw_only=True)
class GoldenCase(Case):
    """A case that was recorded in ``directory``, with the readings or the error it should give."""

    directory: Path
    readings: str | None
    error: str | None

    def __str__(self) -> str:
        return self.directory.name

    def check(self, kind: type[Source]) -> None:
        """Collect, and compare; raises AssertionError with the difference."""
        try:
            with self.opened(kind, attempts=1) as opened:
                found = _spelt(list(opened.collect()))
        except CollectorError as exc:
            if self.error is None:
                raise
            _compare(self.error, str(exc), f"{self.directory}/error.txt")
            return
        if self.readings is None:
            raise AssertionError(f"{self.directory}: no error, but the readings\n{found}")
        _compare(self.readings, found, f"{self.directory}/readings.json")


class _CaseFile(BaseModel):
    """``query.yaml`` of a golden case."""

    model_config = ConfigDict(extra="forbid")

    query: dict[str, Any]
    credential: dict[str, Any] | None = None
    window: tuple[datetime, datetime] | None = None
    period: Period = Period.HOUR
    zone: ZoneInfo = UTC_ZONE
    now: datetime = NOW


def golden_cases(directory: Path) -> list[GoldenCase]:
    """Give the case of each folder of ``directory``.

    A folder holds ``query.yaml`` (the keys of a case), the replies in the order of their requests
    (``reply.json``, or ``reply-1.csv``, ``reply-2.csv`` …; the last one is given ever after), and
    ``readings.json`` or, where there should be an error, ``error.txt``.
    """
    found = [golden_case(path.parent) for path in sorted(directory.glob("*/query.yaml"))]
    if not found:
        raise AssertionError(f"{directory}: no folder in it holds a query.yaml")
    return found


def golden_case(directory: Path) -> GoldenCase:
    """Give the case of one folder; see ``golden_cases``."""
    text = (directory / "query.yaml").read_text("utf-8")
    file = _CaseFile.model_validate(yaml.load(text, yaml.BaseLoader))  # noqa: S506 - texts only
    answers = [_answer(path) for path in sorted(directory.glob("reply*"))]
    if not answers:
        raise AssertionError(f"{directory}: there is no reply")
    readings = _text(directory / "readings.json")
    return GoldenCase(
        query=file.query,
        server=lambda: HttpServer(_recorded(answers)),
        credential=file.credential,
        window=Window(*(end.astimezone(UTC) for end in file.window)) if file.window else ALWAYS,
        period=file.period,
        zone=file.zone,
        now=file.now.astimezone(UTC),
        directory=directory,
        readings=None if readings is None else _tidy(json.loads(readings)),
        error=_text(directory / "error.txt"),
    )


def _text(path: Path) -> str | None:
    return path.read_text("utf-8").strip() if path.exists() else None


def _answer(path: Path) -> Answer:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return Answer(200, path.read_bytes(), {"Content-Type": kind})


def _recorded(answers: Sequence[Answer]) -> Callable[[Request], Answer]:
    """Give each request its reply, and the same one when it is asked again."""
    known: list[Request] = []

    def answer(request: Request) -> Answer:
        if request not in known:
            known.append(request)
        return answers[min(known.index(request), len(answers) - 1)]

    return answer


def _filled(value: Any, url: str, kind: type[str] = str) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(one, url, kind) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, url, kind) for one in value]
    return kind(value.replace(SERVER, url)) if isinstance(value, str) else value


def _spelt(readings: list[Reading]) -> str:
    return _tidy([_plain(one) for one in readings])


def _plain(reading: Reading) -> dict[str, Any]:
    said: dict[str, Any] = {"at": iso(reading.at)}
    if reading.span is not None:
        said["span"] = reading.span
    if reading.dimensions:
        said["dimensions"] = dict(reading.dimensions)
    return {**said, "measures": dict(reading.measures)}


def _tidy(readings: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(one, sort_keys=True, ensure_ascii=False) for one in readings)


def _compare(expected: str, found: str, name: str) -> None:
    if expected != found:
        lines = unified_diff(
            expected.splitlines(), found.splitlines(), name, "what was found", lineterm=""
        )
        raise AssertionError("\n".join(lines))
