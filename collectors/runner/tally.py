"""Counting a window while it passes through, and what its coverage is in the end."""

from dataclasses import dataclass, field
from datetime import datetime

from collectors.clock import epoch, iso
from collectors.config.mapping import MappingSpec
from collectors.config.model import Collector
from collectors.errors import QuotaSpent
from collectors.observations import Mapped
from collectors.periods import ALWAYS, Period, Window, following, label, periods_of
from collectors.schedule import is_settled
from collectors.store import Figure, Stretch


@dataclass
class Tally:
    """The counts of one window: in all, and by period for those that are provisional.

    ``refusal`` is the first reason why our own check refused an observation.
    ``began`` is when the run began: what it found settled must have been over for long enough.
    ``is_divisible`` tells that the window may end early where a quota is spent: see ``cut_by``.
    ``figures`` is what each period came to, where the collector expects anything of it.
    """

    collector: Collector
    window: Window
    began: datetime
    is_divisible: bool = False
    cut_by: QuotaSpent | None = None
    readings: int = 0
    observations: int = 0
    rejected: int = 0
    refusal: str | None = None
    figures: dict[datetime, Figure] = field(default_factory=dict)
    _last: datetime | None = None
    _provisional: dict[datetime, tuple[int, int]] = field(default_factory=dict)

    def count(self, mapped: Mapped) -> None:
        """Count one period."""
        self._last = mapped.start
        self.readings += mapped.readings
        self.observations += len(mapped.observations)
        self.rejected += len(mapped.rejected)
        if mapped.rejected and self.refusal is None:
            self.refusal = mapped.rejected[0].reason
        if self.collector.expect is not None:
            self.figures[mapped.start] = _figure(mapped, self.collector.mapping)
        if not self._is_settled(mapped.start):
            self._provisional[mapped.start] = (mapped.readings, len(mapped.observations))

    @property
    def can_be_cut(self) -> bool:
        """Tell whether the window may end with what was counted: whole periods, at least one."""
        return self.is_divisible and self._last is not None

    def cut(self, spent: QuotaSpent) -> None:
        """Let the window end with the last period that was counted."""
        if self._last is not None:
            self.cut_by = spent
            self.window = Window(self.window.start, self.end_of(self._last))

    def end_of(self, start: datetime) -> datetime:
        """Give the end of the period that starts at ``start``."""
        if self.collector.period is Period.INSTANT:
            return self.window.end
        return following(start, self.collector.period, self.collector.zone)

    def labels(self) -> tuple[str, str] | None:
        """Give what ``_timestamp`` says of the window's two ends; None of a whole document."""
        if self.window == ALWAYS:
            return None
        start, end = (
            iso(label(edge, self.collector.period, self.collector.zone))
            for edge in (self.window.start, self.window.end)
        )
        return start, end

    def coverage(self, revision: str | None, *, clock_is_right: bool) -> list[Stretch]:
        """Give one stretch for what is settled, and one for each provisional period.

        With a clock that is wrong nothing is settled. A document is one stretch at its revision.
        """
        provisional = self._provisional_periods()
        until = provisional[0].start if provisional else self.window.end
        counted = self._provisional.values()
        stretches = []
        if self.window.start < until:
            first = self._stretch(
                Window(self.window.start, until),
                readings=self.readings - sum(one for one, _ in counted),
                observations=self.observations - sum(two for _, two in counted),
                settled=clock_is_right,
                revision=revision,
            )
            stretches.append(first)
        for period in provisional:
            readings, observations = self._provisional.get(period.start, (0, 0))
            stretches.append(self._stretch(period, readings, observations, settled=False))
        return stretches

    def _provisional_periods(self) -> list[Window]:
        if self._has_no_calendar:
            return []
        every = periods_of(self.window, self.collector.period, self.collector.zone)
        return [one for one in every if not self._is_settled(one.start)]

    def _is_settled(self, start: datetime) -> bool:
        if self._has_no_calendar:
            return True
        return is_settled(self.end_of(start), self.collector.settle, self.began)

    @property
    def _has_no_calendar(self) -> bool:
        return self.window == ALWAYS or self.collector.period is Period.INSTANT

    def _stretch(
        self,
        window: Window,
        readings: int,
        observations: int,
        *,
        settled: bool,
        revision: str | None = None,
    ) -> Stretch:
        return Stretch(
            start=epoch(window.start),
            end=epoch(window.end),
            settled=settled,
            collected_at=epoch(self.began),
            fingerprint=self.collector.fingerprint,
            revision=revision,
            readings=readings,
            observations=observations,
        )


def _figure(mapped: Mapped, mapping: MappingSpec) -> Figure:
    """Add up each measure: what is a number, or unknown, in an observation and not a constant."""
    totals: dict[str, float | None] = {}
    for name, value in (pair for one in mapped.observations for pair in one.items()):
        if value is None:
            totals.setdefault(name, None)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            totals[name] = (totals.get(name) or 0.0) + value
    for name in mapping.add:
        totals.pop(mapping.map.get(name, name), None)
    return Figure(epoch(mapped.start), len(mapped.observations), totals)
