"""The post of the daemon: one process at a time holds it, and may leave notices for the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.clock import from_epoch, spelt
from collectors.errors import Refused
from collectors.store.daemon_tables import leases, notices
from collectors.store.owner import LEASE, Owner, is_free
from collectors.store.part import Part

_NAME = "daemon"
_MINE = leases.c.name == _NAME


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is the daemon of this store, and since when."""

    owner: Owner
    since: datetime


class Post(Part):
    """Who is the daemon of this store."""

    def take(self) -> None:
        """Become the daemon. Raises Refused where another living process is."""
        self.database.write(self._take)

    def prolong(self) -> bool:
        """Beat the heart of the daemon; False where another process has taken the post."""
        mine = leases.update().where(_MINE, leases.c.owner == str(self.owner))
        values = {"lease_until": self.now() + LEASE}
        return self.database.write(
            lambda connection: connection.execute(mine.values(values)).rowcount > 0
        )

    def leave(self) -> None:
        """Give the post up, if it is held."""
        mine = leases.delete().where(_MINE, leases.c.owner == str(self.owner))
        self.database.write(lambda connection: connection.execute(mine))

    def holder(self) -> Holder | None:
        """Give who is the daemon now; None where nobody living is."""
        row = self.database.read(_row)
        if row is None or (not self._is_mine(row) and self._is_free(row)):
            return None
        return Holder(Owner.parse(row.owner), from_epoch(row.since))

    def tell(self, name: str, content: Mapping[str, Any]) -> None:
        """Leave a notice for other processes, in place of the last one of this name."""
        values = {"name": name, "at": self.now(), "content": orjson.dumps(dict(content)).decode()}

        def work(connection: Connection) -> None:
            kind = sqlite if connection.dialect.name == "sqlite" else postgresql
            insert = kind.insert(notices).values(values)
            put = insert.on_conflict_do_update(index_elements=["name"], set_=values)
            connection.execute(put)

        self.database.write(work)

    def told(self, name: str) -> tuple[datetime, dict[str, Any]] | None:
        """Give the last notice of this name, and when it was left."""
        query = sa.select(notices.c.at, notices.c.content).where(notices.c.name == name)
        row = self.database.read(lambda connection: connection.execute(query).first())
        return None if row is None else (from_epoch(row.at), orjson.loads(row.content))

    def _take(self, connection: Connection) -> None:
        now = self.now()
        values = {"owner": str(self.owner), "since": now, "lease_until": now + LEASE}
        kind = sqlite if connection.dialect.name == "sqlite" else postgresql
        insert = kind.insert(leases).values(name=_NAME, **values)
        connection.execute(insert.on_conflict_do_nothing())
        row = _row(connection, lock=True)
        if not self._is_free(row):
            holder = Owner.parse(row.owner)
            raise Refused(
                f"{holder.shown} is the daemon of this store since {spelt(from_epoch(row.since))}: "
                "end it first, or give this one a store of its own"
            )
        connection.execute(leases.update().where(_MINE).values(values))

    def _is_mine(self, row: Any) -> bool:
        return bool(row.owner == str(self.owner) and row.lease_until >= self.now())

    def _is_free(self, row: Any) -> bool:
        return is_free(row.owner, row.lease_until, self.owner, self.now())


def _row(connection: Connection, *, lock: bool = False) -> Any:
    query = sa.select(leases).where(_MINE)
    return connection.execute(query.with_for_update() if lock else query).first()
