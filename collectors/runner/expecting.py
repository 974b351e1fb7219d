"""What the periods of a window came to, and which of them are not as expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.clock import epoch
from collectors.config.model import Collector
from collectors.periods import ALWAYS, Period, following, periods_of, shift
from collectors.runner.judging import Judge, likes
from collectors.runner.tally import Tally
from collectors.schedule import is_settled
from collectors.store import Account, Figure, Store, Verdict

TOLD_AT_MOST = 5
"""So many periods of a run are told of one by one, the newest; the others are counted."""
KEPT = 10
"""So many weeks of days and hours, or so many longer periods, are kept before a window."""

Known = Mapping[datetime, Figure]


@dataclass(frozen=True, slots=True)
class Findings:
    """What is to be kept of a window, and what its run should tell."""

    account: Account | None = None
    warnings: Sequence[str] = ()


def findings(store: Store, tally: Tally, *, clock_is_right: bool) -> Findings:
    """Hold what a window came to against what is expected of its collector. Raises StoreError.

    With a clock that is wrong nothing is settled, so nothing is judged.
    """
    collector = tally.collector
    if collector.expect is None:
        return Findings()
    figures = _figures(tally)
    judged = _judged(tally, figures) if clock_is_right else []
    judge = Judge(
        expect=collector.expect,
        period=collector.period,
        zone=collector.zone,
        known=_known(store, tally, figures, judged),
    )
    verdicts = [Verdict(epoch(one), judge.sentence(one, figures[one])) for one in judged]
    account = Account(
        fingerprint=collector.fingerprint,
        figures=_kept(tally, figures),
        oldest=_oldest(tally),
        verdict=verdicts[-1] if verdicts else None,
    )
    return Findings(account, _warnings([one.sentence for one in verdicts if one.sentence]))


def _figures(tally: Tally) -> Known:
    """Give what each period came to; those of which nothing came, too."""
    collector, window = tally.collector, tally.window
    if window == ALWAYS:
        return tally.figures
    if collector.period is Period.INSTANT:
        starts = [window.start]
    else:
        starts = [one.start for one in periods_of(window, collector.period, collector.zone)]
    return {start: tally.figures.get(start, Figure(epoch(start), 0, {})) for start in starts}


def _judged(tally: Tally, figures: Known) -> list[datetime]:
    """Give the periods that are settled; of a document, which is read whole, the last of them."""
    collector = tally.collector
    if collector.period is Period.INSTANT:
        return list(figures)
    settled = [one for one in figures if _is_settled(collector, one, tally.began)]
    return settled[-1:] if tally.window == ALWAYS else settled


def _is_settled(collector: Collector, start: datetime, began: datetime) -> bool:
    end = following(start, collector.period, collector.zone)
    return is_settled(end, collector.settle, began)


def _known(
    store: Store, tally: Tally, figures: Known, judged: Sequence[datetime]
) -> dict[int, Figure]:
    """Give what the window, and what the judged periods are compared with before it, came to."""
    collector, known = tally.collector, {epoch(start): one for start, one in figures.items()}
    if not (_compares(tally) and judged):
        return known
    first = min(likes(judged[0], collector.period, collector.zone))
    span = (epoch(first), epoch(tally.window.start))
    return store.figures.between(collector.name, collector.fingerprint, span) | known


def _kept(tally: Tally, figures: Known) -> list[Figure]:
    return list(figures.values()) if _compares(tally) else []


def _compares(tally: Tally) -> bool:
    """Tell whether earlier windows matter: not where a document holds all there is."""
    expect = tally.collector.expect
    return expect is not None and expect.compares and tally.window != ALWAYS


def _oldest(tally: Tally) -> int:
    collector, start = tally.collector, tally.window.start
    if not _compares(tally):
        return epoch(start)
    if collector.period in (Period.HOUR, Period.DAY):
        return epoch(start - timedelta(weeks=KEPT))
    return epoch(shift(start, collector.period, -KEPT, collector.zone))


def _warnings(sentences: Sequence[str]) -> list[str]:
    told, more = list(sentences[-TOLD_AT_MOST:]), len(sentences) - TOLD_AT_MOST
    return [*told, f"{more} earlier periods are not as expected either"] if more > 0 else told
