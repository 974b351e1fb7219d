"""A source from a file of one's own, as the program imports it."""

from pathlib import Path

from collectors.api import Source
from collectors.sources.private import sources_of


def source_from(path: Path) -> type[Source]:
    """Give the one source that a file defines, as ``source_path`` in platform.yaml would."""
    found = list(sources_of(path))
    if len(found) != 1:
        raise AssertionError(f"{path} defines {len(found)} sources, not one")
    return found[0]
