"""What is due of many collectors at once, ready to be entered into the due queue."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from collectors.api import Document
from collectors.clock import epoch
from collectors.config.model import Collector
from collectors.errors import CollectorError
from collectors.periods import ALWAYS, Period
from collectors.runner.parts import Parts
from collectors.runner.planning import find_due, first_origin, planned
from collectors.schedule import Due, Kind
from collectors.store import History, Plan, Proposal

Ticks = Mapping[str, Sequence[datetime]]
"""The collectors to plan, by name, each with the ticks that ask; none where nobody's tick does."""

_LOOK = Due(ALWAYS, Kind.LIVE, 1, "whether it has changed is seen when it is looked at")


def enter(
    parts: Parts, collectors: Mapping[str, Collector], ticks: Ticks
) -> tuple[dict[str, Plan], dict[str, str]]:
    """Write down what is due of these collectors, and what became of their ticks.

    Gives the plans, and for each collector whose source's plugin broke while it was planned, what
    it said. Where no tick asked and nothing is due, there is no plan. No source is asked anything:
    whether a document has changed is left to its run.
    Raises StoreError.
    """
    plans: dict[str, Plan] = {}
    broken: dict[str, str] = {}
    asked = [name for name in ticks if name in collectors]
    while asked:
        proposals = list(_proposals(parts, collectors, asked, ticks, broken))
        made = parts.store.queue.enter([one for one in proposals if not _is_idle(one)])
        plans |= made
        asked = [name for name, plan in made.items() if plan.stale]
    return plans, broken


def _proposals(
    parts: Parts,
    collectors: Mapping[str, Collector],
    names: Sequence[str],
    ticks: Ticks,
    broken: dict[str, str],
) -> Iterable[Proposal]:
    histories = parts.store.view.histories(names)
    for name in names:
        try:
            due = _due(parts, collectors[name], histories[name])
        except CollectorError as exc:
            broken[name] = parts.vault.scrub(str(exc))
            due = []
        yield _proposal(
            parts, collectors[name], histories[name], due, ticks[name], broken.get(name)
        )


def _is_idle(one: Proposal) -> bool:
    """Tell whether nothing is to be written down, as of most when all are looked at."""
    return not (one.planned or one.at) and one.origin is None


def _due(parts: Parts, collector: Collector, history: History) -> list[Due]:
    if not isinstance(collector.source, Document):
        return find_due(parts, collector, history)
    return [_LOOK]


def _proposal(
    parts: Parts,
    collector: Collector,
    history: History,
    due: Sequence[Due],
    ticks: Sequence[datetime],
    broken: str | None,
) -> Proposal:
    first = None if broken else first_origin(parts, collector, history)
    return Proposal(
        collector=collector.name,
        planned=planned(due),
        seen=history.stretches,
        origin=None if first is None else epoch(first),
        at=[epoch(at) for at in ticks],
        idle=broken or "all that has ended is collected",
        instant=collector.period is Period.INSTANT,
    )
