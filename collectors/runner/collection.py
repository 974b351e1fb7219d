"""One window on its way from the source to the ledger."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from collectors.api import Context, Document
from collectors.clock import epoch, from_epoch
from collectors.config.model import Collector
from collectors.errors import (
    CollectorError,
    NotYet,
    QuotaSpent,
    StoreError,
    Unavailable,
    Unexpected,
)
from collectors.periods import Period, Window
from collectors.runner.chunks import Piece
from collectors.runner.expecting import findings
from collectors.runner.inputs import begin
from collectors.runner.outcome import Outcome
from collectors.runner.parts import Parts
from collectors.runner.planning import known_revision
from collectors.runner.reading import read_pieces, revision_of
from collectors.runner.remembered import Remembered
from collectors.runner.tally import Tally
from collectors.schedule import Kind
from collectors.store import Chunk, Lanes, Read, Refusal, Result, Run, State, Waits
from collectors.values import counted

WARNINGS_AT_MOST = 100
CLOCK_IS_WRONG = timedelta(minutes=5)
"""So far from the servers' clocks, a period is not trusted to be over."""

CHUNKS_AHEAD = 4
"""How many chunks may be on their way into the outbox while a window is read on."""

_DIVISIBLE = frozenset((Kind.LIVE, Kind.CATCH_UP, Kind.REVISIT, Kind.BACKFILL))
"""The kinds of which what is left of a window is due again by itself."""

OnChunk = Callable[[Lanes, int], None]
"""Is told the lanes and the number of observations whenever some are safe in the outbox."""


class Collection:
    """One window on its way from the source to the ledger."""

    def __init__(
        self, parts: Parts, collector: Collector, run: Run, on_chunk: OnChunk, *, parks: bool
    ) -> None:
        self.window = Window(from_epoch(run.start), from_epoch(run.end))
        self._parts = parts
        self._collector = collector
        self._run = run
        self._on_chunk = on_chunk
        self._warnings: list[str] = []
        self._trusted = True
        self._reads: Sequence[Read] = ()
        began = from_epoch(run.began_at or run.planned_at)
        self._tally = Tally(collector, self.window, began, self._is_divisible())
        self._parks = parks
        self._waits = Waits(may_park=self._may_park, told=self._note_wait)

    def collect(self) -> Outcome:
        """Read all of the window; what comes of it is safe when this returns."""
        if self._has_passed():
            reason = "no worker was free before the next tick, and an instant does not come again"
            return self._write_end(State.MISSED, reason, {})
        ledger = self._parts.store.ledger
        context = self._parts.context(self._collector, self._warnings, self._run.kind, self._waits)
        revision = revision_of(self._collector, context)
        if self._is_unchanged(revision):
            ledger.note_look([self._collector.name])
            return self._write_end(State.DONE, "it has not changed since it was last read", {})
        self._reads = begin(self._parts, self._collector, self.window)
        to = self._lanes()
        last = self._keep_earlier(context, to)
        self._end_where_it_was_cut()
        if revision != revision_of(self._collector, context):
            raise Unexpected("it changed while it was read; the next run reads it again")
        self._check_snapshot()
        result = self._result(revision)
        remembered = context.state
        kept = remembered.used if isinstance(remembered, Remembered) else remembered
        kept = None if self._tally.cut_by else kept
        ledger.finish(self._run, to, last, result, kept)
        self._on_chunk(to, last.count if last else 0)
        return self._told(State(result.state), result.reason, result.warnings)

    def left(self, reason: str) -> Outcome:
        """Tell that another process has taken the run over."""
        return Outcome.left(self._collector, reason)

    def _is_divisible(self) -> bool:
        one = self._collector
        whole = one.replace or one.period is Period.INSTANT or isinstance(one.source, Document)
        return self._run.kind in _DIVISIBLE and not whole

    def _may_park(self) -> bool:
        """Tell whether nothing that was read is asked for again where the run is parked."""
        return self._parks and (not self._waits.has_asked or self._tally.can_be_cut)

    def _note_wait(self, found: Refusal | None) -> None:
        ledger, run = self._parts.store.ledger, self._run
        if found is None:
            ledger.note_wait(run, run.reason, None)
        else:
            ledger.note_wait(run, f"waits: {found}", found.until)

    def _end_where_it_was_cut(self) -> None:
        """Let the window end before what a quota did not suffice for; that is due again."""
        if self._tally.cut_by is not None:
            self.window = self._tally.window
            self._run = replace(self._run, end=epoch(self.window.end))

    def _has_passed(self) -> bool:
        """Tell whether the instant to look at is over: what is seen now is not what was then."""
        is_instant = self._collector.period is Period.INSTANT
        return is_instant and self.window.end <= self._parts.clock.now()

    def _is_unchanged(self, revision: str | None) -> bool:
        """Tell whether a tick found a document as it was; a run by hand reads it nevertheless."""
        if revision is None or self._run.kind != Kind.LIVE:
            return False
        name = self._collector.name
        history = self._parts.store.view.histories([name])[name]
        return known_revision(self._parts, self._collector, history) == revision

    def _keep_earlier(self, context: Context, to: Lanes) -> Chunk | None:
        """Write each chunk while the next ones are read; give the last, which is not written."""
        read = read_pieces(
            self._collector, self.window, context, self._tally, self._warnings.append
        )
        last: Piece | None = None

        def earlier() -> Iterator[Piece]:
            nonlocal last
            for piece in read:
                if last is not None:
                    yield last
                last = piece

        def keep(piece: Piece) -> None:
            chunk = piece.packed()
            self._parts.store.ledger.write_chunk(self._run, to, chunk)
            self._on_chunk(to, chunk.count)

        for _ in context.ahead(keep, earlier(), CHUNKS_AHEAD):
            continue
        return last.packed() if last is not None else None

    def end(self, error: CollectorError) -> Outcome:
        """Write that the window was not collected, and why."""
        state = State.FAILED
        more: dict[str, Any] = {}
        if isinstance(error, NotYet):
            state = State.NOT_YET
        elif isinstance(error, QuotaSpent):
            state, more = State.PARKED, {"not_before": epoch(error.resets_at)}
        elif isinstance(error, Unavailable):
            more = {"not_before": epoch(self._parts.clock.now()) + int(error.retry_after or 0)}
        elif isinstance(error, Unexpected) and error.sample:
            more = {"sample": self._parts.vault.scrub(error.sample)}
        reason = self._parts.vault.scrub(str(error))
        return replace(self._write_end(state, reason, more), error=error)

    def _write_end(self, state: State, reason: str, more: dict[str, Any]) -> Outcome:
        warnings = self._all_warnings()
        try:
            more |= {"warnings": warnings, "waited": int(self._waits.seconds)}
            self._parts.store.ledger.end(self._run, state, reason, **more)
        except StoreError as exc:
            # The run's lease runs out by itself and its window is due again.
            reasons = dict.fromkeys((reason, str(exc)))
            return self._told(State.FAILED, "; and ".join(reasons), warnings)
        return self._told(state, reason, warnings)

    def _lanes(self) -> Lanes:
        parts = self._parts
        to = parts.store.ledger.lanes_for(
            parts.sinks,
            self._collector.data_set,
            parts.outbox_limit,
            replace=self._collector.replace,
        )
        for full in to.full:
            name = parts.store.delivery.lane(full).name
            self._warnings.append(f"the outbox of {name} is full: this window is owed to it")
        return to

    def _check_snapshot(self) -> None:
        tally = self._tally
        if self._collector.replace and tally.rejected and not tally.observations:
            raise Unexpected(
                f"no observation keeps the rules of the write API: {tally.refusal}; what the data "
                "set holds stays"
            )

    def _result(self, revision: str | None) -> Result:
        tally = self._tally
        self._trusted = self._clock_is_right()
        found = findings(self._parts.store, tally, clock_is_right=self._trusted)
        self._warnings[:0] = found.warnings
        stretches = tally.coverage(revision, clock_is_right=self._trusted)
        settled = [one.end for one in stretches if one.settled and revision is None]
        warnings = self._all_warnings()
        return Result(
            stretches=stretches,
            settled_until=max(settled, default=self._run.start),
            state=State.WARNED if warnings else State.DONE,
            reason=self._made(),
            readings=tally.readings,
            observations=tally.observations,
            rejected=tally.rejected,
            warnings=warnings,
            labels=tally.labels(),
            reads=self._reads,
            account=found.account,
            waited=int(self._waits.seconds),
        )

    def _made(self) -> str:
        tally = self._tally
        readings = counted(tally.readings, "reading")
        made = f"{counted(tally.observations, 'observation')} of {readings}"
        if tally.cut_by is None:
            return made
        rest = f"{made}; the rest of its window is due again: {tally.cut_by}"
        return self._parts.vault.scrub(rest)

    def _clock_is_right(self) -> bool:
        skew = timedelta(seconds=round(self._parts.http.skew))
        if abs(skew) <= CLOCK_IS_WRONG:
            return True
        self._warnings.append(
            f"this machine's clock differs by {skew} from the servers': nothing is settled until "
            "it is set right"
        )
        return False

    def _all_warnings(self) -> tuple[str, ...]:
        warnings = list(dict.fromkeys(self._warnings))[:WARNINGS_AT_MOST]
        if self._tally.rejected:
            number = self._tally.rejected
            refused = counted(number, "observation was refused", "observations were refused")
            warnings.append(f"{refused}: see dead-letters")
        return tuple(map(self._parts.vault.scrub, warnings))

    def _told(self, state: State, reason: str, warnings: Iterable[str]) -> Outcome:
        tally = self._tally
        return Outcome(
            collector=self._collector.name,
            window=self.window,
            state=state,
            reason=reason,
            readings=tally.readings,
            observations=tally.observations,
            rejected=tally.rejected,
            warnings=tuple(warnings),
            trusted=self._trusted,
            is_cut=tally.cut_by is not None,
        )
