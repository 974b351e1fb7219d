"""All that is known about a collector: what is missing, why, and what happens next and when."""

from collections import Counter
from collections.abc import Iterable, Sequence

from collectors.config.model import Collector, Configuration
from collectors.errors import CollectorError, StoreError
from collectors.runner import Parts
from collectors.runner.quotas import quota_limits
from collectors.schedule import next_tick, timing_of
from collectors.standing.backfilled import failed_chunks
from collectors.standing.broken import broken_by, is_its_file, kept_names
from collectors.standing.calendar import RUNS
from collectors.standing.explanation import Common, Explanation, Refusals
from collectors.standing.missing import uncollected, undelivered, under_way
from collectors.standing.standing import Standing, standings
from collectors.standing.steps import Circumstances
from collectors.store import (
    SUCCEEDED,
    BackfillProgress,
    BackfillState,
    DeadLetter,
    Incident,
    QuotaStanding,
    Run,
    State,
)
from collectors.store.runs import OPEN, REFILL

LETTERS = 200
"""How many dead letters are looked through for their reasons."""
_ACTIVE = (BackfillState.RUNNING, BackfillState.PAUSED)


def explanations(
    parts: Parts, configuration: Configuration, names: Iterable[str]
) -> list[Explanation]:
    """Explain collectors by name, also such that no file configures (any more).

    Nothing is asked of any source, so a document that was read is taken to be as it was. Raises
    StoreError.
    """
    with parts.store.at_one_moment():
        common = _common(parts)
        return [_Explaining(parts, configuration, common, name).explain() for name in names]


class _Explaining:
    """One collector, looked at from every side."""

    def __init__(
        self, parts: Parts, configuration: Configuration, common: Common, name: str
    ) -> None:
        self._parts = parts
        self._common = common
        self._name = name
        self._collector = configuration.collectors.get(name)
        self._mistakes = [
            *map(str, broken_by(configuration, name)),
            *(one for one in common.told if is_its_file(configuration, name, one.split(":")[0])),
        ]
        self._runs = parts.store.view.runs(collector=name, limit=RUNS)

    def explain(self) -> Explanation:
        standing, trouble = self._standing()
        store, collector = self._parts.store, self._collector
        data_set = str(collector.data_set) if collector else None
        known = self._circumstances(standing)
        lanes = store.delivery.waiting(self._name, data_set)
        lacking = uncollected(self._parts, known, standing) if standing else under_way(known)
        missing = [*lacking, *undelivered(known, lanes)]
        ticked = store.ticks.listed([self._name], limit=1)
        return Explanation(
            name=self._name,
            common=self._common,
            collector=collector,
            standing=standing,
            trouble=trouble,
            mistakes=list(dict.fromkeys(self._mistakes)),
            missing=missing,
            last_tick=ticked[0] if ticked else None,
            next_tick=known.next_tick,
            runs=_told_runs(self._runs),
            lanes=lanes,
            refused=_refusals(store.view.newest_dead_letters(collector=self._name, limit=LETTERS)),
            quotas=self._quotas(),
            incidents=[one for one in self._common.incidents if _is_about(one, collector)],
            backfills=self._backfills(),
            failed=self._common.failed.get(self._name, ()),
        )

    def _standing(self) -> tuple[Standing | None, str | None]:
        if self._collector is None:
            if not self._mistakes:
                return None, "no file configures it"
            return None, f"the file that configures it is broken: {self._mistakes[0]}"
        try:
            found = standings(self._parts, {self._name: self._collector}, ask=False)
        except StoreError:
            raise
        except CollectorError as exc:
            return None, self._parts.vault.scrub(str(exc))
        return found[0], None

    def _circumstances(self, standing: Standing | None) -> Circumstances:
        collector, common = self._collector, self._common
        ticks = collector is not None and collector.enabled
        return Circumstances(
            name=self._name,
            now=common.now,
            me=self._parts.store.post.owner,
            collector=collector,
            is_kept=collector is None and self._name in common.kept,
            targets=self._parts.targets,
            paused=standing.paused if standing else None,
            daemon=common.daemon,
            next_tick=next_tick(timing_of(collector), common.now) if collector and ticks else None,
            runs=self._runs,
            queue=common.queue,
        )

    def _quotas(self) -> list[QuotaStanding]:
        if self._collector is None:
            return []
        try:
            limits = quota_limits(self._parts, self._collector)
        except CollectorError:
            return []  # what is wrong with the credential is what its runs end with
        found = self._parts.store.quota.standing(limits) if limits else []
        return [one for one in found if one.key in limits]

    def _backfills(self) -> list[BackfillProgress]:
        found = self._common.backfills.values()
        return [progress for progress, names in found if self._name in names]


def _common(parts: Parts) -> Common:
    store = parts.store
    alive, told = store.post.told("daemon"), store.post.told("configuration")
    daemon = store.post.holder()
    active = [one for one in store.backfills.progress() if one.backfill.state in _ACTIVE]
    waiting = {one: store.backfills.unfinished(one.backfill.id) for one in active}
    open_counts = store.view.open_counts()
    return Common(
        now=parts.clock.now(),
        daemon=daemon,
        alive_at=alive[0] if alive else None,
        told=told[1].get("mistakes", []) if told and daemon else [],
        kept=kept_names(store),
        incidents=store.incidents.open_ones(),
        backfills={one.backfill.id: (one, names) for one, names in waiting.items()},
        failed=failed_chunks(store),
        queue=sum(number for (_, state), number in open_counts.items() if state == State.DUE),
    )


def _told_runs(runs: Sequence[Run]) -> list[Run]:
    """Give the runs that have not ended, the last that failed, and the last of all; newest first.

    Those that only filled a lane are left out.
    """
    own = [run for run in runs if run.kind != REFILL and run.state != State.SUPERSEDED]
    ended = [run for run in own if run.state not in OPEN]
    failed = [run for run in ended if run.state not in SUCCEEDED]
    open_ones = [run for run in own if run not in ended]
    chosen = {run.id: run for run in (*open_ones, *ended[:1], *failed[:1])}
    return sorted(chosen.values(), key=lambda run: -run.id)


def _refusals(letters: Iterable[DeadLetter]) -> list[Refusals]:
    counts = Counter((one.target, one.reason) for one in letters)
    return [
        Refusals(target=target, reason=reason, observations=number)
        for (target, reason), number in counts.most_common()
    ]


def _is_about(incident: Incident, collector: Collector | None) -> bool:
    if collector is None:
        return False
    return incident.subject == collector.name or str(collector.data_set) in incident.data_sets
