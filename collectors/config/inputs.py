"""Collectors that read what other collectors write: in which order, and what cannot be."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from collectors.api import Input
from collectors.config.model import Collector, Place, Platform
from collectors.config.suggestions import hint, nearest
from collectors.periods import UTC_ZONE, Period
from collectors.values import DataSet

_LENGTHS = list(Period)
_SHORT = (Period.INSTANT, Period.HOUR)
_WEEKS_DO_NOT_FIT = (Period.MONTH, Period.QUARTER, Period.YEAR)

Report = Callable[[Place, str], None]


def joined(
    collectors: Mapping[str, Collector], platform: Platform, report: Report, doubt: Report
) -> dict[str, Collector]:
    """Leave out, and report, what reads data sets that it cannot read, or in a ring.

    A data set that nobody is known to write, though another is called much alike, is a doubt.
    """
    writers = _writers(collectors)
    targets = {one.name for one in platform.targets}
    known = {*writers, *(one.data_set for one in platform.data_sets)}
    kept = dict(collectors)
    for name, asked in _inputs(collectors):
        collector = collectors[name]
        wrong = _wrong(collector, asked, writers.get(asked.data_set, []), targets)
        if wrong:
            report(collector.place, f"collector {name!r} {wrong}")
            kept.pop(name, None)
        elif asked.data_set not in known and (
            near := nearest(str(asked.data_set), map(str, known))
        ):
            told = f"reads {asked.data_set}, which no collector writes (did you mean {near!r}?)"
            doubt(collector.place, f"collector {name!r} {told}")
    return _without_rings(kept, report)


def layers(collectors: Mapping[str, Collector]) -> list[list[str]]:
    """Give the names of collectors so that each comes in a later list than those that it reads.

    Raises ValueError where they read one another in a ring.
    """
    if not any(one.source.inputs for one in collectors.values()):
        return [list(collectors)]
    order = _sorter(collectors)
    order.prepare()
    found = []
    while order.is_active():
        names = set(order.get_ready())
        found.append([name for name in collectors if name in names])
        order.done(*names)
    return found


def _without_rings(collectors: dict[str, Collector], report: Report) -> dict[str, Collector]:
    kept = dict(collectors)
    while True:
        try:
            _sorter(kept).prepare()
        except CycleError as exc:
            ring: list[str] = exc.args[1][:-1]
            first = min(range(len(ring)), key=lambda at: kept[ring[at]].place.file)
            names = [*ring[first:], *ring[:first]]
            told = ", which is made of ".join(repr(name) for name in reversed([*names, names[0]]))
            report(kept[names[0]].place, f"collectors read one another in a ring: {told}")
            kept = {name: one for name, one in kept.items() if name not in ring}
        else:
            return kept


def _sorter(collectors: Mapping[str, Collector]) -> TopologicalSorter[str]:
    writers = _writers(collectors)
    order = TopologicalSorter[str](dict.fromkeys(collectors, ()))
    for name, asked in _inputs(collectors):
        order.add(name, *(one.name for one in writers.get(asked.data_set, ())))
    return order


def _writers(collectors: Mapping[str, Collector]) -> Mapping[DataSet, list[Collector]]:
    found = defaultdict[DataSet, list[Collector]](list)
    for one in collectors.values():
        if one.enabled:
            found[one.data_set].append(one)
    return found


def _inputs(collectors: Mapping[str, Collector]) -> Iterator[tuple[str, Input]]:
    for name, one in collectors.items():
        yield from ((name, asked) for asked in one.source.inputs if not asked.is_elsewhere)


def _wrong(
    collector: Collector, asked: Input, writers: Collection[Collector], targets: Collection[str]
) -> str | None:
    if asked.target is not None and asked.target not in targets:
        return f"reads the target {asked.target!r}, which is none{hint(asked.target, targets)}"
    for writer in writers:
        told = f"reads {asked.data_set}, which {writer.name!r} writes by {writer.period.value}"
        if not _fits(writer.period, collector.period):
            return f"{told}: figures by {collector.period.value} cannot be made of that"
        if writer.period in _SHORT and not asked.hourly and _has_days(collector):
            return f"{told}: say 'hourly: yes', so that they are days of {collector.zone}"
        if writer.period not in _SHORT and asked.hourly:
            return f"{told}: leave out 'hourly'"
    return None


def _fits(part: Period, whole: Period) -> bool:
    if part is Period.WEEK and whole in _WEEKS_DO_NOT_FIT:
        return False
    return _LENGTHS.index(part) <= _LENGTHS.index(whole)


def _has_days(collector: Collector) -> bool:
    return collector.period not in _SHORT and collector.zone != UTC_ZONE
