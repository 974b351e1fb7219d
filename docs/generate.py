"""Writes docs/sources.md and docs/sources/, the manual of each source, from their docstrings.

python -m docs.generate
"""

from pathlib import Path

from collectors.api import Source
from collectors.sources import BUILT_IN, manual, registry

DOCS = Path(__file__).parent
INDEX = """\
# Sources

A source is where figures come from: the key `source` of a
[collector](configuration.md#a-collector). Each has its page, which is written from the source
itself; `python run_collector.py sources` tells the same. Where none fits, see
[Writing a source](writing-a-source.md).

| source | |
|---|---|
"""
"""What the index begins with."""

_BACK = "[All sources](../sources.md) · the keys of a [collector](../configuration.md#a-collector)"


def pages() -> dict[Path, str]:
    """Give every page by its file: the index, and the manual of each built-in source."""
    sources = {name: registry()[name] for name in BUILT_IN}
    rows = (f"| [`{name}`](sources/{name}.md) | {_said(one)} |" for name, one in sources.items())
    index = {DOCS / "sources.md": INDEX + "\n".join(rows) + "\n"}
    return index | {DOCS / "sources" / f"{name}.md": _page(one) for name, one in sources.items()}


def write() -> None:
    """Write every page, and remove those of sources that are gone."""
    made = pages()
    (DOCS / "sources").mkdir(exist_ok=True)
    for path in set((DOCS / "sources").glob("*.md")) - made.keys():
        path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")


def _said(source: type[Source]) -> str:
    return manual.title(source).rstrip(".").replace("|", "\\|")


def _page(source: type[Source]) -> str:
    said = (block.markdown() for block in manual.blocks(source))
    facts = manual.table(manual.facts(source).items())
    return "\n\n".join([f"# {source.name}", facts, *said, _BACK]) + "\n"


if __name__ == "__main__":
    write()
