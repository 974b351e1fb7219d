"""What backfills left behind: chunks that failed, and that nothing has collected since."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from collectors.intervals import subtract, union
from collectors.store import BackfillPart, History, Store

Failed = Mapping[str, Sequence[BackfillPart]]
"""The chunks that failed, by collector."""


def failed_chunks(store: Store) -> Failed:
    """Give the chunks of backfills that failed and are not collected, by collector.

    Those of backfills that were cancelled are left out. Raises StoreError.
    """
    with store.at_one_moment():
        failed = store.backfills.failed()
        histories = store.view.histories(sorted({one.collector for one in failed}))
    found = defaultdict[str, list[BackfillPart]](list)
    for one in failed:
        if _is_lacking(one, histories[one.collector]):
            found[one.collector].append(one)
    return found


def _is_lacking(chunk: BackfillPart, history: History) -> bool:
    since = [one for one in history.stretches if one.collected_at >= (chunk.ended_at or 0)]
    there = union((one.start, one.end) for one in since)
    return bool(subtract([(chunk.reached, chunk.end)], there))
