"""The tree that files are read into: every value is text, and knows its place."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from collectors.config.model import Place


@dataclass(frozen=True, slots=True)
class Null:
    """Nothing: ``null``, ``~``, or a key without a value."""

    place: Place


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar. Where it held references, ``written`` is how it stands in the file.

    ``quoted`` says that it stands in quotes, and so is a text whatever it looks like;
    ``referenced`` says that the environment or a file gave some of it, so it may be secret;
    ``broken``, that one of them could not be found, which has been reported.
    """

    text: str
    place: Place
    written: str | None = None
    referenced: bool = False
    broken: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class List:
    """A sequence; ``size`` counts the values in it, itself included."""

    items: tuple["Node", ...]
    place: Place
    size: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A value with the place of the key that it stands under."""

    key: Place
    value: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; ``size`` counts the values in it, itself included."""

    entries: Mapping[str, Entry]
    place: Place
    size: int = 1


Node = Null | Text | List | Table
Report = Callable[[Place, str], None]
"""Takes a mistake: where it is, and what is wrong."""


def texts(node: Node) -> Iterator[Text]:
    """Give every scalar that the tree holds."""
    match node:
        case Text():
            yield node
        case List():
            for item in node.items:
                yield from texts(item)
        case Table():
            for entry in node.entries.values():
                yield from texts(entry.value)


def replace_texts(node: Node, change: Callable[[Text], Node]) -> Node:
    """Give the tree with each scalar changed; parts in which nothing changes are shared."""
    match node:
        case Text():
            return change(node)
        case List():
            items = tuple(replace_texts(item, change) for item in node.items)
            same = all(new is old for new, old in zip(items, node.items, strict=True))
            return node if same else List(items, node.place)
        case Table():
            values = {key: replace_texts(e.value, change) for key, e in node.entries.items()}
            if all(values[key] is entry.value for key, entry in node.entries.items()):
                return node
            entries = {key: Entry(e.key, values[key]) for key, e in node.entries.items()}
            return Table(entries, node.place)
    return node
