"""JMESPath expressions: what a query says about a reply is found with them.

A path of mere names is followed by hand, which is quicker and can tell what is missing from what
is ``null``. Three functions are added: ``entries``, ``zip`` and ``split``.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.parser import ParsedResult
from pydantic import AfterValidator, Field

MISSING: Any = object()
"""What a path gives that leads nowhere; an expression gives None instead."""
Find = Callable[[Any], Any]


class _Functions(Functions):
    """The functions of JMESPath, and ours."""

    @signature({"types": ["object", "array", "null"]})
    def _func_entries(self, value: Any) -> list[dict[str, Any]]:
        if isinstance(value, dict):
            return [{"key": key, "value": inner} for key, inner in value.items()]
        return [entry for one in value or () for entry in self._func_entries(one)]

    @signature({"types": ["array"], "variadic": True})
    def _func_zip(self, *columns: list[Any]) -> list[list[Any]]:
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            raise ValueError(f"zip() of lists of {' and '.join(map(str, sorted(lengths)))} items")
        return [list(row) for row in zip(*columns, strict=True)]

    @signature({"types": ["string"]}, {"types": ["string"]})
    def _func_split(self, text: str, separator: str) -> list[str]:
        return text.split(separator or None)


_OPTIONS = jmespath.Options(custom_functions=_Functions())


@lru_cache(maxsize=4096)
def compiled(text: str) -> Find:
    """Make an expression into a function that finds its value in what it is given.

    The function raises ValueError where the expression does not fit what it is given.
    """
    expression = jmespath.compile(text)
    path = _path(expression.parsed)
    return _search(expression) if path is None else _follow(path)


def _is_expression(text: str) -> str:
    try:
        parsed = jmespath.compile(text).parsed
    except JMESPathError as exc:
        first = str(exc).partition("\n")[0]
        raise ValueError(f"{text!r} is no JMESPath expression: {first}") from exc
    for name in _functions(parsed):
        if name not in _Functions.FUNCTION_TABLE:
            raise ValueError(f"{text!r} uses the function {name!r}, which there is not")
    return text


Expression = Annotated[str, Field(min_length=1), AfterValidator(_is_expression)]
"""A text that is a JMESPath expression."""


def _search(expression: ParsedResult) -> Find:
    def find(value: Any) -> Any:
        return expression.search(value, options=_OPTIONS)

    return find


def _follow(path: tuple[str | int, ...]) -> Find:
    def find(value: Any) -> Any:
        for key in path:
            if isinstance(key, str):
                value = value.get(key, MISSING) if isinstance(value, dict) else MISSING
            else:
                there = isinstance(value, list) and -len(value) <= key < len(value)
                value = value[key] if there else MISSING
        return value

    return find


def _path(node: Any) -> tuple[str | int, ...] | None:
    """Give the names and numbers that a path consists of; None for any other expression."""
    match node:
        case {"type": "current" | "identity"}:
            return ()
        case {"type": "field" | "index", "value": key}:
            return (key,)
        case {"type": "subexpression" | "index_expression", "children": children}:
            paths = [_path(child) for child in children]
            known = [path for path in paths if path is not None]
            return tuple(chain(*known)) if len(known) == len(paths) else None
    return None


def _functions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "function_expression":
            yield node["value"]
        for child in node.get("children", ()):
            yield from _functions(child)
