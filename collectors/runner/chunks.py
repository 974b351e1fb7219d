"""Whole periods become chunks: the pieces in which a window enters the outbox. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from collectors.clock import epoch
from collectors.observations import Mapped
from collectors.packing import pack
from collectors.store import Chunk
from collectors.values import Observation, Rejected

Ends = Callable[[datetime], datetime]
"""Gives the end of the period that starts at a time."""


@dataclass
class Piece:
    """A chunk in the making: whole periods, or a part of one."""

    start: int = 0
    end: int = 0
    observations: list[Observation] = field(default_factory=list)
    ids: dict[int, list[str]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    readings: int = 0

    def add(self, period: Mapped, end: datetime) -> None:
        """Take in a period, which ends at ``end``."""
        start = epoch(period.start)
        if not self.readings:
            self.start = start
        self.end = epoch(end)
        self.observations += period.observations
        self.rejected += period.rejected
        self.readings += period.readings
        self.ids[start] = [str(one["_id"]) for one in period.observations]

    def packed(self) -> Chunk:
        """Give the chunk, once nothing more is added."""
        body, size = pack(self.observations)
        return Chunk(
            start=self.start,
            end=self.end,
            body=body,
            count=len(self.observations),
            size=size,
            ids=self.ids,
            readings=self.readings,
            rejected=self.rejected,
        )


def pieces(periods: Iterable[Mapped], batch: int, ends: Ends) -> Iterator[Piece]:
    """Gather periods until there are ``batch`` observations.

    A piece holds whole periods, so that two pieces never speak of the same one; only a period of
    more than ``batch`` observations is cut, into pieces of its own.
    """
    filling = Piece()
    for period in periods:
        if len(period.observations) > batch:
            if filling.readings:
                yield filling
                filling = Piece()
            yield from _cut(period, batch, ends(period.start))
            continue
        filling.add(period, ends(period.start))
        if len(filling.observations) >= batch:
            yield filling
            filling = Piece()
    if filling.readings:
        yield filling


def _cut(period: Mapped, batch: int, end: datetime) -> Iterator[Piece]:
    for at in range(0, len(period.observations), batch):
        first = at == 0
        piece = Piece()
        piece.add(
            Mapped(
                start=period.start,
                observations=period.observations[at : at + batch],
                rejected=period.rejected if first else [],
                readings=period.readings if first else 0,
            ),
            end,
        )
        yield piece
