"""What decides which windows of a collector are due, from its configuration and its source."""

from datetime import datetime, timedelta

from collectors.config.model import Collector
from collectors.runner.reading import border
from collectors.schedule import Terms

WINDOWS_A_TURN = 24
"""The most windows of one collector that are planned at once."""


def terms_of(collector: Collector, start: datetime | None, now: datetime) -> Terms:
    """Give what decides which windows of a collector are due."""
    with border(collector):
        max_span, earliest = collector.source.max_span, collector.source.earliest(now)
    if collector.replace:
        max_span = timedelta(0)  # a period is a snapshot
    return Terms(
        period=collector.period,
        zone=collector.zone,
        since=collector.since,
        origin=start,
        settle=collector.settle,
        max_span=max_span,
        earliest=earliest,
        limit=WINDOWS_A_TURN,
    )
