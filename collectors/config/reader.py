"""YAML text becomes a tree of nodes.

The tree is built from the parser's events, so no value is ever guessed to be a number, a date or a
truth, and what could make a reader slow or deep is refused on the way: see the limits below.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from collectors.config.model import Place
from collectors.config.nodes import Entry, List, Node, Null, Report, Table, Text

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 50_000
"""How many values a file may hold once its anchors are expanded."""

LOADER: Any = getattr(yaml, "CLoader", yaml.Loader)
_NO_ANCHOR = "no such anchor before this: put quotes around a text that begins with '*'"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def read(path: Path, report: Report) -> Node | None:
    """Read a YAML (or, by its name, JSON) file; None where it cannot be read, which is reported."""
    file = str(path)
    try:
        return _parse(_text_of(path), file, report)
    except _UnreadableError as exc:
        report(exc.place, exc.message)
        return None


class _Bare(str):
    """A number as it stands in JSON, without quotes."""

    __slots__ = ()


class _UnreadableError(Exception):
    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


def _text_of(path: Path) -> str:
    start = Place(str(path))
    try:
        if not path.is_file():
            raise _UnreadableError(start, "this is not a file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise _UnreadableError(start, f"the file cannot be read: {exc.strerror}") from exc
    if len(content) > MAX_BYTES:
        raise _UnreadableError(start, f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        place = _place_in(content[: exc.start].decode("latin-1"), str(path))
        raise _UnreadableError(place, "the file is not UTF-8: save it in that encoding") from exc


def _parse(text: str, file: str, report: Report) -> Node:
    if file.endswith(".json"):
        return _json(text, file)
    try:
        return _Builder(text, file, report).document()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise _UnreadableError(place, f"this is not YAML: {_problem(exc, text, place)}") from exc
    except (yaml.YAMLError, ValueError) as exc:
        position = getattr(exc, "position", 0)
        message = "this is not YAML: it holds a character that YAML does not allow"
        raise _UnreadableError(_place_in(text[:position], file), message) from exc


def _problem(exc: yaml.MarkedYAMLError, text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    hint = "; put quotes around a text that holds ${...}" if "${" in line else ""
    return f"{exc.problem or exc.context}{hint}"


def _place_in(before: str, file: str) -> Place:
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _json(text: str, file: str) -> Node:
    place = Place(file)
    try:
        data = json.loads(text, parse_int=_Bare, parse_float=_Bare, parse_constant=_Bare)
    except json.JSONDecodeError as exc:
        place = Place(file, exc.lineno, exc.colno)
        raise _UnreadableError(place, f"this is not JSON: {exc.msg}") from exc
    except RecursionError as exc:
        raise _UnreadableError(place, f"nested deeper than {MAX_DEPTH} levels") from exc
    return _from_data(data, place, 0)


def _from_data(data: Any, place: Place, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise _UnreadableError(place, f"nested deeper than {MAX_DEPTH} levels")
    match data:
        case None:
            return Null(place)
        case dict():
            inner = {key: _from_data(value, place, depth + 1) for key, value in data.items()}
            return Table({key: Entry(place, value) for key, value in inner.items()}, place)
        case list():
            return List(tuple(_from_data(item, place, depth + 1) for item in data), place)
        case bool():
            return Text(str(data).lower(), place)
    return Text(str(data), place, quoted=not isinstance(data, _Bare))


class _Builder:
    """Makes the tree of one YAML document out of the parser's events."""

    def __init__(self, text: str, file: str, report: Report) -> None:
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=LOADER))
        self._file = file
        self._report = report
        self._anchors: dict[str, Node | None] = {}

    def document(self) -> Node:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise _UnreadableError(Place(self._file), "the file is empty")
        root = self._node(next(self._events), 0)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _UnreadableError(self._place(after), "a second document: one file holds one")
        return root

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(str(event.anchor), place)
        if depth > MAX_DEPTH:
            raise _UnreadableError(place, f"nested deeper than {MAX_DEPTH} levels")
        if event.tag is not None:
            self._report(
                place, "a tag is not used here: put quotes around a text that begins with '!'"
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._built(event, place, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _built(self, event: Any, place: Place, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            if event.implicit[0] and event.value in _NULLS:
                return Null(place)
            return Text(event.value, place, quoted=not event.implicit[0])
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(place, depth)
        return self._table(place, depth)

    def _aliased(self, anchor: str, place: Place) -> Node:
        if anchor not in self._anchors:
            raise _UnreadableError(place, _NO_ANCHOR)
        node = self._anchors[anchor]
        if node is None:
            raise _UnreadableError(place, "this anchor holds itself")
        return node

    def _list(self, place: Place, depth: int) -> List:
        items: list[Node] = []
        size = 1
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
            size = self._counted(size, items[-1], event)
        return List(tuple(items), place, size)

    def _table(self, place: Place, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        size = 1
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_place = self._place(event)
            key = self._key(event, depth)
            value = self._node(next(self._events), depth + 1)
            size = self._counted(size, value, event)
            if key in entries:
                first = entries[key].key.line
                self._report(key_place, f"duplicate key {key!r}: it is already in line {first}")
            elif key is not None:
                entries[key] = Entry(key_place, value)
        return Table(entries, place, size)

    def _key(self, event: Any, depth: int) -> str | None:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        node = self._node(event, depth + 1)
        if isinstance(node, Text):
            return node.text
        self._report(self._place(event), "a key must be a text")
        return None

    def _counted(self, size: int, node: Node, event: Any) -> int:
        size += node.size if isinstance(node, List | Table) else 1
        if size > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values, with anchors expanded: split the file"
            raise _UnreadableError(self._place(event), message)
        return size
