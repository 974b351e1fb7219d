"""What is known of each collector now, from the store and the present time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.config.model import Collector
from collectors.periods import Window
from collectors.runner import Parts, find_due, lost_windows
from collectors.schedule import Due
from collectors.standing.lateness import late_since
from collectors.store import SUCCEEDED, Debt, History, Pause, Run, Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of one collector. ``due`` and ``lost`` are windows, oldest first.

    ``late_since`` is when the first missing period passed its deadline; None where none has.
    What is ``paused`` is never late.
    ``waiting`` observations are not delivered yet, ``refused`` ones are dead letters.
    """

    collector: Collector
    stretches: Sequence[Stretch]
    due: Sequence[Due]
    lost: Sequence[Window]
    run: Run | None
    waiting: int
    refused: int
    late_since: datetime | None
    owed: Sequence[Debt]
    paused: Pause | None

    @property
    def is_late(self) -> bool:
        """Tell whether a period is missing that passed its deadline."""
        return self.late_since is not None

    @property
    def state(self) -> str:
        """The first of these that is so; but for what is paused, the worst come first."""
        run = self.run
        states = {
            "paused": self.paused is not None,
            "late": self.is_late,
            "never run": run is None,
            str(run.state if run else ""): run is not None and run.state not in SUCCEEDED,
            "has lost periods": bool(self.lost),
            "due": bool(self.due),
            "owed to a target": bool(self.owed),
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
    runs, refused, waiting = view.latest_runs(), view.dead_letter_counts(), view.waiting()
    histories = view.histories(list(collectors))
    pauses = parts.store.pauses.paused(collectors.values())
    return [
        _standing(
            parts,
            one,
            histories[name],
            run=runs.get(name),
            waiting=waiting.get(name, 0),
            refused=refused.get(name, 0),
            paused=pauses.get(name),
            ask=ask,
        )
        for name, one in collectors.items()
    ]


def _standing(
    parts: Parts,
    collector: Collector,
    history: History,
    *,
    run: Run | None,
    waiting: int,
    refused: int,
    paused: Pause | None,
    ask: bool,
) -> Standing:
    due = find_due(parts, collector, history, ask=ask)
    return Standing(
        collector=collector,
        stretches=history.stretches,
        due=due,
        lost=lost_windows(parts, collector, history),
        run=run,
        waiting=waiting,
        refused=refused,
        late_since=None if paused else late_since(collector, due, parts.clock.now()),
        owed=history.debts,
        paused=paused,
    )
