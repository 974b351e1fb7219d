"""Incidents: what is wrong just now, kept so that each is told once, over restarts too.

An incident is known by its kind and subject. It opens when a look first sees it and closes when
``AWAY`` looks in a row have not; what it has delayed meanwhile only grows. For each channel there
is an alert to tell when it opens, closes, or lasts. Each public method is one transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.store.daemon_tables import alerts, incidents
from collectors.store.part import Part

AWAY = 2
"""So many looks in a row must miss a problem before it is over: what flaps is one incident."""
FIRST_WAIT, LONGEST_WAIT = 60, 3600
"""Seconds before a channel that failed is tried again, doubling each time."""
OPENED, LASTING, CLOSED = "opened", "lasting", "closed"

_IS_OPEN = incidents.c.closed_at.is_(None)
_UNSENT = alerts.c.sent_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and the data sets that it delays.

    ``kind`` is ``source``, ``sink``, ``collector``, ``backlog``, ``configuration``, ``expectation``
    or ``clock``; kind and subject say which problem it is, the reason may change.
    """

    kind: str
    subject: str
    reason: str
    data_sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A problem over time. Times are seconds since 1970; ``closed_at`` is None while it lasts."""

    id: int
    kind: str
    subject: str
    reason: str
    data_sets: tuple[str, ...]
    opened_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is, or was, to be told on a channel; ``reason`` is why it could not be told yet."""

    id: int
    incident: Incident
    channel: str
    event: str
    created_at: int
    not_before: int
    attempts: int
    sent_at: int | None
    reason: str


class Incidents(Part):
    """What is wrong, and what was told of it."""

    def see(
        self,
        problems: Iterable[Problem],
        channels: Collection[str],
        repeat: timedelta | None = None,
    ) -> None:
        """Open, extend and close incidents after one look, and note what is to be told of it.

        With ``repeat`` what lasts is told again so often. What waits for a channel that is not
        there any more is dropped.
        """
        seen = _joined(problems)

        def work(connection: Connection) -> None:
            connection.execute(alerts.delete().where(_UNSENT, alerts.c.channel.not_in(channels)))
            now = self.now()
            known = {(one.kind, one.subject): one for one in connection.execute(_open_ones())}
            for key, problem in seen.items():
                if key not in known:
                    self._begin(connection, problem, channels, now)
            for key, row in known.items():
                if key in seen:
                    _extend(connection, row, seen[key])
                    if repeat and row.told_at + repeat.total_seconds() <= now:
                        _note(connection, row.id, LASTING, channels, now)
                        _update(connection, row.id, told_at=now)
                elif row.missed + 1 < AWAY:
                    _update(connection, row.id, missed=row.missed + 1)
                else:
                    _update(connection, row.id, closed_at=now)
                    _note(connection, row.id, CLOSED, _told_of(connection, row.id, channels), now)

        self.database.write(work)

    def open_ones(self) -> list[Incident]:
        """Give the incidents that last, oldest first."""
        rows = self.database.read(lambda it: it.execute(_open_ones()).mappings().all())
        return [_incident(row) for row in rows]

    def listed(self, limit: int = 100) -> list[Incident]:
        """Give the incidents that opened last, the newest first, whether open or closed."""
        query = sa.select(incidents).order_by(incidents.c.id.desc()).limit(limit)
        rows = self.database.read(lambda connection: connection.execute(query).mappings().all())
        return [_incident(row) for row in rows]

    def waiting(self, channel: str) -> list[Alert]:
        """Give all that is to be told on a channel; nothing while none of it is to be tried yet."""
        query = _told().where(_UNSENT, alerts.c.channel == channel).order_by(alerts.c.id)
        found = self._alerts(query)
        now = self.now()
        return found if any(one.not_before <= now for one in found) else []

    def told(self, incident_ids: Collection[int]) -> list[Alert]:
        """Give what was told of these incidents, or still waits to be, in order."""
        which = alerts.c.incident_id.in_(incident_ids)
        return self._alerts(_told().where(which).order_by(alerts.c.id))

    def note_sent(self, sent: Sequence[Alert]) -> None:
        """Note that these have been told."""
        which = alerts.c.id.in_([one.id for one in sent])
        values = {"sent_at": self.now(), "attempts": alerts.c.attempts + 1, "reason": ""}
        self.database.write(
            lambda connection: connection.execute(alerts.update().where(which).values(values))
        )

    def note_failed(self, failed: Sequence[Alert], reason: str) -> None:
        """Note that these could not be told; they are tried again."""
        now = self.now()

        def work(connection: Connection) -> None:
            for one in failed:
                wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(one.attempts, 10))
                values = {"attempts": one.attempts + 1, "not_before": now + wait, "reason": reason}
                connection.execute(alerts.update().where(alerts.c.id == one.id).values(values))

        self.database.write(work)

    def _begin(
        self, connection: Connection, problem: Problem, channels: Collection[str], now: int
    ) -> None:
        values = {
            "kind": problem.kind,
            "subject": problem.subject,
            "reason": problem.reason,
            "data_sets": _packed(problem.data_sets),
            "opened_at": now,
            "told_at": now,
            "missed": 0,
        }
        key = connection.execute(incidents.insert(), values).inserted_primary_key
        assert key is not None  # noqa: S101 - a table with a key gives one
        _note(connection, key[0], OPENED, channels, now)

    def _alerts(self, query: sa.Select[Any]) -> list[Alert]:
        rows = self.database.read(lambda connection: connection.execute(query).mappings().all())
        return [_alert(row) for row in rows]


def _joined(problems: Iterable[Problem]) -> dict[tuple[str, str], Problem]:
    """Give each problem once: what is said twice of one subject is one problem."""
    joined: dict[tuple[str, str], Problem] = {}
    for one in problems:
        key = (one.kind, one.subject)
        first = joined.get(key, one)
        reason = "; ".join(dict.fromkeys((first.reason, one.reason)))
        data_sets = tuple(sorted({*first.data_sets, *one.data_sets}))
        joined[key] = Problem(
            kind=one.kind, subject=one.subject, reason=reason, data_sets=data_sets
        )
    return joined


def _open_ones() -> sa.Select[Any]:
    return sa.select(incidents).where(_IS_OPEN).order_by(incidents.c.id)


def _extend(connection: Connection, row: sa.Row[Any], problem: Problem) -> None:
    held = set(orjson.loads(row.data_sets))
    data_sets = _packed(sorted(held | set(problem.data_sets)))
    new = {"reason": problem.reason, "data_sets": data_sets, "missed": 0}
    if new != {name: getattr(row, name) for name in new}:
        _update(connection, row.id, **new)


def _update(connection: Connection, incident_id: int, **values: object) -> None:
    connection.execute(incidents.update().where(incidents.c.id == incident_id).values(values))


def _told_of(connection: Connection, incident_id: int, channels: Collection[str]) -> list[str]:
    """Give the channels that were told, or are still to be told, that the incident opened."""
    query = sa.select(alerts.c.channel).where(
        alerts.c.incident_id == incident_id, alerts.c.event == OPENED
    )
    return [one for one in connection.execute(query).scalars() if one in channels]


def _note(
    connection: Connection, incident_id: int, event: str, channels: Iterable[str], now: int
) -> None:
    same = {"incident_id": incident_id, "event": event, "created_at": now, "not_before": now}
    rows = [{**same, "channel": one, "attempts": 0, "reason": ""} for one in sorted(channels)]
    if rows:
        connection.execute(alerts.insert(), rows)


def _told() -> sa.Select[Any]:
    its = [column.label(f"incident_{column.name}") for column in incidents.c]
    wanted = [column for column in alerts.c if column.name != "incident_id"]
    return sa.select(*wanted, *its).join_from(
        alerts, incidents, incidents.c.id == alerts.c.incident_id
    )


def _incident(row: sa.RowMapping, prefix: str = "") -> Incident:
    values = {name: row[f"{prefix}{name}"] for name in Incident.__slots__}
    values["data_sets"] = tuple(orjson.loads(values["data_sets"]))
    return Incident(**values)


def _alert(row: sa.RowMapping) -> Alert:
    own = {name: row[name] for name in Alert.__slots__ if name != "incident"}
    return Alert(**own, incident=_incident(row, "incident_"))


def _packed(data_sets: Iterable[str]) -> str:
    return orjson.dumps(list(data_sets)).decode()
