"""Pauses: whose collecting has been stopped by hand, until it is resumed by hand.

A pause is of a collector (or of all that fit a pattern, those that come later too), of a label, or
of a source. Delivery goes on. Each public method is one transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from getpass import getuser
from shlex import quote
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.clock import from_epoch, spelt
from collectors.config.model import Collector
from collectors.store.daemon_tables import pauses
from collectors.store.part import Part

Kind = Literal["collector", "label", "source"]
_WILD = set("*?[")

_LISTED = sa.select(pauses).order_by(pauses.c.kind, pauses.c.name)
_INSERT = {
    kind.dialect.name: kind.insert(pauses).on_conflict_do_nothing().returning(pauses.c.name)
    for kind in (sqlite, postgresql)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """What is paused: ``name`` is a collector or a pattern, a label or a source, as ``kind`` says.

    ``since`` is in seconds since 1970; ``reason`` may be empty.
    """

    kind: Kind
    name: str
    since: int
    who: str
    reason: str

    def __str__(self) -> str:
        said = f": {self.reason}" if self.reason else ""
        return f"paused by {self.who} since {spelt(from_epoch(self.since))}{said}"

    @property
    def shown(self) -> str:
        """What it is of, as it is written after ``pause`` and ``resume``."""
        name = quote(self.name)
        return name if self.kind == "collector" else f"--{self.kind} {name}"

    def holds(self, collector: Collector) -> bool:
        """Tell whether it stops this collector."""
        if self.kind == "label":
            return self.name in collector.labels
        if self.kind == "source":
            return self.name == collector.source.name
        return fnmatchcase(collector.name, self.name)


class Pauses(Part):
    """Whose collecting has been stopped by hand."""

    def pause(self, kind: Kind, name: str, reason: str = "") -> bool:
        """Stop it; False where it was paused before, which stays as it is."""

        def work(connection: Connection) -> bool:
            pause = Pause(kind=kind, name=name, since=self.now(), who=getuser(), reason=reason)
            insert = _INSERT[connection.dialect.name]
            if connection.execute(insert, asdict(pause)).first() is None:
                return False
            self.note(connection, "pause", f"{kind} {name}", reason)
            return True

        return self.database.write(work)

    def resume(self, kind: Kind, name: str) -> list[Pause]:
        """Let it go on; gives what was paused. A pattern also ends what was paused within it."""

        def work(connection: Connection) -> list[Pause]:
            ended = [one for one in _listed(connection) if _is_within(one, kind, name)]
            for one in ended:
                this = (pauses.c.kind == one.kind, pauses.c.name == one.name)
                connection.execute(pauses.delete().where(*this))
                self.note(connection, "resume", f"{one.kind} {one.name}", str(one))
            return ended

        return self.database.write(work)

    def listed(self) -> list[Pause]:
        """Give every pause, by kind and name."""
        return self.database.read(_listed)

    def paused(self, collectors: Iterable[Collector]) -> Mapping[str, Pause]:
        """Give those of these collectors that are paused, by name, with what holds each.

        It is the collector's own pause rather than a wider one.
        """
        listed = self.listed()
        if not listed:
            return {}
        own = {one.name: one for one in listed if one.kind == "collector"}
        wide = [one for one in listed if one.kind != "collector" or _WILD & set(one.name)]
        found = (
            (one.name, own.get(one.name) or next((it for it in wide if it.holds(one)), None))
            for one in collectors
        )
        return {name: pause for name, pause in found if pause is not None}


def _listed(connection: Connection) -> list[Pause]:
    return [Pause(**row) for row in connection.execute(_LISTED).mappings()]


def _is_within(pause: Pause, kind: Kind, name: str) -> bool:
    if kind != "collector":
        return (pause.kind, pause.name) == (kind, name)
    return pause.kind == kind and (pause.name == name or fnmatchcase(pause.name, name))
