"""The names under which a query's figures will be sent, judged before anything is asked."""

from collections.abc import Iterable, Iterator

from collectors.api import Source
from collectors.config.checks import scrubbed
from collectors.config.findings import THIS
from collectors.config.mapping import MappingSpec
from collectors.config.nodes import Entry, List, Report, Table, Text
from collectors.config.steps import name_problem


def check_names(source: Source, mapping: MappingSpec, query: Entry, report: Report) -> None:
    """Report each name in ``query`` that would be sent as it is, and that no data set takes."""
    for name in _sent_as_they_are(source.yields, mapping):
        problem = name_problem(name)
        if problem is None:
            continue
        said = next(_saying(query, name), query)
        place = said.value.place if isinstance(said.value, Text) else said.key
        other = f"give it another name, here or in 'map' of collector {THIS}"
        report(place, scrubbed(f"{problem}: {other}", query.value))


def _sent_as_they_are(names: Iterable[str], mapping: MappingSpec) -> list[str]:
    """Give the names that ``map`` does not change, and of which the steps leave something."""
    sent = [name for name in dict.fromkeys(names) if name not in mapping.map]
    for step in mapping.steps:
        if step.drop is not None:
            sent = [name for name in sent if name not in step.drop]
        if step.aggregate is not None:
            kept = {*step.aggregate.by, *step.aggregate.sum, *step.aggregate.rate}
            sent = [name for name in sent if name in kept]
    return sent


def _saying(entry: Entry, name: str) -> Iterator[Entry]:
    """Give what says ``name`` in the tree: scalars, and keys of what is no scalar that says it."""
    match entry.value:
        case Text(text=text) if text == name:
            yield entry
        case List():
            for item in entry.value.items:
                yield from _saying(Entry(item.place, item), name)
        case Table():
            for key, inner in entry.value.entries.items():
                if key == name:
                    yield Entry(inner.key, Table({}, inner.key))
                yield from _saying(inner, name)
