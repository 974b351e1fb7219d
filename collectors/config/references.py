"""What ``$(name)``, ``${VAR}`` and ``file:name`` stand for.

===================  ==========================================================================
``$(name)``          a profile's parameter; alone it may be any value, inside a text it is text
``${VAR}``           the environment; it must be set
``${VAR:-default}``  the environment, or ``default`` where it is unset or empty
``${VAR:?message}``  the environment; ``message`` is the mistake where it is unset or empty
``file:name``        the content of a file in ``credentials/``, without the line end after it
``$$``               a dollar
===================  ==========================================================================
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.config.model import Place
from collectors.config.nodes import Node, Null, Report, Text, replace_texts, texts

_REFERENCE = re.compile(
    r"\$(?:\$|\((?P<parameter>[^()]*)\)|\{(?P<variable>[^{}]*)\}|(?P<unclosed>[({]))"
)
_VARIABLE = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<kind>[-?])(?P<rest>.*))?", re.DOTALL
)
_FILE = re.compile(r"file:(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)")
MAX_FILE = 64_000


def parameters_in(node: Node) -> Iterator[tuple[Place, str]]:
    """Give each profile parameter that the tree asks for, with its place."""
    for text in texts(node):
        for match in _REFERENCE.finditer(text.text):
            if match["parameter"] is not None:
                yield text.place, match["parameter"]


def fill(node: Node, values: Mapping[str, Node], report: Report) -> Node:
    """Put the values of a profile's parameters into the tree.

    A parameter that stands alone takes its value with the place where that was said.
    """

    def change(text: Text) -> Node:
        names = [m["parameter"] for m in _REFERENCE.finditer(text.text) if m["parameter"]]
        if not names:
            return text
        if text.text == f"$({names[0]})":
            return values[names[0]]
        filled = _REFERENCE.sub(lambda m: _filled(m, values, text, report), text.text)
        return Text(filled, values[names[0]].place)

    return replace_texts(node, change)


def _filled(match: re.Match[str], values: Mapping[str, Node], text: Text, report: Report) -> str:
    name = match["parameter"]
    if name is None:
        return match[0]
    match values[name]:
        case Text(text=inner):
            return inner
        case Null():
            return ""
    report(text.place, f"'$({name})' is more than a text here: it can only stand alone")
    return ""


@dataclass(frozen=True, slots=True)
class References:
    """Looks up what the environment and the files in ``credentials/`` hold."""

    environment: Mapping[str, str]
    credentials: Path

    def resolve(self, node: Node, report: Report) -> Node:
        """Give the tree with every reference replaced; what cannot be found is reported."""

        def change(text: Text) -> Node:
            if match := _FILE.fullmatch(text.text):
                return self._file(match["name"], text, report)
            return self._filled(text, report) if "$" in text.text else text

        return replace_texts(node, change)

    def _file(self, name: str, text: Text, report: Report) -> Node:
        path = self.credentials / name
        try:
            with path.open("rb") as file:
                content = file.read(MAX_FILE).decode()
        except FileNotFoundError:
            report(text.place, f"{path} is missing: put the secret in that file")
        except (OSError, ValueError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
            report(text.place, f"{path} cannot be read: {reason}")
        else:
            return Text(content.rstrip("\r\n"), text.place, text.text, referenced=True)
        return replace(text, text="", written=text.text, broken=True)

    def _filled(self, text: Text, report: Report) -> Text:
        given = _Given()

        def replaced(match: re.Match[str]) -> str:
            try:
                return self._value(match, given)
            except ValueError as exc:
                report(text.place, str(exc))
                given.broken = True
                return ""

        filled = _REFERENCE.sub(replaced, text.text)
        written = text.written or text.text
        referenced = text.referenced or given.referenced
        return Text(filled, text.place, written, referenced, given.broken, text.quoted)

    def _value(self, match: re.Match[str], given: "_Given") -> str:
        if match["unclosed"]:
            closing = {"(": ")", "{": "}"}[match["unclosed"]]
            message = f"'{match[0]}' is not closed by '{closing}'; a dollar is written '$$'"
            raise ValueError(message)
        if match["parameter"] is not None:
            raise ValueError(f"{match[0]!r} is a parameter, and those are for profiles")
        if match["variable"] is None:
            return "$"
        if (asked := _VARIABLE.fullmatch(match["variable"])) is None:
            raise ValueError(f"{match[0]!r} is not a reference: write it like '${{NAME}}'")
        return self._variable(asked, given)

    def _variable(self, asked: re.Match[str], given: "_Given") -> str:
        name, kind, rest = asked["name"], asked["kind"], asked["rest"]
        value = self.environment.get(name)
        if value or (value is not None and kind is None):
            given.referenced = True
            return value
        if kind == "-":
            return str(rest)
        if kind == "?" and rest:
            raise ValueError(f"the environment variable {name!r} is not set: {rest}")
        raise ValueError(f"the environment variable {name!r} is not set")


@dataclass
class _Given:
    """What is known of the references of one text: see ``Text``."""

    referenced: bool = False
    broken: bool = False
