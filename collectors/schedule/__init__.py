"""What is due: terms, coverage and the present time give windows to collect; schedules give ticks.

Nothing here acts but ``ticker``.
"""

from collectors.schedule.agenda import Tick, firings
from collectors.schedule.cutting import chunks
from collectors.schedule.splay import timing_of
from collectors.schedule.terms import PRIORITY, Collected, Due, Kind, Terms
from collectors.schedule.ticks import Timing, last_tick, next_tick, ticks_between
from collectors.schedule.windows import (
    due,
    due_document,
    due_instant,
    first_period,
    is_settled,
    origin,
    unreachable,
    windows_between,
)

__all__ = [
    "PRIORITY",
    "Collected",
    "Due",
    "Kind",
    "Terms",
    "Tick",
    "Timing",
    "chunks",
    "due",
    "due_document",
    "due_instant",
    "firings",
    "first_period",
    "is_settled",
    "last_tick",
    "next_tick",
    "origin",
    "ticks_between",
    "timing_of",
    "unreachable",
    "windows_between",
]
