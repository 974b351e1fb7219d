"""A child of the store's tests: goes through one cycle and is killed at the named step.

Arguments: URL, step. The cycle: upgrade, plan, claim, a chunk, the last chunk, acquire, deliver.
"""

import os
import signal
import sys

from tests.store.worlds import (
    COLLECTOR,
    chunk,
    deliver,
    finish,
    lanes,
    open_store,
    planned,
)

url, fatal = sys.argv[1:]


def step(name: str) -> None:
    if name == fatal:
        os.kill(os.getpid(), signal.SIGKILL)


store = open_store(url, step=step)
plan = store.ledger.plan(COLLECTOR, [planned(0, 20)])
run = store.ledger.claim(plan.runs[0])
assert run is not None
to = lanes(store)
store.ledger.write_chunk(run, to, chunk(0, 10, {0: ["id-0", "only-the-dead-run"]}))
finish(store, run, chunk(10, 20))
store.delivery.acquire(to.open)
for entry in store.delivery.ready(to.open[0], 2):
    store.step("send.sending")
    store.step("send.sent")
    deliver(store, entry)
store.close()
