"""A target becomes owed what the embedded data sets hold and it lacks; ``refilling`` pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from collectors.clock import epoch
from collectors.config.model import EMBEDDED, Collector
from collectors.datasets import Summary
from collectors.intervals import Interval, subtract
from collectors.runner.parts import Parts
from collectors.runner.refilling import axis_of
from collectors.store import LOOSE

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Lack:
    """What a target lacks of a data set, in ``stretches`` of time.

    ``holds`` is how many observations the embedded data set holds in all.
    """

    data_set: str
    holds: int
    stretches: int


def owe(
    parts: Parts,
    collectors: Mapping[str, Collector],
    target: str,
    held: Mapping[str, Summary | None],
    *,
    dry: bool = False,
) -> list[Lack]:
    """Owe a target what it lacks of these data sets, which the embedded copy ``held``.

    What no collector has collected counts by what it says of its time, and is owed once. With
    ``dry`` it is only looked at. Raises StoreError.
    """
    lacks = []
    for name, summary in held.items():
        writers = [one for one in collectors.values() if str(one.data_set) == name]
        lacking = [
            *(_of_collector(parts, one, target, dry=dry) for one in writers),
            _of_nobody(parts, writers, target, name, summary, dry=dry),
        ]
        stretches = sum(map(len, lacking))
        if stretches:
            lacks.append(Lack(name, summary.observations if summary else 0, stretches))
    return lacks


def known_data_sets(parts: Parts) -> dict[str, Summary | None]:
    """Give every data set that the embedded copy has, or has had, with what it holds."""
    delivered = parts.store.view.depths(empty_too=True)
    names = {one.lane.data_set for one in delivered if one.lane.target == EMBEDDED}
    found: dict[str, Summary | None] = dict.fromkeys(names)
    if parts.embedded is not None:
        found |= {str(one.data_set): one for one in parts.embedded.summary()}
    return dict(sorted(found.items()))


def _of_collector(parts: Parts, one: Collector, target: str, *, dry: bool) -> list[Interval]:
    return parts.store.filling.owe(
        target, EMBEDDED, str(one.data_set), one.name, replace=one.replace, dry=dry
    )


def _of_nobody(
    parts: Parts,
    writers: Sequence[Collector],
    target: str,
    data_set: str,
    summary: Summary | None,
    *,
    dry: bool,
) -> list[Interval]:
    if summary is None or summary.first is None or summary.last is None:
        return []
    if any(one.replace for one in writers):
        return []
    held = (epoch(summary.first), epoch(summary.last + _SECOND))
    loose = subtract([held], [one for writer in writers for one in _labels(parts, writer)])
    return parts.store.filling.owe(target, EMBEDDED, data_set, LOOSE, loose=loose, dry=dry)


def _labels(parts: Parts, collector: Collector) -> list[Interval]:
    """Give what is collected, by what ``_timestamp`` says of it."""
    axis = axis_of(collector)
    return [axis.span((one.start, one.end)) for one in parts.store.view.collected(collector.name)]
