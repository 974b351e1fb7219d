"""``status``: the state of every collector, and what is missing of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from collectors.api import Document
from collectors.cli import completing
from collectors.cli.choosing import choose, usable
from collectors.cli.output import moment, show_rows, stretch
from collectors.cli.settings import Settings
from collectors.config.model import Collector
from collectors.periods import Period, Window, following
from collectors.runner import Parts, find_due, lost_windows
from collectors.schedule import Due, Kind
from collectors.store import SUCCEEDED, Debt, Run, Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one collector now. ``due`` and ``lost`` are windows, oldest first."""

    collector: Collector
    stretches: Sequence[Stretch]
    due: Sequence[Due]
    lost: Sequence[Window]
    run: Run | None
    waiting: int
    refused: int
    late: bool
    owed: Sequence[Debt]


@click.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Only those with this label.",
)
@click.option("--late", is_flag=True, help="Only those past their deadline; exits with 1 if any.")
@click.option("--gaps", is_flag=True, help="List every window that is missing, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def status(
    settings: Settings,
    names: Sequence[str],
    labels: Sequence[str],
    *,
    late: bool,
    gaps: bool,
    as_json: bool,
) -> int:
    """Tell the state of all collectors, or of those with these NAMES."""
    configuration = usable(settings)
    chosen = choose(configuration, names, labels)
    with settings.store() as store, settings.look_only(store) as parts:
        runs = store.view.latest_runs()
        refused = store.view.dead_letter_counts()
        waiting = store.view.waiting()
        known = [
            _look(parts, one, runs.get(name), waiting.get(name, 0), refused.get(name, 0))
            for name, one in chosen.items()
        ]
    if late:
        known = [one for one in known if one.late]
    rows = [row for one in known for row in (_gaps(one) if gaps else [_row(one)])]
    empty = "nothing is missing" if gaps else "nothing is late" if late else "no collectors"
    show_rows(rows, as_json=as_json, empty=empty)
    return 1 if (late and known) or configuration.mistakes else 0


def _look(parts: Parts, collector: Collector, run: Run | None, waiting: int, refused: int) -> Known:
    due = find_due(parts, collector)
    return Known(
        collector=collector,
        stretches=parts.store.view.collected(collector.name),
        due=due,
        lost=lost_windows(parts, collector),
        run=run,
        waiting=waiting,
        refused=refused,
        late=_is_late(parts, collector, due),
        owed=parts.store.view.owed(collector.name),
    )


def _is_late(parts: Parts, collector: Collector, due: Sequence[Due]) -> bool:
    """Judge on data time: is a period missing that ended longer than the deadline ago?"""
    if collector.deadline is None or isinstance(collector.source, Document):
        return False
    missing = [one.window for one in due if one.kind is not Kind.REVISIT]
    if not missing:
        return False
    first = min(missing)
    end = first.end
    if collector.period is not Period.INSTANT:
        end = following(first.start, collector.period, collector.zone)
    return end + collector.deadline < parts.clock.now()


def _row(known: Known) -> dict[str, Any]:
    stretches = known.stretches
    counts = [one.observations for one in stretches]
    run = known.run
    return {
        "collector": known.collector.name,
        "state": _state(known),
        "collected_until": _until(stretches),
        "provisional": sum(not one.settled for one in stretches),
        "observations": None if None in counts else sum(one or 0 for one in counts),
        "due": sum(one.periods for one in known.due),
        "waiting": known.waiting,
        "refused": known.refused,
        "last_run": moment(run.ended_at or run.began_at) if run else None,
        "reason": run.reason if run else None,
    }


def _state(known: Known) -> str:
    """Give the first of these that is so; the worst come first."""
    run = known.run
    states = {
        "late": known.late,
        "never run": run is None,
        str(run.state if run else ""): run is not None and run.state not in SUCCEEDED,
        "has lost periods": bool(known.lost),
        "due": bool(known.due),
        "owed to a target": bool(known.owed),
        "differently collected": _differs(known),
    }
    return next((state for state, holds in states.items() if holds), "collected")


def _differs(known: Known) -> bool:
    now = known.collector.fingerprint
    return any(one.fingerprint != now for one in known.stretches)


def _until(stretches: Sequence[Stretch]) -> str | None:
    if not stretches:
        return None
    if stretches[-1].revision is not None:
        return f"revision of {moment(stretches[-1].collected_at)}"
    return moment(stretches[-1].end)


def _gaps(known: Known) -> list[dict[str, Any]]:
    run = known.run
    tried = f"; last run {run.state}: {run.reason}" if run and run.state not in SUCCEEDED else ""
    rows = [
        {
            "collector": known.collector.name,
            "window": str(one.window),
            "periods": one.periods,
            "kind": str(one.kind),
            "reason": f"{one.reason}{tried}",
        }
        for one in known.due
    ]
    lost = "the source does not remember it any more"
    rows += [_gap(known, str(window), "lost", lost) for window in known.lost]
    rows += [
        _gap(
            known,
            stretch(debt.start, debt.end),
            "owed",
            f"the outbox of {debt.lane.name} was full; 'run' pays it once there is room",
        )
        for debt in known.owed
    ]
    return rows


def _gap(known: Known, window: str, kind: str, reason: str) -> dict[str, Any]:
    return {
        "collector": known.collector.name,
        "window": window,
        "periods": None,
        "kind": kind,
        "reason": reason,
    }
