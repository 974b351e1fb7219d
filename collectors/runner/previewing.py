"""A dry run: collect what is due and hand it to a sink that sends nothing; store nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from collectors.api import Asked, Context, Limits, Quota
from collectors.config.model import Collector
from collectors.errors import CollectorError, NotYet
from collectors.periods import Window
from collectors.runner.expecting import findings
from collectors.runner.inputs import check
from collectors.runner.outcome import Outcome
from collectors.runner.parts import Parts
from collectors.runner.planning import Between, find_due, windows_by_hand
from collectors.runner.reading import read_pieces
from collectors.runner.tally import Tally
from collectors.sink.contract import Sink
from collectors.store import State
from collectors.values import Batch


@dataclass(frozen=True, slots=True)
class _Looking:
    """A quota that is obeyed; what replies say of it is not remembered."""

    quota: Quota

    @contextmanager
    def request(self, keys: str | Mapping[str, Limits], cost: int = 1) -> Iterator[Asked]:
        """Be counted like any other: what is asked is asked for real."""
        with self.quota.request(keys, cost):
            yield self

    def report(
        self, key: str, remaining: int, resets_at: datetime, bucket: str = "", each: int = 1
    ) -> None:
        """Remember nothing: a dry run keeps no reply."""


def looking(parts: Parts, collector: Collector, warnings: list[str]) -> Context:
    """Give what a source is given when nothing of it is to be remembered; raises ConfigError."""
    context = parts.context(collector, warnings)
    return replace(context, quota=_Looking(context.quota))


def preview(
    parts: Parts, collector: Collector, sink: Sink, between: Between | None = None
) -> list[Outcome]:
    """Give what collecting would come to now; ``sink`` is given every batch. Nothing is stored."""
    try:
        windows = (
            windows_by_hand(parts, collector, between)
            if between is not None
            else find_due(parts, collector)
        )
    except CollectorError as exc:
        return [Outcome.failed(collector, parts.vault.scrub(str(exc)))]
    found = [due.window for due in windows]
    if collector.replace:
        found.sort()  # the newest is what stays
    return [_preview_window(parts, collector, sink, window) for window in found]


def _preview_window(parts: Parts, collector: Collector, sink: Sink, window: Window) -> Outcome:
    warnings: list[str] = []
    tally = Tally(collector, window, parts.clock.now())
    state, reason = State.DONE, "a dry run: nothing was stored or sent"
    try:
        context = looking(parts, collector, warnings)
        check(parts, collector, window)
        if collector.replace:
            sink.empty(collector.data_set)
        for piece in read_pieces(collector, window, context, tally, warnings.append):
            chunk = piece.packed()
            if chunk.count:
                sink.send(Batch(collector.data_set, chunk.body, chunk.count))
        warnings += findings(parts.store, tally, clock_is_right=True).warnings
    except NotYet as exc:
        state, reason = State.NOT_YET, str(exc)
    except CollectorError as exc:
        state, reason = State.FAILED, str(exc)
    return Outcome(
        collector=collector.name,
        window=window,
        state=state,
        reason=parts.vault.scrub(reason),
        readings=tally.readings,
        observations=tally.observations,
        rejected=tally.rejected,
        warnings=tuple(parts.vault.scrub(one) for one in dict.fromkeys(warnings)),
    )
