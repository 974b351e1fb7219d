"""The values of an explanation: what is known about one collector, and what happens next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from collectors.api import Document
from collectors.clock import from_epoch, spelt
from collectors.config.model import Collector
from collectors.schedule import Kind
from collectors.standing.backfilled import Failed
from collectors.standing.broken import BROKEN_FILE
from collectors.standing.missing import Missing
from collectors.standing.standing import Standing
from collectors.standing.steps import Step
from collectors.store import (
    BackfillPart,
    BackfillProgress,
    BackfillState,
    Incident,
    QuotaStanding,
    Run,
    Tick,
    Waiting,
)
from collectors.store.post import Holder
from collectors.values import counted

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How many observations were refused for one reason; ``target`` None is our own check."""

    target: str | None
    reason: str
    observations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What is so for all collectors: the daemon, what it found broken, incidents, backfills.

    ``alive_at`` is when a daemon last said that it lives; ``told`` is what it found broken,
    ``kept`` names the collectors of which it goes on with what it last read right.
    ``backfills`` are those that go on, by id, each with the collectors that it has yet to collect;
    ``failed`` are the chunks that failed and are still lacking.
    """

    now: datetime
    daemon: Holder | None
    alive_at: datetime | None
    told: Sequence[str]
    kept: Sequence[str]
    incidents: Sequence[Incident]
    backfills: Mapping[int, tuple[BackfillProgress, set[str]]]
    failed: Failed
    queue: int


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All that is known about one collector.

    ``standing`` is None where none can be told, ``trouble`` then says why: no file configures it,
    or its source breaks. ``mistakes`` are those of files that it is made of.
    """

    name: str
    common: Common
    collector: Collector | None
    standing: Standing | None
    trouble: str | None
    mistakes: Sequence[str]
    missing: Sequence[Missing]
    last_tick: Tick | None
    next_tick: datetime | None
    runs: Sequence[Run]
    lanes: Sequence[Waiting]
    refused: Sequence[Refusals]
    quotas: Sequence[QuotaStanding]
    incidents: Sequence[Incident]
    backfills: Sequence[BackfillProgress]
    failed: Sequence[BackfillPart]

    @property
    def state(self) -> str:
        """The state in a word or two."""
        if self.collector is not None and not self.collector.enabled:
            return "not enabled"
        if self.standing is not None:
            return self.standing.state
        if self.collector is not None:
            return "broken"
        return BROKEN_FILE if self.mistakes else "not configured"

    @property
    def is_kept(self) -> bool:
        """Tell whether the daemon goes on with what it last read right of a broken file."""
        return self.collector is None and self.name in self.common.kept

    @property
    def is_wrong(self) -> bool:
        """Tell whether anything is missing, late, refused or broken."""
        known = self.standing
        late = known is not None and (known.is_late or known.unmet is not None)
        enabled = self.collector is None or self.collector.enabled
        gone = any(
            one.kind != Kind.REVISIT and (enabled or one.target is not None) for one in self.missing
        )
        return bool(late or gone or self.trouble or self.mistakes or self.refused or self.failed)

    @property
    def steps(self) -> list[tuple[Step, Sequence[Missing]]]:
        """What happens next, each step once, with the stretches that it happens to, if any."""
        grouped: dict[Step, list[Missing]] = {}
        for one in self.missing:
            grouped.setdefault(one.step, []).append(one)
        steps: list[tuple[Step, Sequence[Missing]]] = list(grouped.items())
        steps += [(step, ()) for step in self._others()]
        return steps or [(self._nothing(), ())]

    def _others(self) -> Iterator[Step]:
        if self.mistakes:
            is_left_out = self.collector is None and not self.is_kept
            until = "what they touch is left out"
            if self.common.daemon is not None and not is_left_out:
                until = "the daemon goes on with what it last read right"
            text = (
                f"its files have mistakes: mend them, 'validate' lists them all; until then {until}"
            )
            yield Step(text, by_hand=True)
        if self.trouble and self.collector is not None:
            yield Step(f"nothing can be planned: {self.trouble}", by_hand=True)
        if self.refused:
            number = sum(one.observations for one in self.refused)
            text = f"refused: {number}; mend why, then put back with"
            yield Step(f"{text}: dead-letters replay --collector {self.name}", by_hand=True)
        if self.standing is not None and self.standing.unmet is not None:
            text = f"its figures are not as expected: {self.standing.unmet}; look at its source"
            yield Step(text, by_hand=True)
        if redo := self._to_redo():
            yield redo
        for one in self.backfills:
            yield _of_backfill(one)
        for number, chunks in groupby(self.failed, lambda one: one.backfill_id):
            yield _to_retry(number, list(chunks))

    def _to_redo(self) -> Step | None:
        """Tell how to redo what was collected by another configuration."""
        collector, known = self.collector, self.standing
        if collector is None or known is None or isinstance(collector.source, Document):
            return None
        old = [one for one in known.stretches if one.fingerprint != collector.fingerprint]
        if not old:
            return None
        text = "some of its history was collected by another configuration; to redo it"
        return Step(f"{text}: {redo_command(collector, old[0].start, old[-1].end)}", by_hand=True)

    def _nothing(self) -> Step:
        if self.collector is None:
            return Step("nothing of it is missing or waits, and no file configures it")
        if self.next_tick is None:
            return Step("nothing is missing, and its schedule does not tick any more")
        if self.standing is not None and self.standing.paused is not None:
            return Step(f"nothing is missing; it is {self.standing.paused}", by_hand=True)
        if self.common.daemon is None:
            return Step("nothing is missing; no daemon runs on this store, so nothing ticks")
        text = f"nothing is missing; the next tick, at {spelt(self.next_tick)}, looks again"
        return Step(text, self.next_tick)


def redo_command(collector: Collector, start: int, end: int) -> str:
    """Give the command that collects again what lies between these times."""
    zone = collector.zone
    first = from_epoch(start).astimezone(zone).date()
    last = (from_epoch(end) - SECOND).astimezone(zone).date()
    return f"backfill {collector.name} --start {first} --end {last} --force"


def _to_retry(number: int, chunks: Sequence[BackfillPart]) -> Step:
    what = f"backfill {number} failed for {counted(len(chunks), 'chunk')}: {chunks[-1].reason}"
    return Step(f"{what}; mend that, then: backfill retry {number}", by_hand=True)


def _of_backfill(progress: BackfillProgress) -> Step:
    number = progress.backfill.id
    if progress.backfill.state is BackfillState.PAUSED:
        text = f"backfill {number} is paused; it goes on with: backfill resume {number}"
        return Step(text, by_hand=True)
    at = progress.parked_until or progress.retried_at
    when = f", not before {spelt(at)}" if at else ""
    left = f"{progress.left} of {counted(progress.periods, 'period')} left"
    return Step(f"backfill {number} goes on, with {left}{when}", at)
