"""Stage 5: coverage, runs, outbox and dead letters, in SQLite or PostgreSQL."""

from collectors.store.backfill_book import BackfillChunk, BackfillOrder
from collectors.store.backfill_progress import BackfillProgress
from collectors.store.backfills import Backfill, BackfillPart, BackfillState, PartState
from collectors.store.coverage import DELIVERED, OWED, Stretch
from collectors.store.dead_letters import DeadLetter
from collectors.store.figures import Account, Figure, Verdict
from collectors.store.filling import LOOSE, Payable
from collectors.store.incidents import Alert, Incident, Problem
from collectors.store.lanes import Depth, Lane
from collectors.store.ledger import Plan
from collectors.store.outbox import Chunk, Entry
from collectors.store.owner import Owner
from collectors.store.part import FILL_STEPS, STEPS
from collectors.store.pauses import Pause
from collectors.store.probe_book import PROBES_KEPT, LastProbe
from collectors.store.queue import Proposal
from collectors.store.quota_asking import RunQuota
from collectors.store.quota_rules import Refusal
from collectors.store.quota_standing import Budget, QuotaStanding
from collectors.store.quota_waits import Waits
from collectors.store.reads import Read
from collectors.store.runs import SUCCEEDED, Planned, Run, State
from collectors.store.store import Store
from collectors.store.ticks import Noted, Tick, TickOutcome
from collectors.store.view import Debt, History, Queued
from collectors.store.waiting import Waiting
from collectors.store.windows import Lanes, Piece, Result

__all__ = [
    "DELIVERED",
    "FILL_STEPS",
    "LOOSE",
    "OWED",
    "PROBES_KEPT",
    "STEPS",
    "SUCCEEDED",
    "Account",
    "Alert",
    "Backfill",
    "BackfillChunk",
    "BackfillOrder",
    "BackfillPart",
    "BackfillProgress",
    "BackfillState",
    "Budget",
    "Chunk",
    "DeadLetter",
    "Debt",
    "Depth",
    "Entry",
    "Figure",
    "History",
    "Incident",
    "Lane",
    "Lanes",
    "LastProbe",
    "Noted",
    "Owner",
    "PartState",
    "Pause",
    "Payable",
    "Piece",
    "Plan",
    "Planned",
    "Problem",
    "Proposal",
    "Queued",
    "QuotaStanding",
    "Read",
    "Refusal",
    "Result",
    "Run",
    "RunQuota",
    "State",
    "Store",
    "Stretch",
    "Tick",
    "TickOutcome",
    "Verdict",
    "Waiting",
    "Waits",
]
