"""``data_sets`` in ``platform.yaml``: how each is served over HTTP."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from collectors.config.checks import got
from collectors.config.files import DataSetKeys
from collectors.config.model import DeclaredDataSet
from collectors.config.nodes import Entry, List, Node, Report, Table, Text
from collectors.config.reader import read
from collectors.json_schemas import mistake_in
from collectors.values import DataSet

_INTEGER = re.compile(r"[-+]?\d+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+\.\d*|\d+(?=[eE]))([eE][-+]?\d+)?", re.ASCII)
_TRUTHS = {"true": True, "false": False}


def data_sets_of(
    keys: Mapping[str, DataSetKeys], entry: Entry | None, directory: Path, report: Report
) -> Iterator[DeclaredDataSet]:
    """Give the declared data sets; what is wrong in one is reported. Schemas are in ``directory``.

    ``entry`` is where they stand in the file.
    """
    tables = entry.value.entries if entry and isinstance(entry.value, Table) else {}
    for name, one in keys.items():
        said = tables[name].value
        assert isinstance(said, Table)  # noqa: S101 - the model took it for a mapping
        what = f"data set {name!r}"
        _check(one, said, what, report)
        schema = said.entries.get("schema")
        yield DeclaredDataSet(
            data_set=DataSet.parse(name),
            called=one.name,
            tokens=(*([one.token] if one.token else []), *(one.tokens or [])),
            auto_ids=tuple(one.auto_ids),
            schema=_schema(schema.value, what, directory, report) if schema else None,
            raw_queries_allowed=one.raw_queries_allowed,
            queryable=one.queryable,
            published=one.published,
            realtime=one.realtime,
            capped_size=one.capped_size,
            max_age_expected=one.max_age_expected,
        )


def typed(node: Node) -> Any:
    """Give the tree as JSON has it: what stands without quotes and looks like a number is one."""
    match node:
        case Text():
            return node.text if node.quoted or node.referenced else _plain(node.text)
        case List():
            return [typed(item) for item in node.items]
        case Table():
            return {key: typed(entry.value) for key, entry in node.entries.items()}
    return None


def _plain(text: str) -> Any:
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _check(keys: DataSetKeys, said: Table, what: str, report: Report) -> None:
    if keys.token and keys.tokens:
        report(said.entries["tokens"].key, f"'token' and 'tokens' in {what}: use one of them")
    if keys.capped_size is not None and not keys.realtime:
        message = f"'capped_size' in {what} is for realtime data sets: add 'realtime: yes'"
        report(said.entries["capped_size"].key, message)


def _schema(node: Node, what: str, directory: Path, report: Report) -> Mapping[str, Any] | None:
    """Give the schema, or report what is wrong with it: always in the file that asks for it."""
    tree: Node | None = node
    if isinstance(node, Text):
        tree = read(
            directory / node.text,
            lambda place, message: report(node.place, f"the schema of {what}: {place}: {message}"),
        )
    if tree is None:
        return None
    if not isinstance(tree, Table):
        message = f"the schema of {what} must be a mapping, not {got(tree)}"
        report(node.place, message)
        return None
    schema: Mapping[str, Any] = typed(tree)
    if mistake := mistake_in(schema):
        report(node.place, f"the schema of {what} is no JSON Schema (Draft 4): {mistake}")
    return schema
