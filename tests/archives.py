"""A source that lives in this process and remembers what it was asked; and parts to ask it with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from collectors.api import Context, Limits, Period, Reading, Source, Window
from collectors.clock import Clock
from collectors.config import Vault, load
from collectors.periods import periods_of
from collectors.runner import Parts
from collectors.store import Store
from tests.places import AT_ONCE, make_client


@dataclass
class Behaviour:
    """What the archives do: what they raise, where their memory begins, what they were asked.

    Each period is a request that counts against the keys of ``limits``; ``given`` are its starts.
    """

    error: Exception | None = None
    earliest: datetime | None = None
    limits: dict[str, Limits] = field(default_factory=dict)
    given: list[datetime] = field(default_factory=list)
    asked: list[tuple[str, Window]] = field(default_factory=list)

    def reset(self) -> None:
        """Be as a new one."""
        self.error = self.earliest = None
        for held in (self.asked, self.given, self.limits):
            held.clear()

    def windows(self, shelf: str) -> list[str]:
        """What a shelf was asked, in order."""
        return days(*(window for name, window in self.asked if name == shelf))


class Archive(Source):
    """A reading a period, as far back as it remembers. ``shelf`` names it."""

    name: ClassVar[str] = "archive"
    periods: ClassVar[frozenset[Period]] = frozenset(Period)
    behaviour: ClassVar[Behaviour] = Behaviour()
    shelf: str
    span_days: int | None = None
    settle_days: int = 0

    @property
    def max_span(self) -> timedelta | None:
        return None if self.span_days is None else timedelta(days=self.span_days)

    @property
    def settle(self) -> timedelta:
        return timedelta(days=self.settle_days)

    def earliest(self, now: datetime) -> datetime | None:
        return self.behaviour.earliest

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        return self.behaviour.limits

    def requests(self, window: Window) -> int:
        return 2

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        self.behaviour.asked.append((self.shelf, window))
        if self.behaviour.error:
            raise self.behaviour.error
        for one in periods_of(window, context.period, context.zone):
            with context.quota.request(self.behaviour.limits):
                self.behaviour.given.append(one.start)
            yield Reading(one.start, {"count": 1}, {})


def parts_of(config: Path, store: Store, clock: Clock) -> Parts:
    """The parts of a process that delivers nowhere."""
    configuration = load(config, config, sources={Archive.name: Archive}, environment={})
    assert configuration.mistakes == ()
    return Parts(
        store=store,
        sinks={},
        vault=Vault(config, {}),
        http=make_client(clock),
        clock=clock,
        directory=config,
        outbox_limit=10**9,
        collectors=configuration.collectors,
        patience=AT_ONCE,
    )


def days(*windows: Window) -> list[str]:
    """Spell windows of whole days: ``11-01..11-20``, the last one included."""
    last = timedelta(days=1)
    return [f"{one.start.astimezone(UTC):%m-%d}..{one.end - last:%m-%d}" for one in windows]
