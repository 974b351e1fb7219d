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
class _Open:
    """The chunk that is being filled."""

    start: int = 0
    end: int = 0
    observations: list[Observation] = field(default_factory=list)
    ids: dict[int, list[str]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    readings: int = 0

    def add(self, period: Mapped, end: datetime) -> None:
        start = epoch(period.start)
        if not self.readings:
            self.start = start
        self.end = epoch(end)
        self.observations += period.observations
        self.rejected += period.rejected
        self.readings += period.readings
        self.ids[start] = [str(one["_id"]) for one in period.observations]

    def close(self) -> Chunk:
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


def chunks(periods: Iterable[Mapped], batch: int, ends: Ends) -> Iterator[Chunk]:
    """Gather periods until there are ``batch`` observations.

    A chunk holds whole periods, so that two chunks never speak of the same one; only a period of
    more than ``batch`` observations is cut, into chunks of its own.
    """
    filling = _Open()
    for period in periods:
        if len(period.observations) > batch:
            if filling.readings:
                yield filling.close()
                filling = _Open()
            yield from _cut(period, batch, ends(period.start))
            continue
        filling.add(period, ends(period.start))
        if len(filling.observations) >= batch:
            yield filling.close()
            filling = _Open()
    if filling.readings:
        yield filling.close()


def _cut(period: Mapped, batch: int, end: datetime) -> Iterator[Chunk]:
    for at in range(0, len(period.observations), batch):
        first = at == 0
        piece = _Open()
        piece.add(
            Mapped(
                start=period.start,
                observations=period.observations[at : at + batch],
                rejected=period.rejected if first else [],
                readings=period.readings if first else 0,
            ),
            end,
        )
        yield piece.close()
