"""Splay: collectors of one schedule are spread over a while, so that they do not start together.

Each is moved by a hash of its name, in whole steps: so it stays where it is whatever is added, and
there are few distinct moments, however many collectors.
"""

import hashlib
from datetime import timedelta

from collectors.config.model import Collector
from collectors.schedule.ticks import Timing

STEP = timedelta(seconds=10)


def offset_of(name: str, splay: timedelta) -> timedelta:
    """Give how far a collector is moved: whole steps, at least none and less than ``splay``."""
    steps = max(splay // STEP, 1)
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % steps * STEP


def timing_of(collector: Collector) -> Timing:
    """Give when a collector ticks: its schedule, in its zone, with its share of the splay."""
    offset = offset_of(collector.name, collector.splay)
    return Timing(collector.schedule, collector.tick_zone, offset)
