"""The trial of a source: whatever its server does, it ends well."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from sys import maxsize
from typing import Any
from zoneinfo import ZoneInfo

from collectors.api import CollectorError, Document, NotYet, Number, Period, Reading, Source, floor
from collectors.testing.cases import Case, Opened
from collectors.testing.clocks import days_of_change
from collectors.testing.contexts import RecordingQuota
from collectors.testing.faults import FAULTS, Fault
from collectors.testing.secrets import leaks, scrubbed, secrets_in
from collectors.testing.server import Answer, Request

Key = tuple[Any, ...]
IMPATIENT = {"read": 0.2, "attempts": 2}
"""How a client waits for a server that stalls."""


def withstand(source: type[Source], case: Case, fault: str) -> None:
    """Let the server fail in the way that ``FAULTS`` calls ``fault``; AssertionError if it matters.

    It fails from the first request on and from the last one on, once and for good. However that
    is, the window is complete, or ends with an error of ``collectors.api`` that tells no secret;
    nothing that was not in the good replies is ever yielded; and when the server has recovered, a
    day later, the same window is complete.
    """
    good, requests = _good(source, case)
    for first in sorted({1, requests}):
        for failing in (range(first, first + 1), range(first, maxsize)):
            trial = _Trial(good, case.planted, fault, FAULTS[fault], failing)
            with case.opened(source, **(IMPATIENT if FAULTS[fault].slow else {})) as opened:
                trial.go_through(opened)


def keep_time(source: type[Source], case: Case, year: int = 2026) -> None:
    """Collect the days on which the clocks of the case's zone change, and those of London.

    Every reading is of a period that begins there, in the window, and none comes twice; or the
    source says that it has no such window.
    """
    for zone in {case.zone, ZoneInfo("Europe/London")}:
        for day in days_of_change(zone, year):
            moved = replace(case, window=day, zone=zone, now=day.end + (day.end - day.start))
            with moved.opened(source) as opened:
                try:
                    readings = list(opened.collect())
                except CollectorError:
                    continue
                _check_times(readings, opened)


@dataclass(frozen=True)
class _Trial:
    good: Mapping[Key, Mapping[str, Number | None]]
    planted: tuple[str, ...]
    name: str
    fault: Fault
    failing: range

    def go_through(self, opened: Opened) -> None:
        opened.server.spoil = self._spoil
        error, found = self._asked(opened)
        self._check_silence(opened, error)
        self._check_nothing_made_up(found)
        if error is None and self.fault.breaks and _by_key(found) != self.good:
            self._fail(f"the window is done with {len(found)} of {len(self.good)} readings")
        if isinstance(error, NotYet) and self.fault.breaks:
            self._fail(f"it was taken for 'nothing published yet': {error}")
        self._check_recovery(opened)

    def _spoil(self, number: int, request: Request, answer: Answer) -> Answer:
        return self.fault.spoil(request, answer) if number in self.failing else answer

    def _asked(self, opened: Opened) -> tuple[CollectorError | None, list[Reading]]:
        found: list[Reading] = []
        try:
            found.extend(opened.collect())
        except CollectorError as exc:
            return exc, found
        except Exception as exc:
            raise AssertionError(f"{self}: the source broke: {type(exc).__name__}: {exc}") from exc
        return None, found

    def _check_silence(self, opened: Opened, error: CollectorError | None) -> None:
        context: Any = opened.context
        hidden = [*secrets_in(context.credential), *secrets_in(opened.source), *context.hide.texts]
        told = f"{error} {vars(error) if error else ''} {context.warn.told} {context.log.events}"
        if found := leaks(scrubbed(told, *hidden), *hidden, *self.planted):
            self._fail(f"a secret was told: {found[0][1]}")

    def _check_nothing_made_up(self, found: Iterable[Reading]) -> None:
        for key, measures in _by_key(found).items():
            if key not in self.good:
                self._fail(f"a reading that no good reply has: {key} {measures}")
            known = self.good[key]
            for name, value in measures.items():
                if value is not None and value != known.get(name):
                    self._fail(f"{name} is {value} where it is {known.get(name)}: {key}")

    def _check_recovery(self, opened: Opened) -> None:
        opened.server.spoil = lambda _number, _request, answer: answer
        opened.clock.advance(timedelta(days=1))
        fresh = replace(opened.context, quota=RecordingQuota(opened.context.clock), state={})
        error, found = self._asked(replace(opened, context=fresh))
        if error is not None:
            self._fail(f"the server has recovered, the source has not: {error}")
        if _by_key(found) != self.good:
            self._fail(f"the server has recovered, and only {len(found)} readings come")

    def _fail(self, what: str) -> None:
        raise AssertionError(f"{self}: {what}")

    def __str__(self) -> str:
        how = "for good" if self.failing.stop == maxsize else "once"
        return f"{self.name}, {how}, at request {self.failing.start}"


def _good(source: type[Source], case: Case) -> tuple[Mapping[Key, Mapping[str, Any]], int]:
    with case.opened(source) as opened:
        readings = list(opened.collect())
        if not readings:
            raise AssertionError("the case is of no use: nothing comes of it where all is well")
        _check_times(readings, opened)
        return _by_key(readings), len(opened.server.requests)


def _check_times(readings: list[Reading], opened: Opened) -> None:
    context = opened.context
    if len(_by_key(readings)) != len(readings):
        raise AssertionError("two readings have the same period and dimensions")
    for one in readings:
        if not isinstance(opened.source, Document) and not opened.window.contains(one.at):
            raise AssertionError(f"a reading of {one.at}, outside of {opened.window}")
        if context.period is Period.INSTANT:
            continue
        if floor(one.at, context.period, context.zone) != one.at:
            raise AssertionError(
                f"a reading of {one.at}, where no {context.period} begins in {context.zone}"
            )


def _by_key(readings: Iterable[Reading]) -> dict[Key, Mapping[str, Number | None]]:
    return {
        (one.at, one.span, *sorted(one.dimensions.items())): dict(one.measures) for one in readings
    }
