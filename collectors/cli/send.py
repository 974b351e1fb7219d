"""``send``: post JSON by hand, as ``backdrop-send`` did, with its exit codes."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import orjson

from collectors.cli import completing
from collectors.cli.choosing import one_data_set, one_target
from collectors.cli.output import show_json
from collectors.cli.settings import Settings
from collectors.config.model import EMBEDDED, DeclaredDataSet, Target
from collectors.datasets import DataSets
from collectors.datasets.writing import Writer
from collectors.errors import CollectorError, ConfigError, Refused, Unavailable
from collectors.http_client import HttpClient, Reply, without_query
from collectors.sink.posting import is_receipt, keep, post
from collectors.values import DataSet, Secret

USAGE, UNAUTHORISED, NOT_ACCEPTED, NO_CONNECTION, TIMEOUT = 2, 4, 8, 16, 32
"""The exit codes of ``backdrop-send``; 401 is unauthorised too."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One place to send to; ``post`` gives the reply, where it is asked over HTTP."""

    target: str | None
    url: str | None
    post: Callable[[], Reply | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What became of one way, as ``--json`` tells it."""

    target: str | None
    url: str | None
    records: int
    exit_code: int = 0
    status: int | None = None
    message: str | None = None


@click.command()
@click.argument("data_set", required=False, shell_complete=completing.data_sets)
@click.argument("file", required=False)
@click.option("--url", help="Post to this URL; no configuration is looked at then.")
@click.option(
    "--token",
    envvar="COLLECTOR_TOKEN",
    show_envvar=True,
    help="The bearer token. On a command line everybody on this machine can see it (ps): "
    "better put it into the environment or a file.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="A file that holds the token, and counts before --token.",
)
@click.option(
    "--target",
    "target_name",
    shell_complete=completing.targets,
    help="Send to the target of this name, not to all.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds to wait for a connection, and for the answer, on each try.",
)
@click.option(
    "--attempts", type=click.IntRange(1), default=3, show_default=True, help="Tries in all."
)
@click.option("--failfast", is_flag=True, help="Try once, whatever --attempts says.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.pass_obj
def send(
    settings: Settings,
    data_set: str | None,
    file: str | None,
    url: str | None,
    token: str | None,
    token_file: Path | None,
    target_name: str | None,
    timeout: float,
    attempts: int,
    *,
    failfast: bool,
    as_json: bool,
) -> int:
    """Post the JSON of FILE, or of stdin, to DATA_SET, or to --url; nothing is kept here.

    DATA_SET is sent to every target of platform.yaml, with the token in credentials/. What cannot
    get better (400, 401, 403, 404, 413) is tried once. Says nothing where all went well.

    Exits with 0 for a 2xx, 2 for wrong usage or input that is not JSON, 4 for 401 and 403, 8 for
    any other answer, 16 without a connection, 32 without an answer in time.
    """
    if url is not None:
        if file is not None or target_name is not None:
            raise click.UsageError("with --url, give a FILE or nothing; no DATA_SET, no --target")
        data_set, file = None, data_set
    secret = _token(token, token_file)
    try:
        body, posted = _read(file)
    except ValueError as exc:
        click.echo(f"Unable to send: {exc}", err=True)
        return USAGE
    http = _client(settings, timeout, 1 if failfast else attempts)
    sending = _Sending(settings, http, body, posted, secret)
    with ExitStack() as stack:
        stack.callback(http.close)
        if url is not None:
            ways = [sending.to_url(url)]
        else:
            ways = sending.to_data_set(_named(data_set), target_name, stack)
        rows = [_sent(way, len(posted) if isinstance(posted, list) else 1) for way in ways]
    if as_json:
        show_json(rows)
    return max(row.exit_code for row in rows)


@dataclass(frozen=True, slots=True)
class _Sending:
    """What is sent, as it is and read, and the token that was given by hand, if any."""

    settings: Settings
    http: HttpClient
    body: bytes
    posted: Any
    token: Secret | None

    def to_url(self, url: str) -> _Way:
        token = self.token
        if token is None:
            raise click.UsageError("give the token: --token-file, COLLECTOR_TOKEN or --token")
        return _Way(None, without_query(url), lambda: post(self.http, url, self.body, token))

    def to_data_set(self, name: DataSet, target_name: str | None, stack: ExitStack) -> list[_Way]:
        ways = []
        for target in self._targets(target_name):
            if target.url is None:
                data_sets = stack.enter_context(self.settings.data_sets())
                ways.append(self._to_embedded(data_sets, name))
            else:
                ways.append(self._to_target(target, f"{target.url}/{name}", name))
        return ways

    def _targets(self, name: str | None) -> Sequence[Target]:
        """Give the targets to send to; one token is for one of them only."""
        targets = self.settings.platform.targets
        if name is not None:
            return [one_target(targets, name)]
        if self.token is not None and len(targets) > 1:
            message = "there are several targets, and one token: name one with --target"
            raise click.UsageError(message)
        return targets

    def _to_target(self, target: Target, url: str, name: DataSet) -> _Way:
        def work() -> Reply:
            token = self.token or self.settings.vault.token(target.tokens, name)
            return post(self.http, url, self.body, token)

        return _Way(target.name, url, work)

    def _to_embedded(self, data_sets: DataSets, name: DataSet) -> _Way:
        declared = [one for one in self.settings.platform.data_sets if one.data_set == name]
        default = DeclaredDataSet(data_set=name)
        writer = Writer(data_sets, declared[0] if declared else default, strict=not declared)
        return _Way(EMBEDDED, None, lambda: keep(writer, self.posted))


def _named(data_set: str | None) -> DataSet:
    if data_set is None:
        raise click.UsageError("name a DATA_SET, or give --url")
    return one_data_set(data_set)


def _token(token: str | None, file: Path | None) -> Secret | None:
    if file is None:
        return Secret(token) if token else None
    try:
        return Secret(file.read_text().strip())
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not text"
        raise click.UsageError(f"the token file {file} cannot be read: {reason}") from exc


def _read(file: str | None) -> tuple[bytes, Any]:
    """Give what is to be sent, as it is and read; ValueError says why it is not JSON."""
    place = "stdin" if file in (None, "-") else str(file)
    body = _content(file)
    if not body.strip():
        raise ValueError(f"{place}: no input")
    try:
        found = orjson.loads(body.decode())
    except orjson.JSONDecodeError as exc:
        raise ValueError(f"{place}:{exc.lineno}:{exc.colno}: not JSON: {exc.msg}") from exc
    except UnicodeDecodeError as exc:
        before = body[: exc.start]
        line, column = before.count(b"\n") + 1, exc.start - before.rfind(b"\n")
        raise ValueError(f"{place}:{line}:{column}: not UTF-8") from exc
    return body, found


def _content(file: str | None) -> bytes:
    if file not in (None, "-"):
        try:
            return Path(str(file)).read_bytes()
        except OSError as exc:
            raise ValueError(f"{file}: cannot be read: {exc.strerror}") from exc
    if sys.stdin.isatty():
        raise ValueError("no input: name a FILE, or send it to stdin")
    return sys.stdin.buffer.read()


def _client(settings: Settings, timeout: float, attempts: int) -> HttpClient:
    return replace(settings.http(), attempts=attempts, connect=timeout, read=timeout, total=timeout)


def _sent(way: _Way, records: int) -> _Sent:
    """Send one way; what went wrong is told on stderr, as ``backdrop-send`` did."""
    told = _Sent(target=way.target, url=way.url, records=records)
    try:
        reply = way.post()
    except CollectorError as exc:
        to = f" to {way.target}" if way.target else ""
        click.echo(f"Unable to send{to}: {exc}", err=True)
        status = getattr(exc, "status", None)
        return replace(told, exit_code=_exit_code(exc), status=status, message=str(exc))
    if reply is None or is_receipt(reply):
        return replace(told, status=reply.status if reply else None)
    message = f"{reply.url} answered {reply.status}, but not as a write API does"
    click.echo(f"warning: {message}: see whether it has arrived", err=True)
    return replace(told, status=reply.status, message=message)


def _exit_code(error: CollectorError) -> int:
    match error:
        case ConfigError() | Refused(status=None):
            return USAGE
        case Refused(status=401 | 403):
            return UNAUTHORISED
        case Unavailable(status=None):
            return TIMEOUT if error.timed_out else NO_CONNECTION
    return NOT_ACCEPTED
