"""What the tests of the store share: a store of one process, and short ways to use it.

Periods here are ten seconds long, so that ``(0, 10)`` is a period and ``(0, 30)`` three.
"""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil
import sqlalchemy as sa

from collectors.clock import Clock, FixedClock
from collectors.database import ignore
from collectors.intervals import Interval
from collectors.packing import pack, unpack
from collectors.store import (
    Chunk,
    Entry,
    Lane,
    Lanes,
    Owner,
    Planned,
    Result,
    Run,
    State,
    Store,
    Stretch,
    tables,
)
from collectors.store.runs import of_row
from collectors.values import DataSet, Rejected

CHECKOUT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLLECTOR = "carers-allowance/journey"
DATA_SET = DataSet("carers-allowance", "journey")
PERIOD = 10
NO_LIMIT = 10**9
NO_SUCH_PID = 2**22 + 1  # above the largest that Linux gives


def dead(number: int = 0) -> Owner:
    """Name a process of this host that does not live."""
    return Owner(socket.gethostname(), NO_SUCH_PID + number, 0)


def living(pid: int) -> Owner:
    """Name a process of this host that lives."""
    started = psutil.Process(pid).create_time()
    return Owner(socket.gethostname(), pid, round(started * 1000))


def open_store(
    url: str,
    clock: Clock | None = None,
    owner: Owner | None = None,
    step: Callable[[str], None] = ignore,
) -> Store:
    """Open the store at ``url``, upgraded."""
    store = Store(
        url, clock=clock or FixedClock(NOW), owner=owner or Owner.this_process(), step=step
    )
    try:
        store.open()
    except BaseException:
        store.close()
        raise
    return store


def planned(start: int, end: int, priority: int = 1) -> Planned:
    """A window to be planned."""
    return Planned(start=start, end=end, kind="live", priority=priority, reason="due")


def chunk(
    start: int, end: int, ids: Mapping[int, Iterable[str]] | None = None, *, refused: str = ""
) -> Chunk:
    """A chunk of ``ids`` by period; without, each period holds one that is named after it."""
    held = {at: [f"id-{at}"] for at in range(start, end, PERIOD)} if ids is None else ids
    listed = {at: list(names) for at, names in held.items()}
    observations = [{"_id": name} for names in listed.values() for name in names]
    body, size = pack(observations)
    return Chunk(
        start=start,
        end=end,
        body=body,
        count=len(observations),
        size=size,
        ids=listed,
        readings=len(observations),
        rejected=[Rejected({"_id": "broken"}, refused)] if refused else [],
    )


def stretch(start: int, end: int, *, settled: bool = True, fingerprint: str = "f") -> Stretch:
    """A collected stretch with one reading and one observation a period."""
    count = (end - start) // PERIOD
    return Stretch(
        start=start,
        end=end,
        settled=settled,
        collected_at=0,
        fingerprint=fingerprint,
        readings=count,
        observations=count,
    )


def result(window: Interval, *, settled: bool = False, fingerprint: str = "f") -> Result:
    """The result of a run that found all of its window, settled or provisional."""
    return Result(
        stretches=[stretch(*window, settled=settled, fingerprint=fingerprint)],
        settled_until=window[1] if settled else window[0],
        state=State.DONE,
        reason="done",
    )


def start(store: Store, window: Interval, priority: int = 1, collector: str = COLLECTOR) -> Run:
    """Plan a window by hand, and claim it."""
    plan = store.ledger.plan(collector, [planned(*window, priority)], instead=True)
    run = store.ledger.claim(plan.runs[-1])
    assert run is not None
    return run


def lanes(
    store: Store, *targets: str, data_set: DataSet = DATA_SET, replace: bool = False
) -> Lanes:
    """The lanes of a run, none of them full."""
    return store.ledger.lanes_for(targets or ("embedded",), data_set, NO_LIMIT, replace=replace)


def finish(
    store: Store,
    run: Run,
    last: Chunk | None,
    *,
    to: Lanes | None = None,
    settled: bool = False,
    state: Mapping[str, str] | None = None,
) -> None:
    """Finish a run with all of its window found."""
    found = result(run.window, settled=settled)
    store.ledger.finish(run, to or lanes(store), last, found, state or {})


def collect(
    store: Store,
    window: Interval,
    ids: Mapping[int, Iterable[str]] | None = None,
    *,
    to: Lanes | None = None,
    settled: bool = False,
    priority: int = 1,
    collector: str = COLLECTOR,
) -> Run:
    """Plan, claim and finish a window in one chunk."""
    run = start(store, window, priority, collector)
    finish(store, run, chunk(*window, ids), to=to, settled=settled)
    return run


def deliver(store: Store, entry: Entry, rejected: Iterable[Rejected] = ()) -> list[object]:
    """Have an entry accepted; gives what it held."""
    body = store.delivery.payload(entry)
    store.delivery.settle(entry, lane_of(store, entry), entry.count, list(rejected))
    return unpack(body) if body is not None else []


def deliver_all(store: Store) -> list[tuple[bool, list[str]]]:
    """Deliver whatever waits; gives, in order, whether it was a retraction, and the ids."""
    sent = []
    for depth in store.view.depths():
        while found := store.delivery.ready(depth.lane.id, 1):
            items = deliver(store, found[0])
            retraction = found[0].retraction
            sent.append((retraction, items if retraction else [one["_id"] for one in items]))
    return sent


def lane_of(store: Store, entry: Entry) -> Lane:
    """The lane that an entry waits in."""
    return next(
        depth.lane for depth in store.view.depths(empty_too=True) if depth.lane.id == entry.lane_id
    )


def latest(store: Store, collector: str = COLLECTOR) -> Run:
    """The last run of a collector."""
    return store.view.latest_runs()[collector]


def all_runs(store: Store) -> list[Run]:
    """Every run, oldest first."""
    query = sa.select(tables.runs).order_by(tables.runs.c.id)
    return store.view.database.read(
        lambda connection: [of_row(row) for row in connection.execute(query).mappings()]
    )


def run_child(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the child that goes through a cycle, in a process of its own."""
    command = [sys.executable, "-m", "tests.store.cycle_and_die", url, *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
