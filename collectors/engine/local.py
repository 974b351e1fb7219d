"""The local engine: threads of this process collect, and send while they still collect."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from collectors.config.inputs import layers
from collectors.config.model import Collector
from collectors.engine.heart import Heart
from collectors.engine.sender import Sender, Sent
from collectors.errors import CollectorError
from collectors.periods import ALWAYS
from collectors.runner import Between, Delivered, Outcome, Parts, collect, plan, refill
from collectors.store import SUCCEEDED, Lanes, Plan

SENDERS = 16


@dataclass(kw_only=True)
class Progress:
    """What an engine tells while it works. Every callable may be called from any thread."""

    planned: Callable[[int], None] = lambda _runs: None
    kept: Callable[[str, int], None] = lambda _data_set, _observations: None
    collected: Callable[[Outcome], None] = lambda _outcome: None
    delivered: Callable[[Delivered], None] = lambda _delivered: None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run of the engine: each collector's outcomes, and what was delivered."""

    outcomes: Sequence[Outcome]
    sent: Sent


@dataclass
class LocalEngine:
    """Runs collectors to the end, once, with ``workers`` threads."""

    parts: Parts
    workers: int
    progress: Progress = field(default_factory=Progress)
    stopped: bool = field(init=False, default=False)
    _sender: Sender | None = field(init=False, default=None)

    def stop(self) -> None:
        """Begin nothing more; ``run`` returns once what is under way has ended."""
        self.stopped = True
        if self._sender is not None:
            self._sender.stop()

    def run(
        self,
        collectors: Mapping[str, Collector],
        *,
        between: Between | None = None,
        data_sets: set[str] | None = None,
    ) -> Report:
        """Collect all that is due of these collectors and deliver it.

        What reads data sets of others is collected after them, once they have been delivered.
        ``between`` asks for a stretch by hand. ``data_sets`` names what is delivered besides;
        None is all that waits. Raises StoreError where the outbox cannot be read.
        """
        outcomes: list[Outcome] = []
        sent = Sent()
        with Heart(self.parts.store) as heart:
            for names in layers(collectors):
                if self.stopped:
                    break
                layer = {name: collectors[name] for name in names}
                outcomes += self._run_layer(layer, between, data_sets, heart, sent)
        return Report(outcomes, sent)

    def _run_layer(
        self,
        collectors: Mapping[str, Collector],
        between: Between | None,
        data_sets: set[str] | None,
        heart: Heart,
        sent: Sent,
    ) -> list[Outcome]:
        """Collect what does not read one another; what has been delivered is added to ``sent``."""
        delivery = self.parts.store.delivery
        sender = self._sender = Sender(lambda: self.parts, SENDERS, self.progress.delivered)
        try:
            waiting = set(delivery.lanes_with_entries(self.parts.sinks, data_sets))
            sender.notice(waiting - sent.left.keys())
            return self._collect_all(collectors, between, heart, sender)
        finally:
            sent.add(sender.close())

    def fill(
        self, collectors: Mapping[str, Collector], target: str, data_sets: frozenset[str]
    ) -> Sent:
        """Pay what a target is owed of these data sets, and deliver it, turn by turn.

        ``collectors`` are those of the data sets. Raises StoreError.
        """
        total, delivery = Sent(), self.parts.store.delivery
        with Heart(self.parts.store):
            while not self.stopped:
                kept = self.progress.kept
                refill(self.parts, collectors, target=target, data_sets=data_sets, kept=kept)
                waiting = set(delivery.lanes_with_entries([target], data_sets))
                if not waiting - total.left.keys():
                    break
                sender = self._sender = Sender(lambda: self.parts, SENDERS, self.progress.delivered)
                sender.notice(waiting - total.left.keys())
                total.add(sender.close())
        return total

    def _collect_all(
        self,
        collectors: Mapping[str, Collector],
        between: Between | None,
        heart: Heart,
        sender: Sender,
    ) -> list[Outcome]:
        """Collect turn by turn: a long history is planned piece by piece, the urgent first."""
        outcomes: list[Outcome] = []
        turn = list(collectors)
        with ThreadPoolExecutor(self.workers, thread_name_prefix="collector") as pool:
            while turn and not self.stopped:
                sender.notice(refill(self.parts, collectors))
                plans = list(pool.map(lambda name: self._plan(collectors[name], between), turn))
                outcomes += [one for _, failed in plans for one in failed]
                due = self._in_order(turn, [found for found, _ in plans])
                self.progress.planned(len(due))
                done: list[Outcome] = []
                for some in _newest_first(collectors, due):
                    done += pool.map(
                        lambda pair: self._collect(collectors[pair[0]], pair[1], heart, sender),
                        some,
                    )
                outcomes += done
                turn = [] if between else _go_on(done)
        return outcomes

    def _plan(self, collector: Collector, between: Between | None) -> tuple[Plan, list[Outcome]]:
        try:
            found = plan(self.parts, collector, between)
        except CollectorError as exc:
            outcome = Outcome.failed(collector, self.parts.vault.scrub(str(exc)))
            self.progress.collected(outcome)
            return Plan([], {}, []), [outcome]
        busy = [
            Outcome.left(collector, f"{run.kind} run {run.id} is with another process")
            for run in found.busy
        ]
        return found, busy

    def _in_order(self, names: Sequence[str], plans: Iterable[Plan]) -> list[tuple[str, int]]:
        due = [
            (found.priorities[run_id], run_id, name)
            for name, found in zip(names, plans, strict=True)
            for run_id in found.runs
        ]
        return [(name, run_id) for _, run_id, name in sorted(due)]

    def _collect(self, collector: Collector, run_id: int, heart: Heart, sender: Sender) -> Outcome:
        def on_chunk(to: Lanes, observations: int) -> None:
            sender.notice([*to.open, *to.full])
            self.progress.kept(to.data_set, observations)

        if self.stopped:
            return Outcome.left(collector, "stopped by hand before it began")
        heart.add(run_id)
        try:
            outcome = collect(self.parts, collector, run_id, on_chunk)
        finally:
            heart.remove(run_id)
        self.progress.collected(outcome)
        return outcome


def _newest_first(
    collectors: Mapping[str, Collector], due: Sequence[tuple[str, int]]
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Give what is collected first, and what after it: the older windows of replaced data sets.

    Else an older snapshot might be sent, only to be replaced at once.
    """
    urgent: dict[str, int] = {}
    for name, run_id in due:
        urgent.setdefault(name, run_id)
    later = [one for one in due if collectors[one[0]].replace and urgent[one[0]] != one[1]]
    return [one for one in due if one not in set(later)], later


def _go_on(done: Sequence[Outcome]) -> list[str]:
    """Give the collectors of which all went well, and so may have more due that is not the same.

    A document never has: it was read whole.
    """
    ended = {
        one.collector
        for one in done
        if one.state not in SUCCEEDED or not one.trusted or one.window == ALWAYS
    }
    return sorted({one.collector for one in done} - ended)
