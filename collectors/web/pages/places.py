"""The pages of what is configured: everything, a service, a collector, the files."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, render_template, request

from collectors.errors import Mistake
from collectors.standing import Known, Standing
from collectors.standing.calendar import calendar
from collectors.standing.explaining import explanations
from collectors.store import Depth
from collectors.web.pages import states
from collectors.web.pages.grid import grid
from collectors.web.pages.moment import Moment, moment
from collectors.web.pages.paging import page_of

CONCERNS = 20
"""How many collectors are named as needing attention."""
LATEST = 20
"""How many runs, ticks and windows the page of a collector shows."""

places = Blueprint("places", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A service at a glance: its worst state, and how many of its collectors are in which.

    ``seen_at`` is when a source last gave what it was asked for.
    """

    name: str
    title: str
    state: str
    collectors: int
    counts: Mapping[str, int]
    late_since: datetime | None
    seen_at: datetime | None
    waiting: int
    refused: int


@places.get("/")
def overview() -> str:
    """Show what needs attention, then every service."""
    now = moment()
    known = states.worst_first(now.known())
    concerns = [one for one in known if states.look(one.state) == states.BAD]
    asked = request.args.get("q", "").strip()
    services = [one for one in _services(now, known) if _fits(one, asked)]
    depths = now.store.view.depths(empty_too=True)
    return render_template(
        "overview.html",
        counts=states.counted(known),
        concerns=concerns[:CONCERNS],
        more=len(concerns) - CONCERNS,
        services=page_of(services),
        asked=asked,
        waiting=sum(one.observations for one in depths),
        parked=sum(one.lane.parked_at is not None for one in depths),
        refused=sum(now.store.view.dead_letter_counts().values()),
        holder=now.store.post.holder(),
        incidents=now.store.incidents.open_ones(),
        pauses=now.store.pauses.listed(),
        why=states.why,
    )


@places.get("/collectors")
def collectors() -> str:
    """Show the collectors, or those in one state."""
    state, asked = request.args.get("state", ""), request.args.get("q", "").strip()
    known = states.worst_first(moment().known())
    chosen = [
        one for one in known if state in ("", one.state) and asked.lower() in one.name.lower()
    ]
    return render_template(
        "collectors.html",
        counts=states.counted(known),
        state=state,
        asked=asked,
        known=page_of(chosen),
        why=states.why,
    )


@places.get("/services/<name>")
def service(name: str) -> str:
    """Show the collectors of one service."""
    known = moment().known(name)
    if not known:
        abort(404, f"No service is called {name!r}, or all of its collectors are turned off.")
    return render_template(
        "service.html",
        name=name,
        said=moment().service(name),
        counts=states.counted(known),
        known=states.worst_first(known),
        why=states.why,
    )


@places.get("/collectors/<service>/<key>")
def collector(service: str, key: str) -> str:
    """Show one collector: its calendar, what is missing, and what was tried."""
    name = f"{service}/{key}"
    now = moment()
    known = now.standing(name)
    if known is None:
        abort(404, f"No collector is called {name!r}, or it is turned off or broken.")
    year = request.args.get("year", type=int)
    if year is not None and not 1970 <= year <= now.now.year:
        abort(404, f"The calendar does not show the year {year}.")
    found = calendar(now.parts, known, year)
    (explained,) = explanations(now.parts, now.configuration, [name])
    return render_template(
        "collector.html",
        known=known,
        one=known.collector,
        why=states.why(known),
        mistakes=explained.mistakes,
        calendar=found,
        grid=grid(found) if found else None,
        steps=explained.steps,
        lanes=_lanes(now, known),
        runs=now.store.view.runs(collector=name, limit=LATEST),
        ticks=now.store.ticks.listed([name], limit=LATEST),
    )


@places.get("/files")
def files() -> str:
    """Show every mistake of every file."""
    configuration = moment().configuration
    return render_template(
        "files.html",
        told=_told(moment()),
        mistakes=_by_file(configuration.mistakes),
        warnings=_by_file(configuration.warnings),
    )


def _services(now: Moment, known: Sequence[Known]) -> list[Summary]:
    """Give the services, in the order of their worst collectors."""
    found: defaultdict[str, list[Known]] = defaultdict(list)
    for one in known:
        found[one.service].append(one)
    return [_summary(now, name, ones) for name, ones in found.items()]


def _summary(now: Moment, name: str, known: Sequence[Known]) -> Summary:
    said = now.service(name)
    late = [one.late_since for one in known if one.late_since is not None]
    return Summary(
        name=name,
        title=(said.title if said else None) or "",
        state=known[0].state,
        collectors=len(known),
        counts=states.counted(known),
        late_since=min(late, default=None),
        seen_at=max((one.seen_at for one in known if one.seen_at), default=None),
        waiting=sum(one.waiting for one in known),
        refused=sum(one.refused for one in known),
    )


def _fits(one: Summary, asked: str) -> bool:
    return asked.lower() in f"{one.name} {one.title}".lower()


def _lanes(now: Moment, known: Standing) -> list[Depth]:
    data_set = str(known.collector.data_set)
    depths = now.store.view.depths(empty_too=True)
    return [one for one in depths if one.lane.data_set == data_set]


def _told(now: Moment) -> tuple[datetime, list[str]] | None:
    """Give what the daemon finds wrong that is not wrong here, and when it said so."""
    if now.scene.parts is None or now.store.post.holder() is None:
        return None
    told = now.store.post.told("configuration")
    here = {str(one) for one in now.configuration.mistakes}
    other = [one for one in told[1]["mistakes"] if one not in here] if told else []
    return (told[0], other) if told and other else None


def _by_file(mistakes: Iterable[Mistake]) -> dict[str, list[Mistake]]:
    found: defaultdict[str, list[Mistake]] = defaultdict(list)
    for one in mistakes:
        found[one.file].append(one)
    return found
