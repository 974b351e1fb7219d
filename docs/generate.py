"""Writes docs/sources.md, the manual pages of the sources, from the docstrings of their modules.

python -m docs.generate
"""

from pathlib import Path

from collectors.api import Source
from collectors.sources import BUILT_IN, manual, registry

PAGE = Path(__file__).parent / "sources.md"
HEAD = """\
# Sources

A source is where figures come from: the key `source` of a
[collector](configuration.md#a-collector). The keys of its `query` are told here; any other is a
mistake. This page is written from the sources themselves, by `python -m docs.generate`.
"""


def page() -> str:
    """Give the whole page: a list of the sources, then the manual page of each."""
    sources = {name: registry()[name] for name in BUILT_IN}
    listed = "\n".join(f"- [{name}](#{name}): {manual.title(one)}" for name, one in sources.items())
    pages = (f"## {name}\n\n{_page(one)}" for name, one in sources.items())
    return "\n\n".join([HEAD + "\n" + listed, *pages]) + "\n"


def _page(source: type[Source]) -> str:
    said = (block.markdown() for block in manual.blocks(source))
    return "\n\n".join([manual.table(manual.facts(source).items()), *said])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
