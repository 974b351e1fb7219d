"""Stage 3: the sources, plugins that import ``collectors.api`` only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from collectors.api import Source
from collectors.errors import ConfigError

__all__ = ["BUILT_IN", "GROUP", "Registry", "registry"]

GROUP = "collectors.sources"
"""The group of entry points with which other packages add a source: ``name = "package:Class"``."""

BUILT_IN = {
    "pingdom": "collectors.sources.pingdom:Pingdom",
    "spreadsheet": "collectors.sources.spreadsheet:Spreadsheet",
}


@dataclass(frozen=True)
class Registry(Mapping[str, type[Source]]):
    """Every source by its name; a source is imported when it is asked for.

    Asking for one that cannot be imported, or that is no source, raises ConfigError.
    """

    points: Mapping[str, EntryPoint]

    def __getitem__(self, name: str) -> type[Source]:
        return _load(self.points[name])

    def __contains__(self, name: object) -> bool:
        return name in self.points

    def __iter__(self) -> Iterator[str]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)


def registry() -> Registry:
    """Give the built-in sources and those of installed packages.

    Raises ConfigError where two have one name: which of them is meant nobody could tell.
    """
    points = {name: EntryPoint(name, place, GROUP) for name, place in BUILT_IN.items()}
    for point in entry_points(group=GROUP):
        other = points.get(point.name)
        if other is not None and other.value != point.value:
            raise ConfigError(
                f"the source {point.name!r} is defined twice: by {other.value} and by "
                f"{_called(point)}; uninstall one of them"
            )
        points[point.name] = point
    return Registry(dict(sorted(points.items())))


def _load(point: EntryPoint) -> type[Source]:
    try:
        found = point.load()
    except Exception as exc:
        raise ConfigError(
            f"the source {point.name!r} ({_called(point)}) cannot be imported: "
            f"{type(exc).__name__}: {exc}"
        ) from exc
    if not (isinstance(found, type) and issubclass(found, Source)):
        raise ConfigError(
            f"{_called(point)} is no source: it is not a kind of collectors.api.Source"
        )
    if found.name != point.name:
        raise ConfigError(f"{_called(point)} calls itself {found.name!r}, not {point.name!r}")
    return found


def _called(point: EntryPoint) -> str:
    return f"{point.value} of {point.dist.name}" if point.dist else point.value
