"""A service file, laid over its profiles, becomes the trees of its collectors."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from collectors.config.checks import check, got, near
from collectors.config.files import NAME, ServiceKeys
from collectors.config.findings import Reporter
from collectors.config.merge import merge
from collectors.config.model import Place, Service
from collectors.config.nodes import Entry, List, Node, Null, Report, Table, Text
from collectors.config.profiles import Profile, collectors_of, known_keys, table_at
from collectors.config.references import References
from collectors.config.suggestions import hint

_WHAT = "the service"
_LATER = frozenset({"with", "collectors"})
"""What is resolved once it has been laid over the profiles, so that it is told once."""


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """A service and its collectors, merged; ``own`` are the keys that its own file names."""

    service: Service
    collectors: Table
    own: Mapping[str, Entry]

    def place(self, key: str) -> Place:
        """Give where the collector is declared, in the file of the service."""
        return self.own[key].key if key in self.own else self.service.place


def service_of(
    node: Node,
    name: str,
    profiles: Mapping[str, Profile | None],
    references: References,
    report: Reporter,
) -> ServiceFile | None:
    """Read a service; None where what it says does not suffice to look at its collectors.

    ``name`` stands in for the service's own where that is missing. A profile that is None is
    known to be broken, which has been reported.
    """
    if isinstance(node, Table):
        node = _resolved(node, references, report)
    keys = check(ServiceKeys, Entry(node.place, node), _WHAT, report)
    if not isinstance(node, Table):
        return None
    named = list(_named(node, report))
    found = [profile for one in named if (profile := _profile(one, profiles, report))]
    service = Service(
        name=keys.service if keys else name_said(node) or name,
        place=named[0].place if named else node.place,
        title=keys.title if keys else None,
        description=keys.description if keys else None,
        labels=keys.labels if keys else frozenset(),
    )
    own = table_at(node, "collectors")
    merged = _merged(node, own, found, service, report) if len(found) == len(named) else None
    if merged is None:
        known_keys(own, f"the service {service.name!r}", report)
        return None
    return ServiceFile(service, merged, own.entries)


def _resolved(node: Table, references: References, report: Report) -> Table:
    entries = {
        key: entry if key in _LATER else Entry(entry.key, references.resolve(entry.value, report))
        for key, entry in node.entries.items()
    }
    return Table(entries, node.place)


def _named(node: Table, report: Report) -> Iterator[Text]:
    one, several = node.entries.get("profile"), node.entries.get("profiles")
    if one and several:
        report(several.key, "'profile' and 'profiles' in one service: use one of them")
    if one and isinstance(one.value, Text):
        yield one.value
    if several and isinstance(several.value, List):
        yield from (item for item in several.value.items if isinstance(item, Text))


def name_said(node: Node | None) -> str | None:
    """Give the name that a service's file says, whatever else is wrong with it."""
    entry = node.entries.get("service") if isinstance(node, Table) else None
    said = entry.value.text if entry and isinstance(entry.value, Text) else ""
    return said if re.fullmatch(NAME, said) else None


def _profile(named: Text, profiles: Mapping[str, Profile | None], report: Report) -> Profile | None:
    if named.text not in profiles and not named.broken:
        report(named.place, f"unknown profile {got(named)}{near(named, profiles)}")
    return profiles.get(named.text)


def _merged(
    node: Table, own: Table, profiles: list[Profile], service: Service, report: Reporter
) -> Table | None:
    checked = Reporter(lambda place, message, _: report(place, message))
    given = node.entries.get("with")
    if given and not profiles:
        checked(given.key, "'with' gives parameters to a profile, and none is named")
    merged = Table({}, node.place)
    for below in collectors_of(profiles, given, service.place, checked):
        merged = merge(merged, below)
    for key, entry in own.entries.items():
        if isinstance(entry.value, Null) and key not in merged.entries:
            known = hint(key, merged.entries)
            checked(entry.key, f"there is no collector {key!r} to remove{known}")
    merged = merge(merged, own)
    if checked.clean and not merged.entries:
        checked(node.place, f"the service {service.name!r} has no collectors")
    return merged if checked.clean else None
