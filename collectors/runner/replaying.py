"""Dead letters go back into the outbox: what stands against it is told of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from collectors.clock import epoch, iso
from collectors.config.model import Collector
from collectors.intervals import Interval
from collectors.observations.acceptance import judge_for
from collectors.periods import Period, beginning, following, label
from collectors.record_rules import parse_timestamp
from collectors.store import DeadLetter, Store
from collectors.store.replays import Letters
from collectors.values import DataSet

LETTERS_AN_ENTRY = 1000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one dead letter; ``obstacle`` is why it was left where it is."""

    letter: DeadLetter
    obstacle: str | None


def replay(
    store: Store,
    letters: Sequence[DeadLetter],
    collectors: Mapping[str, Collector],
    targets: Sequence[str],
    *,
    limit: int,
    dry_run: bool,
) -> list[Replayed]:
    """Put dead letters back into their lanes; the next delivery sends them.

    ``targets`` are those configured; lanes of ``limit`` bytes take none. With ``dry_run`` nothing
    is changed. Raises StoreError; what was put back by then is safe.
    """
    found: dict[int, str | None] = {one.id: _wrong(one, targets) for one in letters}
    good = [one for one in letters if found[one.id] is None]
    for put in _together(good, collectors, targets):
        found |= store.delivery.replay(put, limit, dry_run=dry_run)
    return [Replayed(one, found[one.id]) for one in letters]


def _wrong(letter: DeadLetter, targets: Sequence[str]) -> str | None:
    if letter.target is not None and letter.target not in targets:
        return f"the target {letter.target} is not in platform.yaml any more"
    observation = orjson.loads(letter.observation)
    if not isinstance(observation, dict) or not isinstance(observation.get("_id"), str):
        return "it has no _id; mend the cause and collect its period again"
    _, refused = judge_for(DataSet.parse(letter.data_set).type)([observation])
    if refused:
        return f"our own check refuses it: {refused[0].reason}; collect its period again"
    return None


def _together(
    letters: Sequence[DeadLetter], collectors: Mapping[str, Collector], targets: Sequence[str]
) -> Iterator[Letters]:
    """Gather what may share an entry, the oldest run first."""
    groups: dict[tuple[Any, ...], list[DeadLetter]] = {}
    for one in sorted(letters, key=lambda letter: (letter.run_id, letter.id)):
        period = _period(one, collectors.get(one.collector))
        key = (one.collector, one.run_id, one.data_set, one.target, period)
        groups.setdefault(key, []).append(one)
    for (name, _, _, target, period), group in groups.items():
        left = iter(group)
        while some := list(islice(left, LETTERS_AN_ENTRY)):
            yield Letters(
                letters=some,
                targets=targets if target is None else [target],
                period=period,
                snapshot=name in collectors and collectors[name].replace,
            )


def _period(letter: DeadLetter, collector: Collector | None) -> Interval:
    """Give the bounds of the letter's own period, or where that is not known, of its chunk."""
    bounds = (letter.start, letter.end)
    stamp = orjson.loads(letter.observation).get("_timestamp")
    if collector is None or collector.period is Period.INSTANT or not isinstance(stamp, str):
        return bounds
    moment = parse_timestamp(stamp)
    by_hour = collector.period is Period.HOUR
    start = moment if by_hour else beginning(moment.date(), collector.zone)
    end = following(start, collector.period, collector.zone)
    is_label = iso(label(start, collector.period, collector.zone)) == stamp
    if not is_label or epoch(start) < bounds[0] or epoch(end) > bounds[1]:
        return bounds
    return epoch(start), epoch(end)
