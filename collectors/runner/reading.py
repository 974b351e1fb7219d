"""One window of a source as chunks of observations: collect, check, map, count, gather."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from collectors.api import Context, Document
from collectors.config.model import Collector
from collectors.errors import CollectorError, QuotaSpent, Unexpected
from collectors.observations import Mapped, Watch, compile_pipeline
from collectors.periods import Period, Window, floor
from collectors.runner.chunks import Piece, pieces
from collectors.runner.tally import Tally

log = structlog.get_logger()


def read_pieces(
    collector: Collector,
    window: Window,
    context: Context,
    tally: Tally,
    warn: Callable[[str], None],
) -> Iterator[Piece]:
    """Give the observations of a window piece by piece, as the source gives its readings.

    Raises what the source raises, and Unexpected for a reading where none may be. A quota that is
    spent ends what can be cut: see ``Tally``.
    """
    periods = read_periods(collector, window, context, warn)
    yield from pieces(_counted(periods, tally), collector.batch, tally.end_of)


def read_periods(
    collector: Collector,
    window: Window,
    context: Context,
    warn: Callable[[str], None],
    watch: Watch | None = None,
) -> Iterator[Mapped]:
    """Give the periods of a window one by one; raises as ``read_pieces`` does.

    ``watch`` is told of each reading, see there.
    """
    pipeline = compile_pipeline(
        collector.mapping,
        data_set=collector.data_set,
        period=collector.period,
        zone=collector.zone,
        watch=watch,
    )
    with border(collector):
        periods = pipeline(collector.source.collect(window, context), warn)
        yield from _guarded(collector, window, periods)


@contextmanager
def border(collector: Collector) -> Iterator[None]:
    """Let a source's errors pass, and make whatever else a plugin raises into Unexpected."""
    name = collector.source.name
    try:
        yield
    except CollectorError:
        raise
    except Exception as exc:
        log.info("source broke", collector=collector.name, source=name, exc_info=True)
        raise Unexpected(f"the source {name} broke: {type(exc).__name__}: {exc}") from exc


def revision_of(collector: Collector, context: Context) -> str | None:
    """Give the revision of a document and of the way it is read; None for any other source."""
    source = collector.source
    if not isinstance(source, Document):
        return None
    with border(collector):
        return f"{source.revision(context)} {collector.fingerprint}"


def _guarded(collector: Collector, window: Window, periods: Iterable[Mapped]) -> Iterator[Mapped]:
    for mapped in periods:
        _check(collector, window, mapped.start)
        yield mapped


def _check(collector: Collector, window: Window, at: datetime) -> None:
    if not window.contains(at):
        raise Unexpected(f"{collector.source.name} gave a reading of {at}, outside of {window}")
    if collector.period is Period.INSTANT:
        return
    if floor(at, collector.period, collector.zone) != at:
        raise Unexpected(
            f"{collector.source.name} gave a reading of {at}, where no {collector.period} begins "
            f"in {collector.zone}"
        )


def _counted(periods: Iterable[Mapped], tally: Tally) -> Iterator[Mapped]:
    try:
        for mapped in periods:
            tally.count(mapped)
            yield mapped
    except QuotaSpent as exc:
        if not tally.can_be_cut:
            raise
        tally.cut(exc)
