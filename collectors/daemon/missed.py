"""Ticks that nobody heard because no daemon ran; what they would have planned is due by itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from collectors.clock import epoch, spelt
from collectors.daemon.present import Present
from collectors.schedule import Timing, ticks_between, timing_of
from collectors.store import Noted, TickOutcome

SECOND = timedelta(seconds=1)
LATELY = timedelta(minutes=1)
"""Longer than a daemon lives without saying so."""


def note_missed(present: Present, alive: datetime, until: datetime) -> int:
    """Write down, once a collector, how many ticks nobody heard up to ``until``; gives how many.

    ``alive`` is when the last daemon last said that it lives. Of a collector that has ticked since,
    or shortly before, its own last tick counts instead: a daemon that is killed has heard ticks
    after it spoke, and may have lost one that it heard before.
    """
    ticks = present.parts.store.ticks
    noted = list(_missed(present, alive, until, ticks.last_since(alive - LATELY)))
    ticks.write(noted)
    return sum(one.count for one in noted)


def _missed(
    present: Present, alive: datetime, until: datetime, last: dict[str, datetime]
) -> Iterator[Noted]:
    counted: dict[tuple[Timing, datetime], tuple[int, datetime | None]] = {}
    for name, collector in present.active.items():
        since = last.get(name, alive)
        key = (timing_of(collector), since)
        if key not in counted:
            counted[key] = _counted(*key, until)
        count, at = counted[key]
        if at is not None:
            yield Noted(
                collector=name,
                at=epoch(at),
                seen_at=epoch(until),
                outcome=TickOutcome.SKIPPED,
                reason=f"no daemon ran from {spelt(since)} to {spelt(until)}",
                count=count,
            )


def _counted(timing: Timing, since: datetime, until: datetime) -> tuple[int, datetime | None]:
    """Count the ticks after ``since`` and up to ``until``, in whole seconds; gives the last too."""
    count, last = 0, None
    for at in ticks_between(timing, since + SECOND, until.replace(microsecond=0) + SECOND):
        count, last = count + 1, at
    return count, last
