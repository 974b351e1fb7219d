"""Stage 3: the sources, plugins that import ``collectors.api`` only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from collectors.api import Source
from collectors.errors import ConfigError

__all__ = ["BUILT_IN", "GROUP", "Registry", "registry", "usable"]

GROUP = "collectors.sources"
"""The group of entry points with which other packages add a source: ``name = "package:Class"``."""

BUILT_IN = {
    "data-set": "collectors.sources.data_set:DataSetSource",
    "google-analytics": "collectors.sources.google_analytics:GoogleAnalytics",
    "google-analytics-realtime": (
        "collectors.sources.google_analytics.realtime:GoogleAnalyticsRealtime"
    ),
    "google-analytics-trending": (
        "collectors.sources.google_analytics.trending:GoogleAnalyticsTrending"
    ),
    "json": "collectors.sources.json:Json",
    "matomo": "collectors.sources.matomo:Matomo",
    "pingdom": "collectors.sources.pingdom:Pingdom",
    "satisfaction": "collectors.sources.satisfaction:Satisfaction",
    "spreadsheet": "collectors.sources.spreadsheet:Spreadsheet",
    "sql": "collectors.sources.sql:Sql",
    "support-api": "collectors.sources.satisfaction.support_api:SupportApi",
}


@dataclass(frozen=True)
class Registry(Mapping[str, type[Source]]):
    """Every source by its name; a source is imported when it is asked for.

    Asking for one that cannot be imported, is no source or is there twice raises ConfigError;
    the others are not touched by that. ``points`` has more than one where a name is taken twice.
    """

    points: Mapping[str, Sequence[EntryPoint]]

    def __getitem__(self, name: str) -> type[Source]:
        point, *others = self.points[name]
        if others:
            named = " and by ".join(map(_called, (point, *others)))
            message = f"the source {name!r} is defined twice: by {named}; uninstall one of them"
            raise ConfigError(message)
        return _load(point)

    def __contains__(self, name: object) -> bool:
        return name in self.points

    def __iter__(self) -> Iterator[str]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def origin(self, name: str) -> str:
        """Give where a source comes from: ``built in``, or packages with their versions."""
        dists = [point.dist for point in self.points[name]]
        return " and ".join(f"{one.name} {one.version}" if one else "built in" for one in dists)


def registry() -> Registry:
    """Give the built-in sources and those of installed packages; none is imported yet."""
    points = {name: [EntryPoint(name, place, GROUP)] for name, place in BUILT_IN.items()}
    for point in entry_points(group=GROUP):
        named = points.setdefault(point.name, [])
        if all(point.value != other.value for other in named):
            named.append(point)
    return Registry(dict(sorted(points.items())))


def usable(
    sources: Mapping[str, type[Source]],
) -> tuple[dict[str, type[Source]], dict[str, ConfigError]]:
    """Import every source; give those that can be used, and what is wrong with the others."""
    found: dict[str, type[Source]] = {}
    wrong: dict[str, ConfigError] = {}
    for name in sources:
        try:
            found[name] = sources[name]
        except ConfigError as exc:
            wrong[name] = exc
    return found, wrong


def _load(point: EntryPoint) -> type[Source]:
    try:
        found = point.load()
    except (Exception, SystemExit) as exc:
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
