"""The manual page of a source, read from the docstring of its module.

A docstring holds a title, paragraphs, samples (indented, after ``::``) and tables between rules
(``====``) of a name and a text.
"""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collectors.api import Document, Period, Probing, Source

_RULE = re.compile(r"=+( +=+)+")
_OF_A_NAME = re.compile(r"`(\w+)` is (.+)", re.DOTALL)
_BAR = "\\|"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page: a paragraph (``text``), perhaps with a ``sample``; or a table (``rows``).

    ``text`` is Markdown.
    """

    text: str = ""
    sample: str = ""
    rows: tuple[tuple[str, str], ...] = ()

    def markdown(self) -> str:
        """Give the piece as Markdown."""
        if self.rows:
            return table(self.rows)
        sample = f"```yaml\n{self.sample}\n```" if self.sample else ""
        return "\n\n".join(filter(None, (self.text, sample)))


def page(source: type[Source]) -> str:
    """Give the manual page as it is written."""
    return inspect.cleandoc(sys.modules[source.__module__].__doc__ or source.__doc__ or "")


def title(source: type[Source]) -> str:
    """Give what a source is, in a line."""
    first = page(source).partition("\n")[0]
    name, colon, rest = first.partition(": ")
    text = rest if colon and name.lower() == source.name else first
    return text[:1].upper() + text[1:]


def blocks(source: type[Source]) -> list[Block]:
    """Give the manual page in pieces."""
    return [_block(text) for text in re.split(r"\n\n(?=\S)", page(source))]


def facts(source: type[Source]) -> dict[str, str]:
    """Give what can be seen of a source without its manual: name of the fact, and the fact."""
    ways = {
        Document: "as a document, whole, when it has changed",
        Probing: "by looking at every tick; what was seen is gathered by windows",
    }
    found = {
        "read": next(
            (said for kind, said in ways.items() if issubclass(source, kind)), "by windows"
        ),
        "periods": ", ".join(f"`{one}`" for one in Period if one in source.periods),
    }
    if source.credential is not None:
        keys = ", ".join(f"`{key}`" for key in source.credential.model_fields)
        where = "" if source.credential_needed else ", where the collector names it"
        file = source.credential_file or source.name
        found["credential"] = f"`credentials/{file}.yaml`{where}, with {keys}"
    return found


def texts(source: type[Source]) -> dict[str, str]:
    """Give what the manual says of names: by rows of its tables, and where one begins a paragraph.

    "``check`` is the check's id …" is such a paragraph.
    """
    said = {}
    for block in blocks(source):
        if match := _OF_A_NAME.match(block.text):
            said[match[1]] = " ".join(match[2].split())
        said |= {name.strip("`"): text for name, text in block.rows}
    return said


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Give a Markdown table of names and texts, without a header."""
    lines = (f"| {name} | {text.replace('|', _BAR)} |" for name, text in rows)
    return "\n".join(["| | |", "|---|---|", *lines])


def _block(text: str) -> Block:
    lines = text.splitlines()
    if _RULE.fullmatch(lines[0]):
        return Block(rows=tuple(_rows(lines[1:-1], lines[0].index(" =") + 1)))
    said, _, sample = text.partition("\n\n")
    said = _marked(re.sub(r":*::$", ":", said)).removeprefix(":")
    return Block(text=said, sample=inspect.cleandoc(sample))


def _rows(lines: list[str], edge: int) -> Iterator[tuple[str, str]]:
    starts = [index for index, line in enumerate(lines) if not line.startswith(" ")]
    for first, last in zip(starts, [*starts[1:], len(lines)], strict=True):
        text = " ".join(line[edge:].strip() for line in lines[first:last])
        yield _marked(lines[first][:edge].strip()), _marked(text)


def _marked(text: str) -> str:
    return text.replace("``", "`")
