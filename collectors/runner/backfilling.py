"""From the parts of a backfill to runs: the next ones are written down as others end."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collectors.clock import epoch, from_epoch
from collectors.config.model import Collector
from collectors.errors import CollectorError, StoreError
from collectors.intervals import Interval, subtract
from collectors.periods import covering
from collectors.runner.drafting import count_periods, why_no_past
from collectors.runner.inputs import fed_by, ready
from collectors.runner.parts import Parts
from collectors.runner.terms import terms_of
from collectors.schedule import PRIORITY, Kind, Terms, windows_between
from collectors.store import Backfill, BackfillPart, PartState, Planned, Stretch

BACKFILL_SHARE = 2
"""In a daemon backfills have as many runs under way together as its workers divided by this."""
PAGE = 200
"""How many parts one query gives."""


def feed(
    parts: Parts,
    collectors: Mapping[str, Collector],
    at_most: int,
    only: Collection[int] | None = None,
) -> int:
    """Write down the next runs of the backfills that go on; gives how many.

    Each has up to ``at_most`` under way. What has ended is settled first, so a process that died
    leaves nothing behind. Parts of collectors that are not among ``collectors``, not enabled or
    paused wait. ``only`` names the backfills; None is all. Raises StoreError.
    """
    book = parts.store.backfills
    book.settle()
    going = book.running(only)
    if not going:
        return 0
    free = collectable(parts, collectors)
    entered = sum(_Feeder(parts, one, free).feed(at_most) for one in going)
    book.settle()
    return entered


def share_of(workers: int, going: int) -> int:
    """Give how many runs each of so many backfills has under way in a daemon: one at least."""
    return max(1, workers // BACKFILL_SHARE // max(1, going))


def collectable(parts: Parts, collectors: Mapping[str, Collector]) -> dict[str, Collector]:
    """Give those of these collectors that are enabled and not paused."""
    paused = parts.store.pauses.paused(collectors.values())
    return {name: one for name, one in collectors.items() if one.enabled and name not in paused}


@dataclass
class _Feeder:
    """Feeds one backfill; ``blocked`` are the collectors of which nothing can be entered now."""

    parts: Parts
    backfill: Backfill
    free: Mapping[str, Collector]
    blocked: set[str] = field(default_factory=set)

    def feed(self, at_most: int) -> int:
        room = at_most - self.parts.store.backfills.under_way(self.backfill.id)
        entered = 0
        for part in self._waiting() if room > 0 else ():
            collector = self.free.get(part.collector)
            if collector is None or part.collector in self.blocked:
                continue
            entered += self._advance(collector, part)
            if entered >= room:
                break
        return entered

    def _waiting(self) -> Iterator[BackfillPart]:
        after = -1
        while page := self.parts.store.backfills.waiting(self.backfill.id, after, PAGE):
            yield from page
            after = page[-1].position

    def _advance(self, collector: Collector, part: BackfillPart) -> bool:
        """Enter the next run of a part, or end it where it needs none; tells whether one was."""
        try:
            return self._enter_next(collector, part)
        except StoreError:
            raise
        except CollectorError as exc:
            return self._end(part, PartState.FAILED, self.parts.vault.scrub(str(exc)))

    def _enter_next(self, collector: Collector, part: BackfillPart) -> bool:
        if (reason := why_no_past(collector)) is not None:
            return self._end(part, PartState.FAILED, reason)
        seen = self.parts.store.view.collected(collector.name)
        missing = subtract([(part.reached, part.end)], self._had(seen))
        if not missing:
            return self._end(part, PartState.DONE, "it was collected before its turn came")
        terms = self._terms(collector, part)
        if until := _forgotten_until(terms, missing[0]):
            return self._give_up(collector, part, missing[0][0], until)
        planned = None if self._waits_for_writers(collector) else self._next(terms, missing[0])
        if planned and self.parts.store.backfills.enter(part, planned, seen):
            return True
        self.blocked.add(part.collector)
        return False

    def _had(self, seen: Sequence[Stretch]) -> Iterator[Interval]:
        """Give what is not collected again: what is settled, or came in since it was asked for."""
        if self.backfill.force:
            return iter(())
        since = self.backfill.created_at
        return ((one.start, one.end) for one in seen if one.settled or one.collected_at >= since)

    def _terms(self, collector: Collector, part: BackfillPart) -> Terms:
        terms = terms_of(collector, None, self.parts.clock.now())
        terms = replace(terms, since=None, origin=from_epoch(part.reached))
        return replace(terms, ready=ready(self.parts, collector, terms))

    def _next(self, terms: Terms, missing: Interval) -> Planned | None:
        """Give the first window of what is missing; None where it has not ended."""
        opens, closes = map(from_epoch, missing)
        for one in windows_between(terms, opens, closes, self.parts.clock.now())[:1]:
            return Planned(
                start=epoch(one.window.start),
                end=epoch(one.window.end),
                kind=Kind.BACKFILL,
                priority=PRIORITY[Kind.BACKFILL],
                reason=f"backfill {self.backfill.id}",
            )
        return None

    def _waits_for_writers(self, collector: Collector) -> bool:
        """Tell whether what it reads is still being backfilled, or not delivered yet."""
        writers = {one.name for fed in fed_by(self.parts, collector) for one in fed.writers}
        if not writers:
            return False
        store = self.parts.store
        unfinished = store.backfills.unfinished(self.backfill.id)
        return bool(writers & (unfinished | store.view.queued().keys()))

    def _give_up(self, collector: Collector, part: BackfillPart, start: int, until: int) -> bool:
        """Let what the source has forgotten meanwhile fail, and nothing else."""
        reason = "the source does not remember it any more"
        if until >= part.end:
            return self._end(part, PartState.FAILED, reason)
        lost = count_periods(collector, [(start, until)])
        self.parts.store.backfills.lose(part, (start, until), lost, reason)
        return False

    def _end(self, part: BackfillPart, state: PartState, reason: str) -> bool:
        self.parts.store.backfills.end(part, state, reason)
        return False


def _forgotten_until(terms: Terms, missing: Interval) -> int | None:
    """Give where the memory of a source begins, as far as what is missing lies before it."""
    start, end = map(from_epoch, missing)
    if terms.earliest is None or terms.earliest <= start:
        return None
    reached = covering(start, min(terms.earliest, end), terms.period, terms.zone)
    return epoch(reached.end)
