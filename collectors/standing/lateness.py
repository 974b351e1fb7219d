"""Lateness, judged on data time: no run is needed to find out."""

from collections.abc import Sequence
from datetime import datetime

from collectors.api import Document
from collectors.config.model import Collector
from collectors.periods import Period, following
from collectors.schedule import Due, Kind


def late_since(collector: Collector, due: Sequence[Due], now: datetime) -> datetime | None:
    """Give when the first missing period passed its deadline; None where none has."""
    if collector.deadline is None or isinstance(collector.source, Document):
        return None
    missing = [one.window for one in due if one.kind is not Kind.REVISIT]
    if not missing:
        return None
    first = min(missing)
    end = first.end
    if collector.period is not Period.INSTANT:
        end = following(first.start, collector.period, collector.zone)
    passed = end + collector.deadline
    return passed if passed < now else None
