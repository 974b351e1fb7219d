"""Stage 3: the sources, plugins that import ``collectors.api`` only."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from collectors.api import Source
from collectors.errors import ConfigError, Mistake
from collectors.sources import private

__all__ = ["BUILT_IN", "GROUP", "Offer", "Registry", "extended", "registry", "usable"]

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
    "google-sheets": "collectors.sources.spreadsheet.google:GoogleSheets",
    "json": "collectors.sources.json:Json",
    "matomo": "collectors.sources.matomo:Matomo",
    "pingdom": "collectors.sources.pingdom:Pingdom",
    "satisfaction": "collectors.sources.satisfaction:Satisfaction",
    "spreadsheet": "collectors.sources.spreadsheet:Spreadsheet",
    "sql": "collectors.sources.sql:Sql",
    "support-api": "collectors.sources.satisfaction.support_api:SupportApi",
    "uptime": "collectors.sources.uptime:Uptime",
}


@dataclass(frozen=True)
class Offer:
    """A source that is there to be imported: what messages call it, and where it comes from."""

    called: str
    origin: str
    load: Callable[[], Any]

    @classmethod
    def of(cls, point: EntryPoint) -> "Offer":
        """Give what an entry point offers."""
        if point.dist is None:
            return cls(point.value, "built in", point.load)
        called = f"{point.value} of {point.dist.name}"
        return cls(called, f"{point.dist.name} {point.dist.version}", point.load)


@dataclass(frozen=True)
class Registry(Mapping[str, type[Source]]):
    """Every source by its name; a source is imported when it is asked for.

    Asking for one that cannot be imported, is no source or is there twice raises ConfigError;
    the others are not touched by that. ``offers`` has more than one where a name is taken twice.
    """

    offers: Mapping[str, Sequence[Offer]]

    def __getitem__(self, name: str) -> type[Source]:
        offer, *others = self.offers[name]
        if others:
            named = " and by ".join(one.called for one in (offer, *others))
            message = f"the source {name!r} is defined twice: by {named}; remove one of them"
            raise ConfigError(message)
        return _load(name, offer)

    def __contains__(self, name: object) -> bool:
        return name in self.offers

    def __iter__(self) -> Iterator[str]:
        return iter(self.offers)

    def __len__(self) -> int:
        return len(self.offers)

    def origin(self, name: str) -> str:
        """Give where a source comes from: ``built in``, packages with their versions, or files."""
        return " and ".join(one.origin for one in self.offers[name])


def registry() -> Registry:
    """Give the built-in sources and those of installed packages; none is imported yet."""
    points = {name: [EntryPoint(name, place, GROUP)] for name, place in BUILT_IN.items()}
    for point in entry_points(group=GROUP):
        named = points.setdefault(point.name, [])
        if all(point.value != other.value for other in named):
            named.append(point)
    return Registry({name: list(map(Offer.of, named)) for name, named in sorted(points.items())})


def extended(
    sources: Mapping[str, type[Source]], directory: Path
) -> tuple[Registry, list[Mistake]]:
    """Give ``sources`` and those of the files in ``directory``, and what is wrong there."""
    offers: dict[str, list[Offer]] = _offers(sources)
    mistakes = []
    if not directory.is_dir():
        message = "there is no such directory: make it, or mend source_path in platform.yaml"
        mistakes.append(Mistake(str(directory), 1, 1, message))
    for path in sorted(directory.glob("[!_.]*.py")):
        try:
            found = private.sources_of(path)
        except private.NotASource as exc:
            mistakes.append(Mistake(str(path), exc.line, 1, str(exc)))
            continue
        for source, line in found.items():
            named = offers.setdefault(source.name, [])
            if named:
                message = f"a second source {source.name!r}: {named[0].called} is called so too"
                mistakes.append(Mistake(str(path), line, 1, f"{message}; give it another name"))
            named.append(Offer(str(path), str(path), partial(_itself, source)))
    return Registry(dict(sorted(offers.items()))), mistakes


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


def _offers(sources: Mapping[str, type[Source]]) -> dict[str, list[Offer]]:
    if isinstance(sources, Registry):
        return {name: list(named) for name, named in sources.offers.items()}
    return {
        name: [Offer(source.__qualname__, "built in", partial(_itself, source))]
        for name, source in sources.items()
    }


def _itself(source: type[Source]) -> type[Source]:
    return source


def _load(name: str, offer: Offer) -> type[Source]:
    try:
        found = offer.load()
    except (Exception, SystemExit) as exc:
        raise ConfigError(
            f"the source {name!r} ({offer.called}) cannot be imported: {type(exc).__name__}: {exc}"
        ) from exc
    if not (isinstance(found, type) and issubclass(found, Source)):
        raise ConfigError(f"{offer.called} is no source: it is not a kind of collectors.api.Source")
    if found.name != name:
        raise ConfigError(f"{offer.called} calls itself {found.name!r}, not {name!r}")
    return found
