"""``status``: the state of every collector, and what is missing of it."""

from collections.abc import Sequence
from typing import Any

import click

from collectors.cli import completing
from collectors.cli.choosing import choose, fits, usable
from collectors.cli.following import tell_failed, tell_running
from collectors.cli.output import moment, show_rows, stretch
from collectors.cli.settings import Settings
from collectors.clock import epoch
from collectors.standing import Broken, Known, broken_ones, standings
from collectors.standing.backfilled import failed_chunks
from collectors.store import SUCCEEDED, Stretch


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
    chosen = choose(configuration, names, labels, broken_too=True)
    with settings.store() as store, settings.look_only(store) as parts:
        known: list[Known] = [*standings(parts, chosen)]
        if not labels:
            broken = broken_ones(parts, configuration)
            known += [one for one in broken if not names or fits(one.name, names)]
        tell_running(store)
        tell_failed(failed_chunks(store), {one.name for one in known})
    if late:
        known = [one for one in known if one.is_late or isinstance(one, Broken)]
    told = _gaps if gaps else _late if late else _state
    rows = [row for one in sorted(known, key=_name) for row in told(one)]
    empty = "nothing is missing" if gaps else "nothing is late" if late else "no collectors"
    show_rows(rows, as_json=as_json, empty=empty)
    return 1 if (late and known) or configuration.mistakes else 0


def _name(known: Known) -> str:
    return known.name


def _late(known: Known) -> list[dict[str, Any]]:
    since = known.late_since
    return [{"late_since": moment(epoch(since)) if since else None, **_row(known)}]


def _state(known: Known) -> list[dict[str, Any]]:
    return [_row(known)]


def _row(known: Known) -> dict[str, Any]:
    stretches = known.stretches
    counts = [one.observations for one in stretches]
    run = known.run
    return {
        "collector": known.name,
        "state": known.state,
        "collected_until": _until(stretches),
        "provisional": sum(not one.settled for one in stretches),
        "observations": None if None in counts else sum(one or 0 for one in counts),
        "due": None if isinstance(known, Broken) else sum(one.periods for one in known.due),
        "waiting": known.waiting,
        "refused": known.refused,
        "last_run": moment(run.ended_at or run.began_at) if run else None,
        "reason": _reason(known),
    }


def _reason(known: Known) -> str | None:
    if isinstance(known, Broken):
        return known.why
    if known.paused is not None:
        return f"{known.paused}; go on with: resume {known.paused.shown}"
    if known.late is not None:
        return known.late.reason
    if known.state == "not as expected":
        return known.unmet
    if known.run is None and known.probed is not None:
        return f"probed {known.probed}"
    return known.run.reason if known.run else None


def _until(stretches: Sequence[Stretch]) -> str | None:
    if not stretches:
        return None
    if stretches[-1].revision is not None:
        return f"revision of {moment(stretches[-1].collected_at)}"
    return moment(stretches[-1].end)


def _gaps(known: Known) -> list[dict[str, Any]]:
    if isinstance(known, Broken):
        return [_gap(known, None, known.state, known.why)]
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


def _gap(known: Known, window: str | None, kind: str, reason: str) -> dict[str, Any]:
    return {
        "collector": known.name,
        "window": window,
        "periods": None,
        "kind": kind,
        "reason": reason,
    }
