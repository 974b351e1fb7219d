"""What became of one run, as whoever asked for it is told, and as a line of the log says it."""

from dataclasses import dataclass

import structlog

from collectors.config.model import Collector
from collectors.errors import CollectorError
from collectors.periods import Window
from collectors.store import SUCCEEDED, State

WENT_WELL = frozenset((None, *SUCCEEDED, State.NOT_YET, State.PARKED))
"""What nobody need be warned of: what is parked goes on by itself."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one run; ``state`` is None where another process has it.

    ``trusted`` is False where this machine's clock was wrong, so that nothing was settled.
    ``error`` is what it failed with, where it did: its kind tells what to do next. It took
    ``seconds``. With ``is_cut`` a quota was spent on the way: the rest of its window is due again.
    """

    collector: str
    window: Window | None
    state: State | None
    reason: str = ""
    readings: int = 0
    observations: int = 0
    rejected: int = 0
    warnings: tuple[str, ...] = ()
    trusted: bool = True
    error: CollectorError | None = None
    seconds: float = 0.0
    is_cut: bool = False

    @classmethod
    def failed(cls, collector: Collector, reason: str) -> "Outcome":
        """Tell of a collector for which no run could be made."""
        return cls(collector=collector.name, window=None, state=State.FAILED, reason=reason)

    @classmethod
    def left(cls, collector: Collector, reason: str) -> "Outcome":
        """Tell of a run that another process has."""
        return cls(collector=collector.name, window=None, state=None, reason=reason)


def tell(outcome: Outcome) -> None:
    """Log how a run ended."""
    write = log.info if outcome.state in WENT_WELL else log.warning
    write(
        "run ended",
        state=str(outcome.state or "left"),
        window=str(outcome.window) if outcome.window else None,
        reason=outcome.reason,
        readings=outcome.readings,
        observations=outcome.observations,
        refused=outcome.rejected,
        warnings=len(outcome.warnings),
        seconds=round(outcome.seconds, 3),
    )
