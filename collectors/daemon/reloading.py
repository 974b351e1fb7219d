"""A configuration read again while the old one runs: what is broken stays as it last was good."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.config.model import Collector, Configuration


@dataclass(frozen=True, slots=True)
class Changes:
    """The names of the collectors that a reload added, changed and removed."""

    added: frozenset[str]
    changed: frozenset[str]
    removed: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def merged(old: Configuration, new: Configuration) -> Configuration:
    """Give ``new``, with what was good before in the place of each file that is broken now.

    A broken platform leaves everything as it was, as collectors depend on it. The mistakes and
    warnings are those of now.
    """
    broken = {one.file for one in new.mistakes}
    if broken & {str(new.directory), str(new.directory / "platform.yaml")}:
        return replace(old, mistakes=new.mistakes, warnings=new.warnings)
    kept = set(_kept(old, new, broken))
    collectors = {name: one for name, one in new.collectors.items() if one.service not in kept}
    collectors |= {name: one for name, one in old.collectors.items() if one.service in kept}
    services = {**new.services, **{name: old.services[name] for name in kept}}
    unread = {f"{service}/*" for service in kept}
    left_out = (new.left_out - unread) | (collectors.keys() - new.collectors.keys())
    return replace(new, collectors=collectors, services=services, left_out=left_out)


def _kept(old: Configuration, new: Configuration, broken: set[str]) -> Iterator[str]:
    """Give the services that go on as they were.

    Those are the ones of broken files, and where a profile is broken, those that lack collectors.
    """
    profile_is_broken = any(Path(file).parent.name == "profiles" for file in broken)
    now = _names(new.collectors)
    before = _names(old.collectors)
    for name, service in old.services.items():
        file = service.place.file
        lacks = profile_is_broken and not before.get(name, set()) <= now.get(name, set())
        if file in broken or (lacks and Path(file).exists()):
            yield name


def _names(collectors: Mapping[str, Collector]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for one in collectors.values():
        names.setdefault(one.service, set()).add(one.name)
    return names


def changes(old: Mapping[str, Collector], new: Mapping[str, Collector]) -> Changes:
    """Give what differs between two sets of collectors.

    Where a collector stands in its file is no difference.
    """
    both = old.keys() & new.keys()
    return Changes(
        added=frozenset(new.keys() - old.keys()),
        changed=frozenset(
            name for name in both if replace(old[name], place=new[name].place) != new[name]
        ),
        removed=frozenset(old.keys() - new.keys()),
    )
