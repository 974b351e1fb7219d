"""The pages of what goes on: runs, the outbox, dead letters, quotas, backfills."""

from flask import Blueprint, render_template, request

from collectors.store import Depth, State
from collectors.web.pages.moment import moment
from collectors.web.pages.paging import AT_ONCE, before, page_of

lists = Blueprint("lists", __name__)


@lists.get("/runs")
def runs() -> str:
    """Show the last runs, of all collectors or of one, in any state or one."""
    state, name = request.args.get("state", ""), request.args.get("collector", "")
    found = moment().store.view.runs(
        collector=name or None,
        states=[state] if state else (),
        before=before(),
        limit=AT_ONCE + 1,
    )
    return render_template(
        "runs.html",
        runs=found[:AT_ONCE],
        older=found[AT_ONCE - 1].id if len(found) > AT_ONCE else None,
        state=state,
        name=name,
        states=list(State),
    )


@lists.get("/outbox")
def outbox() -> str:
    """Show the lanes: those in trouble first, then the fullest."""
    depths = moment().store.view.depths(empty_too=True)
    return render_template("outbox.html", depths=page_of(sorted(depths, key=_urgency)))


@lists.get("/dead-letters")
def dead_letters() -> str:
    """Show what was refused, and why."""
    view = moment().store.view
    data_set, name = request.args.get("data_set", ""), request.args.get("collector", "")
    found = view.newest_dead_letters(
        data_set=data_set or None, collector=name or None, before=before(), limit=AT_ONCE + 1
    )
    return render_template(
        "dead_letters.html",
        letters=found[:AT_ONCE],
        older=found[AT_ONCE - 1].id if len(found) > AT_ONCE else None,
        reasons=view.dead_letter_reasons(),
        data_set=data_set,
        name=name,
    )


@lists.get("/quotas")
def quotas() -> str:
    """Show what is left of each provider's budget."""
    return render_template("quotas.html", standings=moment().store.quota.standing())


@lists.get("/backfills")
def backfills() -> str:
    """Show how far the backfills have come, the newest first."""
    progress = moment().store.backfills.progress()
    return render_template("backfills.html", progress=page_of(progress[::-1]))


def _urgency(one: Depth) -> tuple[bool, bool, int, str]:
    lane = one.lane
    return lane.parked_at is None, lane.retry_at is None, -one.observations, lane.name
