"""Quotas: what may be asked of providers, counted over all processes of the store.

A request takes two transactions, one when it begins and one when it ends, and none where nothing
limits it.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from collectors.api import Limits
from collectors.store import quota_slots, quotas
from collectors.store.part import Part
from collectors.store.quota_rules import Known, Refusal, Told, refusal
from collectors.store.quota_standing import QuotaStanding, standing
from collectors.store.quota_turns import Turns
from collectors.store.quotas import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request that may be made: what was known of each key when it began."""

    holder: str
    begun: Mapping[str, int]
    beside: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class QuotaBook(Part):
    """What is counted of every key; a run asks through a ``RunQuota``."""

    turns: Turns = field(default_factory=Turns)
    written: dict[str, Limits] = field(default_factory=dict)
    """The limits that are in the store, as far as this process has put them there."""

    def standing(self, known: Mapping[str, Limits] | None = None) -> list[QuotaStanding]:
        """Give how each key stands that was ever asked, or is ``known`` to have limits, by name."""
        now = self.now()
        return self.database.read(lambda connection: standing(connection, known or {}, now))

    def begin(self, limits: Mapping[str, Limits], cost: Cost) -> Ticket | Refusal:
        """Count a request that begins, or say why it may not."""
        found = self.database.write(lambda connection: self._begin(connection, limits, cost))
        if isinstance(found, Ticket):
            self.written.update(limits)
        return found

    def end(self, ticket: Ticket | None, said: Sequence[Told]) -> None:
        """Let go of what a request held, and keep what its reply said."""

        def work(connection: Connection) -> None:
            if said:
                asked = quotas.hold(connection, {one.key for one in said})
                quotas.report(connection, said, _unseen(ticket, asked))
            if ticket is not None:
                quota_slots.give_back(connection, ticket.holder)

        self.database.write(work)

    def _begin(
        self, connection: Connection, limits: Mapping[str, Limits], cost: Cost
    ) -> Ticket | Refusal:
        now = self.now()
        asked = quotas.hold(connection, limits)
        held = quota_slots.under_way(connection, limits, now)
        refused = self._refused(connection, limits, held, cost, now)
        if refused and refused.until is None and not refused.never:
            in_the_way = (one for found in held.values() for one in found)
            if quota_slots.clear_dead(connection, in_the_way, self.owner):
                held = quota_slots.under_way(connection, limits, now)
                refused = self._refused(connection, limits, held, cost, now)
        if refused:
            return refused
        holder = uuid.uuid4().hex
        quota_slots.take(connection, limits, holder, self.owner, now, live=cost.live)
        quotas.take(connection, limits, cost, now)
        fresh = {key: one for key, one in limits.items() if self.written.get(key) != one}
        if fresh:
            quotas.remember(connection, fresh)
        return Ticket(
            holder=holder,
            begun={key: count + cost.amount for key, count in asked.items()},
            beside={key: len(held.get(key, ())) for key in limits},
        )

    def _refused(
        self,
        connection: Connection,
        limits: Mapping[str, Limits],
        held: Mapping[str, list[quota_slots.Slot]],
        cost: Cost,
        now: int,
    ) -> Refusal | None:
        windowed = [key for key, one in limits.items() if one.windows]
        reported = [key for key, one in limits.items() if one.reported]
        used = quotas.used(connection, windowed) if windowed else {}
        quotas.forget(connection, used, now)
        told = quotas.told(connection, reported) if reported else {}
        for key, one in limits.items():
            by_live = sum(slot.live for slot in held.get(key, ()))
            known = Known(
                live=by_live,
                other=len(held.get(key, ())) - by_live,
                uses=used.get(key, {}),
                told=told.get(key, ()),
            )
            if found := refusal(key, one, known, live=cost.live, cost=cost.amount, now=now):
                return found
        return None


def _unseen(ticket: Ticket | None, asked: Mapping[str, int]) -> dict[str, int]:
    """Give, by key, of how many requests the reply to one may not know: those beside it."""
    if ticket is None:
        return {}
    since = {key: count - ticket.begun[key] for key, count in asked.items() if key in ticket.begun}
    return {key: count + ticket.beside[key] for key, count in since.items()}
