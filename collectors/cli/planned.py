"""A forecast as it is printed: for people, and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from collectors.cli.output import moment, roughly, show_rows
from collectors.clock import epoch, from_epoch, spelt
from collectors.forecast import BudgetUse, Differences, Forecast, Hour, Night
from collectors.schedule import Kind
from collectors.values import counted

HOURS_AT_MOST = 48
"""Of a longer time people are shown days."""
NAMED = 5
"""How many names a sentence has."""
_KINDS = (Kind.LIVE, Kind.REVISIT, Kind.CATCH_UP, Kind.BACKFILL)


def show_forecast(made: Forecast) -> None:
    """Print a forecast for people."""
    by_day = len(made.hours) > HOURS_AT_MOST
    rows = [_row(hour) for hour in (_days(made.hours) if by_day else made.hours)]
    show_rows(rows, as_json=False, empty="nothing to plan")
    click.echo()
    for line in _lines(made):
        click.echo(line)
    if made.budgets:
        click.echo()
        show_rows([_budget_row(one) for one in made.budgets], as_json=False, empty="")
    click.echo()
    click.echo(_verdict(made))


def show_differences(found: Differences) -> None:
    """Print for people what another configuration changes."""
    for name in found.added:
        click.echo(f"added: {name}")
    for name in found.dropped:
        click.echo(f"dropped: {name}")
    for moved in found.moved:
        after = spelt(moved.next_after) if moved.next_after else "never"
        click.echo(f"moved: {moved.name}: {moved.before} -> {moved.after}; next tick {after}")
    for one in found.redone:
        redo = f"; to redo its history: {one.command}" if one.command else ""
        click.echo(f"collected differently: {one.name}{redo}")
    if not found:
        click.echo("no collector is added, dropped, moved or collected differently")


def show_side_by_side(now: Forecast, other: Forecast) -> None:
    """Print the sums of two forecasts beside one another."""
    click.echo()
    ours, theirs = _sums(now), _sums(other)
    rows = [{"": name, "now": ours[name], "other": theirs[name]} for name in ours]
    show_rows(rows, as_json=False, empty="")
    click.echo()
    click.echo(f"the other configuration: {_verdict(other)}")


def as_json_takes_it(made: Forecast) -> dict[str, Any]:
    """Give a forecast for programs."""
    load = made.load
    return {
        "from": moment(epoch(made.start)),
        "to": moment(epoch(made.end)),
        "good": made.is_good,
        "collectors": made.collectors,
        "ticks": made.ticks,
        "runs": {str(kind): made.runs[kind] for kind in _KINDS},
        "waiting": {str(kind): load.waiting[kind] for kind in _KINDS},
        "workers": load.workers,
        "peak": load.peak,
        "peak_at": moment(int(load.peak_at)) if load.peak else None,
        "busy": round(load.busy, 4),
        "longest_wait": round(load.longest_wait, 1),
        "longest_wait_of": load.longest_of,
        "behind": sorted(load.behind),
        "seconds_a_request": {name: round(one, 3) for name, one in sorted(made.seconds.items())},
        "assumed": list(made.assumed),
        "hours": [_row(hour) for hour in made.hours],
        "budgets": [_budget(one) for one in made.budgets],
        "calls": [
            {"key": key, "hour": moment(at), "calls": count}
            for key, hours in made.calls.items()
            for at, count in sorted(hours.items())
        ],
        "nights": [_night(one) for one in made.nights],
        "never": list(made.never),
        "resting": made.resting,
        "paused": list(made.paused),
        "unknown_quotas": dict(made.unknown),
        "broken": dict(made.broken),
    }


def differences_as_json(found: Differences) -> dict[str, Any]:
    """Give for programs what another configuration changes."""
    return {
        "added": found.added,
        "dropped": found.dropped,
        "moved": [
            {"collector": one.name, "before": one.before, "after": one.after}
            | {"next_tick": moment(epoch(one.next_after)) if one.next_after else None}
            for one in found.moved
        ],
        "differently": [{"collector": one.name, "redo": one.command} for one in found.redone],
    }


def _row(hour: Hour) -> dict[str, Any]:
    return {
        "hour": moment(hour.at),
        "ticks": hour.ticks,
        **{str(kind).replace("-", "_"): hour.runs[kind] for kind in _KINDS},
        "peak": hour.peak,
        "longest_wait": round(hour.longest_wait, 1),
    }


def _days(hours: Sequence[Hour]) -> Iterator[Hour]:
    days: dict[int, Hour] = {}
    for hour in hours:
        start = hour.at // 86_400 * 86_400
        day = days.setdefault(start, Hour(start))
        day.ticks += hour.ticks
        day.runs.update(hour.runs)
        day.peak = max(day.peak, hour.peak)
        day.longest_wait = max(day.longest_wait, hour.longest_wait)
    return iter(days.values())


def _lines(made: Forecast) -> Iterator[str]:
    load = made.load
    yield f"from {spelt(made.start)} to {spelt(made.end)}: {_whole(made)}"
    peak = f"; most at once {load.peak}, at {spelt(from_epoch(int(load.peak_at)))}"
    yield f"workers: {load.workers}, of which live runs and revisits take {load.busy:.1%}" + (
        peak if load.peak else ""
    )
    if load.longest_of:
        yield f"longest wait: {load.longest_wait:,.0f} s, of {load.longest_of}"
    if load.waiting.total():
        waiting = ", ".join(
            f"{load.waiting[kind]:,} {kind}" for kind in _KINDS if load.waiting[kind]
        )
        yield f"not begun by the end: {waiting}"
    known = [f"{name} {one:.3g} s" for name, one in sorted(made.seconds.items())]
    known += [f"{name} 1 s (assumed: no run has gone well yet)" for name in made.assumed]
    if known:
        yield f"a request takes: {', '.join(known)}"
    for night in made.nights:
        yield from _night_lines(night)
    if made.never:
        yield f"never tick: {_names(made.never)}"
    if made.resting:
        yield f"do not tick within this time: {made.resting}"
    if made.paused:
        yield f"paused, so not planned: {_names(made.paused)}"
    for name, reason in list(made.broken.items())[:NAMED]:
        yield f"{name} cannot be planned: {reason}"
    for reason in list(dict.fromkeys(made.unknown.values()))[:NAMED]:
        names = [name for name, why in made.unknown.items() if why == reason]
        yield f"the quota of {_names(names)} is not known: {reason}"


def _whole(made: Forecast) -> str:
    runs = ", ".join(f"{made.runs[kind]:,} {kind}" for kind in _KINDS if made.runs[kind])
    collectors = counted(made.collectors, "collector")
    return f"{counted(made.ticks, 'tick')} of {collectors}; runs: {runs or 'none'}"


def _night_lines(night: Night) -> Iterator[str]:
    way = "forward" if night.by.total_seconds() > 0 else "back"
    by = roughly(abs(night.by.total_seconds())).removeprefix("about ")
    yield f"{spelt(night.at)}: the clocks of {night.zone} go {way} by {by}"
    if night.long_days:
        than = "shorter" if way == "forward" else "longer"
        yield f"  a period is {by} {than} for {_names(night.long_days)}"
    if night.moved:
        when = "at that moment" if way == "forward" else "the first time only"
        yield (
            f"  a time that is {'left out' if way == 'forward' else 'shown twice'} ticks {when}: "
            + (_names(night.moved))
        )
    if night.by_the_clock:
        what = "fewer" if way == "forward" else "more"
        yield f"  {what} ticks, as their cron text goes by the clock: {_names(night.by_the_clock)}"


def _budget_row(one: BudgetUse) -> dict[str, Any]:
    return {
        "key": one.key,
        "busiest": one.span,
        "at": moment(one.at),
        "live": one.live,
        "revisit": one.revisit,
        "other": one.other,
        "used_before": one.used,
        "limit": one.limit,
        "reserved": one.reserved,
        "result": _result(one),
    }


def _result(one: BudgetUse) -> str:
    if one.limit is None:
        return "no limit is known"
    if one.breaks:
        return "BREAKS"
    return f"fits; {one.parks:,} are parked" if one.parks else "fits"


def _verdict(made: Forecast) -> str:
    wrong = [f"the quota {one.key} breaks by the {one.span}" for one in made.budgets if one.breaks]
    workers = counted(made.load.workers, "worker")
    if made.load.behind:
        names = _names(sorted(made.load.behind))
        wrong.append(f"{workers} cannot keep up: the next tick overtakes {names}")
    elif not made.load.keeps_up:
        wrong.append(f"{workers} cannot keep up: there is more work than time")
    return "; ".join(wrong) or "the workers keep up, and no budget breaks"


def _sums(made: Forecast) -> dict[str, Any]:
    return {
        "collectors": made.collectors,
        "ticks": made.ticks,
        **{f"{kind} runs": made.runs[kind] for kind in _KINDS},
        "most at once": made.load.peak,
        "workers": made.load.workers,
        "longest wait, s": round(made.load.longest_wait, 1),
        "requests with a quota": sum(hours.total() for hours in made.calls.values()),
        "budgets that break": sum(one.breaks for one in made.budgets),
        "never tick": len(made.never),
    }


def _budget(one: BudgetUse) -> dict[str, Any]:
    return {
        "key": one.key,
        "span": one.span,
        "at": moment(one.at),
        "limit": one.limit,
        "reserved": one.reserved,
        "used": one.used,
        "live": one.live,
        "revisit": one.revisit,
        "other": one.other,
        "parks": one.parks,
        "breaks": one.breaks,
    }


def _night(one: Night) -> dict[str, Any]:
    return {
        "zone": one.zone,
        "at": moment(epoch(one.at)),
        "by": int(one.by.total_seconds()),
        "longer_or_shorter": list(one.long_days),
        "once_nevertheless": list(one.moved),
        "by_the_clock": list(one.by_the_clock),
    }


def _names(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
