"""The only place that joins the stages: plan, collect a window, deliver an entry."""

from collectors.runner.collecting import Outcome, collect, collect_taken
from collectors.runner.delivering import Delivered, Fate, deliver
from collectors.runner.filling import Lack, known_data_sets, owe
from collectors.runner.parts import Parts, SharedThings
from collectors.runner.patience import Patience
from collectors.runner.planning import Between, find_due, lost_windows, plan
from collectors.runner.previewing import preview
from collectors.runner.probing import probe
from collectors.runner.refilling import refill

__all__ = [
    "Between",
    "Delivered",
    "Fate",
    "Lack",
    "Outcome",
    "Parts",
    "Patience",
    "SharedThings",
    "collect",
    "collect_taken",
    "deliver",
    "find_due",
    "known_data_sets",
    "lost_windows",
    "owe",
    "plan",
    "preview",
    "probe",
    "refill",
]
