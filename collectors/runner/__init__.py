"""The only place that joins the stages: plan, collect a window, deliver an entry."""

from collectors.runner.backfilling import collectable, feed, share_of
from collectors.runner.collecting import collect, collect_taken
from collectors.runner.delivering import Delivered, Fate, deliver
from collectors.runner.drafting import Draft, Share, Wish, draft, why_no_past
from collectors.runner.filling import Lack, known_data_sets, owe
from collectors.runner.outcome import Outcome
from collectors.runner.parts import Parts, SharedThings
from collectors.runner.patience import Patience
from collectors.runner.planning import Between, find_due, lost_windows, plan
from collectors.runner.previewing import preview
from collectors.runner.probing import Probed, last_probes, probe
from collectors.runner.proposing import enter
from collectors.runner.refilling import refill
from collectors.runner.terms import WINDOWS_A_TURN

__all__ = [
    "WINDOWS_A_TURN",
    "Between",
    "Delivered",
    "Draft",
    "Fate",
    "Lack",
    "Outcome",
    "Parts",
    "Patience",
    "Probed",
    "Share",
    "SharedThings",
    "Wish",
    "collect",
    "collect_taken",
    "collectable",
    "deliver",
    "draft",
    "enter",
    "feed",
    "find_due",
    "known_data_sets",
    "last_probes",
    "lost_windows",
    "owe",
    "plan",
    "preview",
    "probe",
    "refill",
    "share_of",
    "why_no_past",
]
