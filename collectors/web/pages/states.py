"""The states of things as pages show them: how bad each is, and how it looks."""

from collections import Counter
from collections.abc import Iterable, Mapping

from collectors.standing import Broken, Known, Standing
from collectors.standing.broken import BROKEN_FILE
from collectors.standing.calendar import Mark
from collectors.store import State

BAD, ODD, BUSY, GOOD = "bad", "odd", "busy", "good"
LOOKS: Mapping[str, str] = {
    "late": BAD,
    BROKEN_FILE: BAD,
    State.FAILED: BAD,
    State.LOST: BAD,
    State.PARKED: ODD,
    "paused": ODD,
    "never run": ODD,
    State.NOT_YET: ODD,
    "has lost periods": ODD,
    "owed to a target": ODD,
    "not as expected": ODD,
    "differently collected": ODD,
    State.DUE: BUSY,
    State.RUNNING: BUSY,
    "probing": BUSY,
    "collected": GOOD,
}
"""The states of collectors, the worst first, and how each looks."""
OTHERS: Mapping[str, str] = {
    State.DONE: GOOD,
    State.WARNED: ODD,
    State.SUPERSEDED: BUSY,
    "flows": GOOD,
    "waits": ODD,
    "ran": GOOD,
    "joined": BUSY,
    "skipped": ODD,
    "spent": ODD,
    "cancelled": BUSY,
}
"""Those of runs, lanes, ticks and the rest."""
LETTERS: Mapping[Mark, str] = {
    Mark.LATE: "L",
    Mark.FAILED: "F",
    Mark.LOST: "X",
    Mark.WAITING: "W",
    Mark.PROVISIONAL: "P",
    Mark.SETTLED: "",
    Mark.NOT_WANTED: "",
}
"""What tells the marks of a calendar apart where colours do not."""
SAID: Mapping[str, str] = {
    "never run": "nothing has run it yet",
    "has lost periods": "its source does not remember some periods any more",
    "owed to a target": "the outbox was full, and has room for the rest later",
    "differently collected": "its history was collected by another configuration",
}
"""What there is to say of states that need no reason of their own."""
_RANKS = {state: rank for rank, state in enumerate(LOOKS)}


def look(state: str) -> str:
    """Give how a state looks: ``bad``, ``odd``, ``busy`` or ``good``."""
    return LOOKS.get(state) or OTHERS.get(state, BUSY)


def rank(state: str) -> int:
    """Give where a state comes in order; the worst is 0."""
    return _RANKS.get(state, _RANKS[State.DUE])


def counted(standings: Iterable[Known]) -> dict[str, int]:
    """Give how many are in each state, the worst first."""
    counts = Counter(one.state for one in standings)
    return dict(sorted(counts.items(), key=lambda item: rank(item[0])))


def worst_first(standings: Iterable[Known]) -> list[Known]:
    """Put them in order: the worst state first, in it who is late the longest, then by name."""
    return sorted(standings, key=_order)


def _order(known: Known) -> tuple[int, float, str]:
    since = known.late_since
    return rank(known.state), since.timestamp() if since else 0.0, known.name


def why(known: Known) -> str:
    """Give the reason of a state, as far as one is known."""
    return known.why if isinstance(known, Broken) else _why(known)


def _why(known: Standing) -> str:
    if known.late is not None:
        return known.late.reason
    if known.paused is not None or known.state in SAID:
        return SAID.get(known.state) or str(known.paused)
    if known.unmet is not None and known.state == "not as expected":
        return known.unmet
    if known.run is not None and look(known.run.state) != GOOD and known.run.reason:
        return known.run.reason
    if known.due:
        return known.due[0].reason
    return known.run.reason if known.run else f"probed {known.probed}" if known.probed else ""
