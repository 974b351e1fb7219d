"""Profiles: bundles of collectors with parameters, which services fill in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectors.config.checks import check, got
from collectors.config.files import CollectorKeys, ParameterKeys, ProfileKeys
from collectors.config.findings import Reporter
from collectors.config.model import Place
from collectors.config.nodes import Entry, Node, Null, Report, Table, Text
from collectors.config.references import fill, parameters_in
from collectors.config.suggestions import hint


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as it was read; a parameter without a default is required and holds None."""

    name: str
    parameters: Mapping[str, Node | None]
    collectors: Table


def profile_of(name: str, node: Node, report: Reporter) -> Profile | None:
    """Read a profile, or report each mistake in it and give None."""
    what = f"the profile {name!r}"
    check(ProfileKeys, Entry(node.place, node), what, report)
    if not isinstance(node, Table):
        return None
    parameters = _parameters(table_at(node, "parameters"), report)
    collectors = table_at(node, "collectors")
    for place, parameter in parameters_in(collectors):
        if parameter not in parameters:
            known = hint(parameter, parameters)
            report(place, f"unknown parameter {parameter!r} in {what}{known}")
    known_keys(collectors, what, report)
    return Profile(name, parameters, collectors) if report.clean else None


def collectors_of(
    profiles: Sequence[Profile], given: Entry | None, named: Place, report: Report
) -> list[Table]:
    """Give the collectors of each profile, filled with what the service's ``with`` gives.

    ``named`` is where the service names its profiles.
    """
    values = given.value.entries if given and isinstance(given.value, Table) else {}
    known = {name for profile in profiles for name in profile.parameters}
    for name, entry in values.items():
        if profiles and name not in known:
            report(entry.key, f"unknown parameter {name!r}{hint(name, known)}")
    return [_filled(profile, values, named, report) for profile in profiles]


def known_keys(collectors: Table, what: str, report: Report) -> None:
    """Report each unknown key of the collectors of ``what``, whether they can be built or not."""
    fields = CollectorKeys.model_fields
    for name, collector in collectors.entries.items():
        if isinstance(collector.value, Table):
            for key, entry in collector.value.entries.items():
                if key not in fields:
                    message = f"unknown key {key!r} in collector {name!r} of {what}"
                    report(entry.key, f"{message}{hint(key, fields)}")


def table_at(node: Table, key: str) -> Table:
    """Give the mapping under ``key``; an empty one where there is none."""
    entry = node.entries.get(key)
    return entry.value if entry and isinstance(entry.value, Table) else Table({}, node.place)


def _filled(profile: Profile, given: Mapping[str, Entry], named: Place, report: Report) -> Table:
    values: dict[str, Node] = {}
    for name, default in profile.parameters.items():
        if name in given:
            values[name] = given[name].value
        elif default is not None:
            values[name] = default
        else:
            message = (
                f"missing parameter {name!r} of the profile {profile.name!r}: give it in 'with'"
            )
            report(named, message)
            return Table({}, named)
    filled = fill(profile.collectors, values, report)
    return filled if isinstance(filled, Table) else Table({}, named)


def _parameters(node: Table, report: Report) -> dict[str, Node | None]:
    return {name: _default(name, entry, report) for name, entry in node.entries.items()}


def _default(name: str, entry: Entry, report: Report) -> Node | None:
    match entry.value:
        case Text(text="required"):
            return None
        case Table():
            check(ParameterKeys, entry, f"the parameter {name!r}", report)
            default = entry.value.entries.get("default")
            return default.value if default else Null(entry.value.place)
    message = f"the parameter {name!r} must be 'required' or {{default: …}}, not {got(entry.value)}"
    report(entry.value.place, message)
    return None
