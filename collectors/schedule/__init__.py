"""What is due: terms, coverage and the present time give windows to collect. Nothing here acts."""

from collectors.schedule.terms import PRIORITY, Collected, Due, Kind, Terms
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
    "due",
    "due_document",
    "due_instant",
    "first_period",
    "is_settled",
    "origin",
    "unreachable",
    "windows_between",
]
