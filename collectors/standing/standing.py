"""What is known of each collector now, from the store and the present time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.clock import from_epoch
from collectors.config.model import Collector
from collectors.periods import Window
from collectors.runner import Parts, Probed, find_due, last_probes, lost_windows
from collectors.schedule import Due
from collectors.standing.lateness import Lateness, lateness
from collectors.store import SUCCEEDED, Debt, History, Pause, Queued, Run, Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of one collector. ``due`` and ``lost`` are windows, oldest first.

    ``run`` is the last one that has begun, ``ended`` the last that has ended or is parked, but for
    backfills; ``seen_at`` is when its source last gave what it was asked for. ``queued`` is what is
    not delivered yet, lane by lane; ``refused`` counts dead letters. What is ``paused`` is never
    late. ``unmet`` says how the last period that was judged differs from what is expected of it.
    ``probed`` is the last look of a source that looks at every tick.
    """

    collector: Collector
    stretches: Sequence[Stretch]
    due: Sequence[Due]
    lost: Sequence[Window]
    run: Run | None
    ended: Run | None
    seen_at: datetime | None
    queued: Sequence[Queued]
    refused: int
    late: Lateness | None
    owed: Sequence[Debt]
    paused: Pause | None
    unmet: str | None
    probed: Probed | None = None

    @property
    def name(self) -> str:
        """The name of the collector."""
        return self.collector.name

    @property
    def service(self) -> str:
        """The service that the collector is of."""
        return self.collector.service

    @property
    def waiting(self) -> int:
        """How many observations are not delivered yet."""
        return sum(one.observations for one in self.queued)

    @property
    def late_since(self) -> datetime | None:
        """When what is missing passed its deadline; None where nothing has."""
        return self.late.since if self.late else None

    @property
    def is_late(self) -> bool:
        """Tell whether something is missing that passed its deadline."""
        return self.late is not None

    @property
    def state(self) -> str:
        """The first of these that is so; but for what is paused, the worst come first."""
        run = self.run
        states = {
            "paused": self.paused is not None,
            "late": self.is_late,
            "probing": run is None and self.probed is not None,
            "never run": run is None and not self.stretches,
            str(run.state if run else ""): run is not None and run.state not in SUCCEEDED,
            "has lost periods": bool(self.lost),
            "due": bool(self.due),
            "owed to a target": bool(self.owed),
            "not as expected": self.unmet is not None,
            "differently collected": self._differs,
        }
        return next((state for state, holds in states.items() if holds), "collected")

    @property
    def _differs(self) -> bool:
        return any(one.fingerprint != self.collector.fingerprint for one in self.stretches)


def standings(
    parts: Parts, collectors: Mapping[str, Collector], *, ask: bool = True
) -> list[Standing]:
    """Give where these collectors stand, in their order. Raises StoreError.

    Without ``ask`` no source is asked, so a document that was read is taken to be as it was.
    """
    view = parts.store.view
    with parts.store.at_one_moment():
        runs = view.latest_runs()
        known = _Known(
            histories=view.histories(list(collectors)),
            runs=runs,
            ended=view.latest_ended(runs),
            queued=view.queued(),
            refused=view.dead_letter_counts(),
            pauses=parts.store.pauses.paused(collectors.values()),
            unmet=parts.store.figures.unmet(),
            probed=last_probes(parts, collectors.values()),
        )
    return [_standing(parts, one, known, ask=ask) for one in collectors.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the store knows at one moment, by the collectors' names."""

    histories: Mapping[str, History]
    runs: Mapping[str, Run]
    ended: Mapping[str, Run]
    queued: Mapping[str, Sequence[Queued]]
    refused: Mapping[str, int]
    pauses: Mapping[str, Pause]
    unmet: Mapping[str, str]
    probed: Mapping[str, Probed]


def _standing(parts: Parts, collector: Collector, known: _Known, *, ask: bool) -> Standing:
    name = collector.name
    history, ended, paused = known.histories[name], known.ended.get(name), known.pauses.get(name)
    due = find_due(parts, collector, history, ask=ask)
    queued = known.queued.get(name, ())
    late = lateness(collector, history, due, queued, ended, parts.clock.now())
    return Standing(
        collector=collector,
        stretches=history.stretches,
        due=due,
        lost=lost_windows(parts, collector, history),
        run=known.runs.get(name),
        ended=ended,
        seen_at=seen_at(history),
        queued=queued,
        refused=known.refused.get(name, 0),
        late=None if paused or not collector.enabled else late,
        owed=history.debts,
        paused=paused,
        unmet=known.unmet.get(name) if collector.expect else None,
        probed=known.probed.get(name),
    )


def seen_at(history: History) -> datetime | None:
    """Give when a source last gave what it was asked for, as far as that is known."""
    collected = [from_epoch(one.collected_at) for one in history.stretches]
    return max([*collected, *filter(None, [history.looked_at])], default=None)
