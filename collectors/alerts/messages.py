"""What is said of incidents: one message for all that a channel has not been told yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from collectors.clock import from_epoch, iso, spelt
from collectors.store.incidents import CLOSED, LASTING, OPENED, Alert, Incident
from collectors.values import counted

NAMED = 10
"""How many data sets the short text names; the long one and the fields name all."""
_SUBJECTS: Mapping[str, str] = {
    "source": "the source {}",
    "sink": "delivery to {}",
    "collector": "the collector {}",
    "backlog": "{} is behind",
    "configuration": "the file {}",
    "expectation": "the figures of {}",
    "clock": "{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel tells: a line, a short and a long text, and the same as fields for JSON."""

    subject: str
    text: str
    full: str
    events: Sequence[Mapping[str, Any]]


_TEST = "This is a test of the alerts of the performance collector. Nothing is wrong."
TEST = Message(subject="Test of the alerts", text=_TEST, full=_TEST, events=({"event": "test"},))


def message_of(alerts: Sequence[Alert]) -> Message:
    """Give the one message for these alerts; what an incident did meanwhile is told once."""
    told = [_Told.of(group) for group in _by_incident(alerts)]
    more = f"; and {len(told) - 1} more" if len(told) > 1 else ""
    return Message(
        subject=f"{told[0].headline}{more}",
        text="\n".join(one.text(NAMED) for one in told),
        full="\n\n".join(one.text(None) for one in told),
        events=[one.fields for one in told],
    )


def name_of(incident: Incident) -> str:
    """Name what an incident is about."""
    return _SUBJECTS.get(incident.kind, "{}").format(incident.subject)


def _by_incident(alerts: Iterable[Alert]) -> list[list[Alert]]:
    ordered = sorted(alerts, key=lambda one: (one.incident.id, one.id))
    return [list(group) for _, group in groupby(ordered, lambda one: one.incident.id)]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of one incident: ``event`` is ``opened``, ``lasting``, ``closed`` or ``passed``.

    ``passed`` is what opened and closed before anybody could be told.
    """

    incident: Incident
    event: str

    @classmethod
    def of(cls, alerts: Sequence[Alert]) -> "_Told":
        events = {one.event for one in alerts}
        incident = alerts[-1].incident
        if CLOSED in events:
            return cls(incident, "passed" if OPENED in events else CLOSED)
        return cls(incident, OPENED if OPENED in events else LASTING)

    @property
    def headline(self) -> str:
        """Say it in a line."""
        begins = {OPENED: "Trouble: ", LASTING: "Still: ", CLOSED: "Over: ", "passed": "Was: "}
        count = len(self.incident.data_sets)
        delays = f", {counted(count, 'data set')}" if count else ""
        return f"{begins[self.event]}{name_of(self.incident)}{delays}"

    @property
    def fields(self) -> Mapping[str, Any]:
        """Give it for programs."""
        one = self.incident
        return {
            "event": self.event,
            "kind": one.kind,
            "subject": one.subject,
            "reason": one.reason,
            "data_sets": list(one.data_sets),
            "since": iso(from_epoch(one.opened_at)),
            "until": None if one.closed_at is None else iso(from_epoch(one.closed_at)),
        }

    def text(self, named: int | None) -> str:
        """Say it in some lines, with so many data sets, or all."""
        one = self.incident
        until = "" if one.closed_at is None else f" until {_moment(one.closed_at)}"
        lines = [self.headline, f"since {_moment(one.opened_at)}{until}: {one.reason}"]
        if one.data_sets:
            more = len(one.data_sets[named:]) if named else 0
            rest = f" and {more} more" if more else ""
            lines.append(f"data sets: {', '.join(one.data_sets[:named])}{rest}")
        return "\n".join(lines)


def _moment(seconds: int) -> str:
    return spelt(from_epoch(seconds))
