"""``run``: collect what is due now, deliver it, and say what came of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import click

from collectors.cli import completing, interruption, pausing, progress
from collectors.cli.choosing import choose, usable
from collectors.cli.output import show_json, show_rows
from collectors.cli.settings import Settings
from collectors.config.model import Collector
from collectors.datasets import DataSets
from collectors.engine.local import LocalEngine, Report
from collectors.runner import Between, Outcome, Parts, preview
from collectors.sink.dry_run import DryRun
from collectors.store import SUCCEEDED, State
from collectors.values import counted

ROWS_AT_MOST = 60
"""A longer table is left out where nobody asked for one collector by name; --json has it all."""

WARNINGS_AT_MOST = 20

FINE = (*SUCCEEDED, State.NOT_YET, None)
DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("names", nargs=-1, shell_complete=completing.collector_names)
@click.option("--all", "everything", is_flag=True, help="All collectors that are enabled.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=completing.labels,
    help="Those with this label; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent; store and send nothing.")
@click.option("--start", type=DAY, help="Collect from this local day on, even if settled.")
@click.option("--end", type=DAY, help="Up to and including this local day.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.pass_obj
def run(
    settings: Settings,
    names: Sequence[str],
    labels: Sequence[str],
    start: datetime | None,
    end: datetime | None,
    *,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Collect what is due now of the collectors with these NAMES, and deliver it, once.

    A name may be a collector, a service, or a pattern. With --start and --end, that stretch is
    collected again, whether or not it is settled. Exits with 1 if anything failed.
    """
    if not (names or labels or everything):
        raise click.UsageError("name collectors, or use --label or --all")
    between = _between(start, end)
    configuration = usable(settings)
    chosen = choose(configuration, names, labels)
    if dry_run:
        good = _preview(settings, chosen, names, between, as_json=as_json)
    else:
        only = None if everything else {str(one.data_set) for one in chosen.values()}
        good = _collect(settings, chosen, names, between, only, as_json=as_json)
    return 0 if good and not configuration.mistakes else 1


def _between(start: datetime | None, end: datetime | None) -> Between | None:
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise click.UsageError("--start and --end go together")
    if start > end:
        raise click.UsageError("--start is after --end")
    return Between(start.date(), end.date())


def _collect(
    settings: Settings,
    chosen: Mapping[str, Collector],
    names: Sequence[str],
    between: Between | None,
    data_sets: set[str] | None,
    *,
    as_json: bool,
) -> bool:
    with settings.store() as store, settings.parts(store) as parts:
        running = pausing.left_in(store, chosen, names)
        with progress.shown() as told:
            engine = LocalEngine(parts, settings.platform.workers, told)
            with interruption.heard(engine.stop):
                report = engine.run(running, between=between, data_sets=data_sets)
        held = _held(parts.embedded)
        left = _left(parts, report)
        kept = sum(depth.observations for depth in store.view.depths())
    rows = [_summed(one, _of(report.outcomes, name), held) for name, one in running.items()]
    answer = {
        "collectors": rows,
        "delivered": report.sent.observations,
        "refused": report.sent.rejected,
        "left": left,
        "paused": sorted(chosen.keys() - running.keys()),
        "waiting": kept,
    }
    _tell(answer, report.outcomes, as_json=as_json)
    refused = report.sent.rejected + sum(one.rejected for one in report.outcomes)
    stopped = bool(left or refused or engine.stopped)
    return not stopped and all(one.state in FINE for one in report.outcomes)


def _of(outcomes: Sequence[Outcome], name: str) -> list[Outcome]:
    return [one for one in outcomes if one.collector == name]


def _summed(
    collector: Collector, outcomes: Sequence[Outcome], held: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    warnings = sum(len(one.warnings) for one in outcomes)
    kept = [one for one in outcomes if one.state in SUCCEEDED]
    return {
        "collector": collector.name,
        "data_set": str(collector.data_set),
        "windows": sum(one.window is not None for one in outcomes),
        "observations": sum(one.observations for one in kept),
        "refused": sum(one.rejected for one in outcomes),
        "warnings": warnings,
        "result": _result(outcomes),
        **held.get(str(collector.data_set), {"holds": None, "from": None, "to": None}),
    }


def _result(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "nothing is due"
    worst = next((one for one in outcomes if one.state not in SUCCEEDED), None)
    if worst is not None:
        return f"{worst.state or 'left'}: {worst.reason}"
    return "done with warnings" if any(one.warnings for one in outcomes) else "done"


def _held(data_sets: DataSets | None) -> dict[str, dict[str, Any]]:
    """Give what each embedded data set holds after the run."""
    if data_sets is None:
        return {}
    return {
        str(one.data_set): {
            "holds": one.observations,
            "from": one.first.date().isoformat() if one.first else None,
            "to": one.last.date().isoformat() if one.last else None,
        }
        for one in data_sets.summary()
    }


def _left(parts: Parts, report: Report) -> list[dict[str, Any]]:
    return [
        {"lane": parts.store.delivery.lane(lane_id).name, "reason": reason}
        for lane_id, reason in sorted(report.sent.left.items())
    ]


def _run(outcome: Outcome) -> dict[str, Any]:
    """Give a run as JSON tells it; its error is its reason."""
    told = {one.name: getattr(outcome, one.name) for one in fields(outcome) if one.name != "error"}
    return {**told, "seconds": round(outcome.seconds, 3)}


def _tell(answer: Mapping[str, Any], outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        show_json({**answer, "runs": [_run(one) for one in outcomes]})
        return
    rows = answer["collectors"]
    told = [row for row in rows if row["result"] not in ("done", "nothing is due")]
    shown = rows if len(rows) <= ROWS_AT_MOST else told
    show_rows(_for_people(shown), as_json=False, empty="nothing went wrong")
    _warn(outcomes)
    for outcome in outcomes:
        if outcome.state not in FINE:
            click.echo(f"{outcome.collector}: {outcome.state}: {outcome.reason}", err=True)
    for lane in answer["left"]:
        click.echo(f"{lane['lane']}: not delivered: {lane['reason']}", err=True)
    observations = sum(row["observations"] for row in rows)
    click.echo(
        f"{counted(observations, 'observation')} collected by {counted(len(rows), 'collector')}, "
        f"{answer['delivered']:,} delivered, {answer['waiting']:,} waiting in the outbox"
    )
    click.echo(_advice(answer, outcomes), err=True)


def _warn(outcomes: Sequence[Outcome]) -> None:
    warnings = [f"{one.collector}: {warning}" for one in outcomes for warning in one.warnings]
    for warning in warnings[:WARNINGS_AT_MOST]:
        click.echo(warning, err=True)
    if len(warnings) > WARNINGS_AT_MOST:
        click.echo(
            f"{counted(len(warnings) - WARNINGS_AT_MOST, 'more warning')}: see --json", err=True
        )


def _for_people(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Leave out of a table what it would say twice."""
    same = all(row["data_set"] == row["collector"] for row in rows)
    hidden = ("data_set", "windows") if same else ("windows",)
    return [{name: row[name] for name in row if name not in hidden} for row in rows]


def _advice(answer: Mapping[str, Any], outcomes: Sequence[Outcome]) -> str:
    rows = answer["collectors"]
    if answer["left"]:
        return "nothing is lost: 'outbox list' shows what waits, and why"
    if any(row["refused"] for row in rows) or answer["refused"]:
        return "what was refused, and why: python run_collector.py dead-letters list"
    if any(one.state not in FINE for one in outcomes):
        return (
            "what failed is due again: python run_collector.py status --gaps shows what is missing"
        )
    if answer["paused"] and not rows:
        return "all of that is paused: python run_collector.py pause lists what is"
    if not rows:
        return "no collector is enabled"
    example = next((row["data_set"] for row in rows if row["holds"]), rows[0]["data_set"])
    return f"next: python run_collector.py read {example}   or   python run_collector.py status"


def _preview(
    settings: Settings,
    chosen: Mapping[str, Collector],
    names: Sequence[str],
    between: Between | None,
    *,
    as_json: bool,
) -> bool:
    sink = DryRun()
    with settings.store(passing=True) as store, settings.look_only(store) as parts:
        chosen = pausing.left_in(store, chosen, names)
        outcomes = [
            outcome for one in chosen.values() for outcome in preview(parts, one, sink, between)
        ]
    if as_json:
        samples = {str(name): some for name, some in sink.samples.items()}
        counts = {str(name): count for name, count in sink.counts.items()}
        answer = {"runs": outcomes, "observations": counts, "samples": samples}
        show_json({**answer, "emptied": sorted(map(str, sink.emptied))})
    else:
        emptied = {name for name, one in chosen.items() if one.data_set in sink.emptied}
        _show_preview(outcomes, sink, emptied)
    return all(one.state in FINE for one in outcomes)


def _show_preview(outcomes: Sequence[Outcome], sink: DryRun, emptied: Collection[str]) -> None:
    rows = [
        {
            "collector": one.collector,
            "window": str(one.window) if one.window else None,
            "readings": one.readings,
            "observations": one.observations,
            "refused": one.rejected,
            "result": _would_be(one, replaces=one.collector in emptied),
        }
        for one in outcomes
    ]
    show_rows(rows, as_json=False, empty="nothing is due")
    _warn(outcomes)
    for data_set, samples in sink.samples.items():
        click.echo(f"\n{data_set}: the first of {counted(sink.counts[data_set], 'observation')}")
        for sample in samples:
            show_json(sample)


def _would_be(outcome: Outcome, *, replaces: bool) -> str:
    if outcome.state not in SUCCEEDED:
        return f"{outcome.state}: {outcome.reason}"
    return "would replace all that is there" if replaces else "would be sent"
