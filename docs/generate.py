"""Writes docs/sources.md, the manual pages of the sources, from the docstrings of their modules.

python -m docs.generate
"""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from collectors.api import Document, Period, Source
from collectors.sources import BUILT_IN, registry

PAGE = Path(__file__).parent / "sources.md"
HEAD = """\
# Sources

A source is where figures come from: the key `source` of a
[collector](configuration.md#a-collector). The keys of its `query` are told here; any other is a
mistake. This page is written from the sources themselves, by `python -m docs.generate`.
"""
RULE = re.compile(r"=+( +=+)+")


def page() -> str:
    """Give the whole page: a list of the sources, then the manual page of each."""
    sources = {name: registry()[name] for name in BUILT_IN}
    listed = "\n".join(f"- [{name}](#{name}): {_title(one)}" for name, one in sources.items())
    manuals = (f"## {name}\n\n{_facts(one)}\n\n{_body(one)}" for name, one in sources.items())
    return "\n\n".join([HEAD + "\n" + listed, *manuals]) + "\n"


def manual(source: type[Source]) -> str:
    """Give the manual page of a source as it is written: the docstring of its module."""
    return inspect.cleandoc(sys.modules[source.__module__].__doc__ or "")


def _title(source: type[Source]) -> str:
    title = manual(source).splitlines()[0]
    name, colon, rest = title.partition(": ")
    return rest if colon and name.lower() == source.name else title[0].lower() + title[1:]


def _facts(source: type[Source]) -> str:
    by_revision = issubclass(source, Document)
    rows = {
        "read": "as a document, whole, when it has changed" if by_revision else "by windows",
        "periods": ", ".join(f"`{one}`" for one in Period if one in source.periods),
    }
    if source.credential is not None:
        keys = ", ".join(f"`{key}`" for key in source.credential.model_fields)
        rows["credential"] = f"`credentials/{source.name}.yaml`, with {keys}"
    return _markdown(rows.items())


def _body(source: type[Source]) -> str:
    """Turn a docstring into Markdown: paragraphs, tables between rules, indented samples."""
    text = manual(source)
    return "\n\n".join(_block(block) for block in re.split(r"\n\n(?=\S)", text))


def _block(block: str) -> str:
    lines = block.splitlines()
    if RULE.fullmatch(lines[0]):
        return _markdown(_rows(lines[1:-1], lines[0].index(" =") + 1))
    said, _, sample = block.partition("\n\n")
    said = _plain(re.sub(r":*::$", ":", said)).removeprefix(":")
    sample = f"```yaml\n{inspect.cleandoc(sample)}\n```" if sample else ""
    return "\n\n".join(filter(None, (said, sample)))


def _rows(lines: list[str], edge: int) -> Iterator[tuple[str, str]]:
    starts = [index for index, line in enumerate(lines) if not line.startswith(" ")]
    for first, last in zip(starts, [*starts[1:], len(lines)], strict=True):
        text = " ".join(line[edge:].strip() for line in lines[first:last])
        yield _plain(lines[first][:edge].strip()), _plain(text)


def _markdown(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows)])


def _plain(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
