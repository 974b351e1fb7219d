"""What travels through the stages of the pipeline, and what they have to tell."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collectors.values import Observation, Scalar, counted

Row = tuple[Mapping[str, Scalar], str, Observation]
"""A record in the making: its dimensions as the source named them, its span, its fields so far.

The span is a period's name; for an instant, without one of its own, the empty text.
"""

OWN = ("_timestamp", "timeSpan", "dataType")
"""The fields that every record gets besides dimensions and measures."""


@dataclass
class Tally:
    """What a run's periods have in common: what to warn of, each thing once, and how far ranks are.

    ``start`` is the period at work, spelt as ``_timestamp``.
    """

    start: str = ""
    places: Counter[tuple[Scalar, ...]] = field(default_factory=Counter)
    _counts: dict[str, int] = field(default_factory=dict)
    _first: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, detail: str = "") -> None:
        """Note that ``what`` happened in the period ``start``; the first ``detail`` is kept."""
        self._counts[what] = self._counts.get(what, 0) + 1
        if what not in self._first:
            self._first[what] = f"first in the period {self.start}{detail and f': {detail}'}"

    def tell(self, warn: Callable[[str], None]) -> None:
        """Warn of everything noted, one sentence each."""
        for what, count in self._counts.items():
            times = "once" if count == 1 else counted(count, "time")
            warn(f"{what} ({times}, {self._first[what]})")
