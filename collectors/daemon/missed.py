"""Ticks that nobody heard because no daemon ran; what they would have planned is due by itself."""

from collections.abc import Iterator
from datetime import datetime

from collectors.clock import epoch
from collectors.daemon.present import Present
from collectors.schedule import Timing, ticks_between, timing_of
from collectors.store import Noted, TickOutcome


def note_missed(present: Present, since: datetime) -> int:
    """Write down, once a collector, how many ticks nobody heard since then; gives how many."""
    now = present.parts.clock.now()
    noted = list(_missed(present, since, now))
    present.parts.store.ticks.write(noted)
    return sum(one.count for one in noted)


def _missed(present: Present, since: datetime, now: datetime) -> Iterator[Noted]:
    heard: dict[Timing, tuple[int, datetime | None]] = {}
    for name, collector in present.active.items():
        timing = timing_of(collector)
        if timing not in heard:
            heard[timing] = _counted(timing, since, now)
        count, last = heard[timing]
        if last is not None:
            yield Noted(
                collector=name,
                at=epoch(last),
                seen_at=epoch(now),
                outcome=TickOutcome.SKIPPED,
                reason=f"no daemon ran from {since:%Y-%m-%d %H:%M:%S} to {now:%Y-%m-%d %H:%M:%S}",
                count=count,
            )


def _counted(timing: Timing, since: datetime, now: datetime) -> tuple[int, datetime | None]:
    count, last = 0, None
    for at in ticks_between(timing, since, now):
        count, last = count + 1, at
    return count, last
