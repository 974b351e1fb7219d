"""One window of a source as chunks of observations: collect, check, map, count, gather."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from collectors.api import Context, Document, Reading
from collectors.config.model import Collector
from collectors.errors import CollectorError, Unexpected
from collectors.observations import Mapped, compile_pipeline
from collectors.periods import Period, Window, floor
from collectors.runner.chunks import chunks
from collectors.runner.tally import Tally
from collectors.store import Chunk

log = structlog.get_logger()


def read_chunks(
    collector: Collector,
    window: Window,
    context: Context,
    tally: Tally,
    warn: Callable[[str], None],
) -> Iterator[Chunk]:
    """Give the observations of a window piece by piece, as the source gives its readings.

    Raises what the source raises, and Unexpected for a reading where none may be.
    """
    pipeline = compile_pipeline(
        collector.mapping,
        data_set=collector.data_set,
        period=collector.period,
        zone=collector.zone,
    )
    with border(collector):
        readings = _guarded(collector, window, collector.source.collect(window, context))
        mapped = _counted(pipeline(readings, warn), tally)
        yield from chunks(mapped, collector.batch, tally.end_of)


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


def _guarded(
    collector: Collector, window: Window, readings: Iterable[Reading]
) -> Iterator[Reading]:
    at: datetime | None = None
    for reading in readings:
        if reading.at != at:
            at = reading.at
            _check(collector, window, at)
        yield reading


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
    for mapped in periods:
        tally.count(mapped)
        yield mapped
