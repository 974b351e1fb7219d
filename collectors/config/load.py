"""Reads a configuration directory: everything that is right, and everything that is wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from collectors.api import Source
from collectors.config.building import Builder
from collectors.config.files import name_of
from collectors.config.findings import Findings, Reporter
from collectors.config.inputs import joined
from collectors.config.model import Collector, Configuration, Place, Platform, Service
from collectors.config.nodes import Node
from collectors.config.platforms import platform_of
from collectors.config.profiles import Profile, profile_of
from collectors.config.quotas import doubt_names
from collectors.config.reader import read
from collectors.config.references import References
from collectors.config.services import ServiceFile, name_said, service_of
from collectors.config.suggestions import hint
from collectors.errors import Mistake
from collectors.values import DataSet, Scalar

_KNOWN = ("platform.yaml", "profiles", "services")
_NOT_OURS = ("data", "schemas", "var")
"""Folders that may be here too: files that queries and data sets name, and databases."""

_SUFFIXES = (".yaml", ".yml")


Sources = Mapping[str, type[Source]]


def only(sources: Sources, _: Path) -> tuple[Sources, Sequence[Mistake]]:
    """Give no more sources than there are."""
    return sources, ()


def load(
    directory: Path,
    credentials: Path,
    *,
    sources: Sources,
    environment: Mapping[str, str],
    extended: Callable[[Sources, Path], tuple[Sources, Sequence[Mistake]]] = only,
) -> Configuration:
    """Read ``platform.yaml``, ``profiles/`` and ``services/``; never the network.

    ``extended`` adds the sources of the folder that the platform names as its ``source_path``.
    Mistakes in files never raise: all of them, of all files, are in ``mistakes``, and what has
    none is in ``collectors``. A broken ``platform.yaml`` leaves the default platform.
    """
    reading = _Reading(directory, References(environment, credentials))
    platform = reading.platform()
    sources = reading.sources(platform, sources, extended)
    collectors, services = reading.all(platform, sources)
    return Configuration(
        directory=directory,
        credentials=credentials,
        platform=platform,
        collectors=collectors,
        services=services,
        sources=sources,
        mistakes=reading.findings.mistakes(),
        warnings=reading.doubts.mistakes(),
        left_out=frozenset(reading.named - collectors.keys()),
    )


class _Reading:
    """One pass over the files of a directory."""

    def __init__(self, directory: Path, references: References) -> None:
        self.findings = Findings()
        self.doubts = Findings()
        self.named: set[str] = set()
        self._directory = directory
        self._references = references
        self._platform: Node | None = None

    def sources(
        self,
        platform: Platform,
        sources: Sources,
        extended: Callable[[Sources, Path], tuple[Sources, Sequence[Mistake]]],
    ) -> Sources:
        if platform.source_path is None:
            return sources
        found, mistakes = extended(sources, self._directory / platform.source_path)
        for one in mistakes:
            self.findings.add(Place(one.file, one.line, one.column), one.message)
        return found

    def all(
        self, platform: Platform, sources: Sources
    ) -> tuple[dict[str, Collector], dict[str, Service]]:
        self._look_around(platform.source_path)
        doubt_names(self._platform, sources.values(), self.doubts.add)
        profiles = dict(self._profiles())
        builder = Builder(
            sources=sources,
            references=self._references,
            timezone=platform.timezone,
            deadline=platform.alerts.deadline,
            doubt=self.doubts.add,
        )
        collectors: dict[str, Collector] = {}
        services: dict[str, Service] = {}
        for file, usable in self._services(profiles):
            for collector in self._collectors(file, builder, usable=usable):
                services.setdefault(file.service.name, file.service)
                self._keep(collector, collectors)
        kept = apart(collectors, self.findings.add)
        kept = joined(kept, platform, self.findings.add, self.doubts.add)
        return kept, services

    def _look_around(self, source_path: str | None) -> None:
        here = Place(str(self._directory))
        if not self._directory.is_dir():
            self.findings.add(here, "there is no such directory: name it with --config")
            return
        known = {*_KNOWN, *_NOT_OURS, *Path(source_path or "").parts[:1]}
        for path in self._entries(self._directory):
            stray = path.is_dir() or path.suffix in _SUFFIXES
            if stray and path.name not in known and not path.name.startswith("."):
                self.doubts.add(Place(str(path)), f"this is not read{hint(path.name, _KNOWN)}")

    def platform(self) -> Platform:
        path = self._directory / "platform.yaml"
        report = Reporter(self.findings.add)
        node = read(path, report) if path.exists() else None
        if node is None:
            return Platform()
        self._platform = node = self._references.resolve(node, report)
        return platform_of(node, self._directory, report) or Platform()

    def _profiles(self) -> Iterator[tuple[str, Profile | None]]:
        for path, node, report in self._files("profiles"):
            yield path.stem, profile_of(path.stem, node, report) if node else None

    def _services(
        self, profiles: Mapping[str, Profile | None]
    ) -> Iterator[tuple[ServiceFile, bool]]:
        """Give each service, and whether what its file says as a whole is free of mistakes."""
        for path, node, report in self._files("services"):
            file = self._service(path, node, profiles, report)
            if file is not None:
                yield file, report.clean
            else:
                self.named.add(f"{name_said(node) or path.stem}/*")

    def _service(
        self,
        path: Path,
        node: Node | None,
        profiles: Mapping[str, Profile | None],
        report: Reporter,
    ) -> ServiceFile | None:
        if node is None:
            return None
        return service_of(node, path.stem, profiles, self._references, report)

    def _entries(self, directory: Path) -> list[Path]:
        try:
            return sorted(directory.iterdir())
        except OSError as exc:
            place = Place(str(directory))
            self.findings.add(place, f"the directory cannot be read: {exc.strerror}")
            return []

    def _files(self, folder: str) -> Iterator[tuple[Path, Node | None, Reporter]]:
        directory = self._directory / folder
        stems: dict[str, Path] = {}
        for path in self._entries(directory) if directory.exists() else ():
            if path.name.startswith(".") or path.suffix not in _SUFFIXES:
                continue
            report = Reporter(self.findings.add)
            if path.stem in stems:
                report(Place(str(path)), f"{stems[path.stem]} has the same name: remove one")
            stems[path.stem] = path
            yield path, read(path, report), report

    def _collectors(
        self, file: ServiceFile, builder: Builder, *, usable: bool
    ) -> Iterator[Collector]:
        for key, entry in file.collectors.entries.items():
            name = f"{file.service.name}/{key}"
            self.named.add(name)
            report = Reporter(self.findings.add, name)
            try:
                name_of(key)
            except ValueError as exc:
                report(entry.key, str(exc))
            collector = builder.build(file.service, key, entry, file.place(key), report)
            if collector is not None and usable:
                yield collector

    def _keep(self, collector: Collector, collectors: dict[str, Collector]) -> None:
        if (first := collectors.get(collector.name)) is not None:
            message = f"a second collector {collector.name!r}: the first is at {first.place}"
            self.findings.add(collector.place, message)
            return
        collectors[collector.name] = collector


def apart(
    collectors: Mapping[str, Collector], report: Callable[[Place, str], None]
) -> dict[str, Collector]:
    """Leave out, and report, what would write over another collector's observations.

    Those are the collectors of one data set whose identities have the same constant parts, or one
    of which replaces all that is there.
    """
    owners: dict[tuple[DataSet, frozenset[tuple[str, Scalar]]], Collector] = {}
    writers: dict[DataSet, Collector] = {}
    kept: dict[str, Collector] = {}
    for name, collector in collectors.items():
        other = writers.setdefault(collector.data_set, collector) if collector.enabled else None
        if other and other is not collector and (other.replace or collector.replace):
            report(collector.place, _not_alone(collector, other))
            continue
        key = (collector.data_set, frozenset(collector.mapping.constants.items()))
        first = owners.setdefault(key, collector) if collector.enabled else collector
        if first is collector:
            kept[name] = collector
            continue
        message = (
            f"collector {name!r} writes the data set {collector.data_set} as {first.name!r} does "
            f"({first.place}): give it its own 'data_set', or a constant in its 'id'"
        )
        report(collector.place, message)
    return kept


def _not_alone(collector: Collector, other: Collector) -> str:
    replaces = collector if collector.replace else other
    return (
        f"collector {collector.name!r} writes the data set {collector.data_set} as {other.name!r} "
        f"does ({other.place}), and {replaces.name!r} replaces all that is there: give it its own "
        "'data_set'"
    )
