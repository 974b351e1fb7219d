"""``platform.yaml`` becomes a ``Platform``."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from collectors.config.alerts import alerts_of
from collectors.config.checks import check, got
from collectors.config.data_sets import data_sets_of
from collectors.config.files import PlatformKeys, TargetKeys
from collectors.config.findings import Reporter
from collectors.config.model import EMBEDDED, Platform, Target
from collectors.config.nodes import Entry, List, Node, Report, Table, Text
from collectors.config.quotas import quotas_of
from collectors.connections import database_url
from collectors.errors import ConfigError
from collectors.values import Secret

_WHAT = "the platform"
_PASSWORD = re.compile(r"://[^/@]*?:(?P<user>[^/]*)@|[?&]password=(?P<query>[^&]*)")
_REFERENCES = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-|:\?[^{}]*)?\}")


def platform_of(node: Node, directory: Path, report: Reporter) -> Platform | None:
    """Read the platform, or report each mistake in it and give None. References are resolved.

    ``directory`` is where the files that it names are.
    """
    keys = check(PlatformKeys, Entry(node.place, node), _WHAT, report)
    entries = node.entries if isinstance(node, Table) else {}
    targets = tuple(_targets(entries.get("target"), report))
    _check_database(entries.get("state"), "state", report)
    embedded = entries.get("embedded")
    if embedded and isinstance(embedded.value, Table):
        _check_database(embedded.value.entries.get("url"), "url", report)
    if keys is None:
        return None
    data_sets = tuple(data_sets_of(keys.data_sets, entries.get("data_sets"), directory, report))
    if not report.clean:
        return None
    default = Platform()
    return Platform(
        targets=targets or default.targets,
        state=Secret(keys.state),
        embedded=Secret(keys.embedded.url),
        timezone=keys.timezone or default.timezone,
        source_path=keys.source_path,
        workers=keys.workers,
        outbox_limit=keys.outbox.limit,
        synchronous=keys.durability.upper(),
        alerts=alerts_of(keys.alerts, keys.timezone or default.timezone),
        quotas=quotas_of(keys.quotas),
        data_sets=data_sets,
        administrator=keys.embedded.administrator_token,
    )


def _targets(entry: Entry | None, report: Report) -> Iterator[Target]:
    if entry is None:
        return
    nodes = entry.value.items if isinstance(entry.value, List) else (entry.value,)
    seen: set[str] = set()
    for node in nodes:
        target = _target(node, report)
        if target is None:
            continue
        if target.name in seen:
            report(node.place, f"a second target named {target.name!r}: give one another 'name'")
        seen.add(target.name)
        yield target
    if not nodes:
        report(
            entry.value.place, f"'target' in {_WHAT} is an empty list: name one, or leave it out"
        )


def _target(node: Node, report: Report) -> Target | None:
    match node:
        case Text(broken=True):
            return None
        case Text(text="embedded"):
            return Target(name=EMBEDDED)
        case Text():
            host = _host(node, report)
            return Target(name=host, url=node.text.rstrip("/")) if host else None
        case Table():
            return _target_of_keys(node, report)
    message = f"a target must be 'embedded', an http(s) URL or a mapping, not {got(node)}"
    report(node.place, message)
    return None


def _target_of_keys(node: Table, report: Report) -> Target | None:
    keys = check(TargetKeys, Entry(node.place, node), "the target", report)
    if keys is None:
        return None
    url = node.entries["url"].value
    host = _host(url, report) if isinstance(url, Text) else None
    if keys.name == EMBEDDED:
        report(node.entries["name"].value.place, f"the name {EMBEDDED!r} is for the embedded store")
    if host is None:
        return None
    return Target(name=keys.name or host, url=keys.url.rstrip("/"), tokens=keys.tokens)


def _host(url: Text, report: Report) -> str | None:
    if url.broken:
        return None
    if "@" in url.text:
        report(url.place, "a target's URL holds no user or password: tokens are in credentials/")
        return None
    try:
        parts = urlsplit(url.text)
        if parts.scheme in ("http", "https") and parts.hostname and not parts.query:
            return parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    except ValueError:
        pass
    report(url.place, f"{got(url)} is not a target: use 'embedded' or a URL like https://…/data")
    return None


def _check_database(entry: Entry | None, key: str, report: Report) -> None:
    """Report a URL that holds a password for all to read, or names no database."""
    if entry is None or not isinstance(entry.value, Text):
        return
    text = entry.value
    if _has_plain_password(text):
        message = f"{key!r} in {_WHAT} holds a plain secret: use ${{VAR}} for the password"
        report(text.place, message)
    elif not text.broken:
        try:
            database_url(text.text)
        except ConfigError as exc:
            report(text.place, f"{key!r} in {_WHAT}: {exc}")


def _has_plain_password(text: Text) -> bool:
    written = text.text if text.written is None else text.written
    found = _PASSWORD.finditer(_REFERENCES.sub("", written))
    return any(match["user"] or match["query"] for match in found)
