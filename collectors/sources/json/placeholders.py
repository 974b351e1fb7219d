"""``{start}``, ``{end}``, ``{page}``, ``{offset}`` and ``{cursor}`` in what is sent."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Values = Mapping[str, str | int | None]
"""What the placeholders stand for; None where there is nothing yet."""
WINDOW, PLACE = frozenset({"start", "end"}), frozenset({"page", "offset", "cursor"})
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def named(value: Any) -> Iterator[str]:
    """Give the placeholders in a tree of texts; ValueError for one that there is not."""
    match value:
        case str():
            for name in _PLACEHOLDER.findall(value):
                if name not in WINDOW | PLACE:
                    known = ", ".join(f"{{{one}}}" for one in sorted(WINDOW | PLACE))
                    raise ValueError(f"there is no {{{name}}}; there are {known}")
                yield name
        case Mapping():
            for inner in value.values():
                yield from named(inner)
        case list() | tuple():
            for inner in value:
                yield from named(inner)


def filled(text: str, values: Values) -> str | int | None:
    """Give ``text`` with its placeholders replaced; a number where it is one and nothing else.

    None where it needs what there is not yet.
    """
    names = _PLACEHOLDER.findall(text)
    if any(values[name] is None for name in names):
        return None
    if names and text == f"{{{names[0]}}}":
        return values[names[0]]
    return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), text)


def filled_all(texts: Mapping[str, str], values: Values) -> dict[str, str]:
    """Give every text filled in, without those that need what there is not yet."""
    found = {name: filled(text, values) for name, text in texts.items()}
    return {name: str(text) for name, text in found.items() if text is not None}


def filled_tree(tree: Any, values: Values) -> Any:
    """Give a tree of JSON filled in; keys that need what there is not yet are left out."""
    match tree:
        case str():
            return filled(tree, values)
        case dict():
            found = {key: filled_tree(inner, values) for key, inner in tree.items()}
            lacking = {key for key, inner in found.items() if inner is None} - {
                key for key, inner in tree.items() if inner is None
            }
            return {key: inner for key, inner in found.items() if key not in lacking}
        case list():
            return [filled_tree(inner, values) for inner in tree]
    return tree
