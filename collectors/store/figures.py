"""What the periods of a collector came to, and whether that is as expected.

It is kept only of collectors that have an ``expect``, and no longer than comparing needs it.
Functions on tables work inside a transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.store.daemon_tables import figures, verdicts
from collectors.store.part import Part

_OF = figures.c.collector == bindparam("of")
_BETWEEN = (
    sa.select(figures.c.start, figures.c.rows, figures.c.totals)
    .where(_OF, figures.c.fingerprint == bindparam("like"))
    .where(figures.c.start >= bindparam("opens"), figures.c.start < bindparam("closes"))
)
_FORGET = figures.delete().where(
    _OF,
    sa.or_(
        figures.c.start < bindparam("oldest"),
        figures.c.start.between(bindparam("opens"), bindparam("closes") - 1),
    ),
)
_UNMET = sa.select(verdicts.c.collector, verdicts.c.sentence).where(verdicts.c.sentence != "")


@dataclass(frozen=True, slots=True)
class Figure:
    """What one period came to: how many observations, and the total of each measure.

    ``start`` is in seconds since 1970; a total is None where no observation knows the measure.
    """

    start: int
    rows: int
    totals: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a period that began at ``start`` differs from what is expected; empty if it does not."""

    start: int
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the periods of a window came to, and the verdict on the last one that was judged.

    ``oldest`` is from when on figures are still needed.
    """

    fingerprint: str
    figures: Sequence[Figure]
    oldest: int
    verdict: Verdict | None


class Figures(Part):
    """What the periods of collectors came to, and whether that is as expected."""

    def between(self, collector: str, fingerprint: str, span: Interval) -> dict[int, Figure]:
        """Give by their start what the periods of a stretch came to that were collected so."""
        opens, closes = span
        asked = {"of": collector, "like": fingerprint, "opens": opens, "closes": closes}
        rows = self.database.read(lambda connection: connection.execute(_BETWEEN, asked).all())
        return {start: Figure(start, count, orjson.loads(totals)) for start, count, totals in rows}

    def unmet(self) -> Mapping[str, str]:
        """Give the collectors whose last judged period is not as expected, each with how."""
        return dict(self.database.read(lambda connection: connection.execute(_UNMET).all()))


def keep(connection: Connection, collector: str, window: Interval, account: Account) -> None:
    """Keep what a window came to, in place of what was known of it.

    The collector's history is locked.
    """
    opens, closes = window
    stretch = {"of": collector, "oldest": account.oldest, "opens": opens, "closes": closes}
    connection.execute(_FORGET, stretch)
    same = {"collector": collector, "fingerprint": account.fingerprint}
    rows = [
        {
            **same,
            "start": one.start,
            "rows": one.rows,
            "totals": orjson.dumps(one.totals).decode(),
        }
        for one in account.figures
    ]
    if rows:
        connection.execute(figures.insert(), rows)
    if account.verdict is not None:
        verdict = {"start": account.verdict.start, "sentence": account.verdict.sentence}
        _judge(connection, {**same, **verdict})


def _judge(connection: Connection, verdict: Mapping[str, object]) -> None:
    """Write a verdict down, unless it is of an earlier period than the one that is known."""
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = kind.insert(verdicts).values(verdict)
    newer = sa.or_(
        verdicts.c.start <= insert.excluded.start,
        verdicts.c.fingerprint != insert.excluded.fingerprint,
    )
    connection.execute(
        insert.on_conflict_do_update(index_elements=["collector"], set_=verdict, where=newer)
    )
