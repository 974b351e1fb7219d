"""Delivery, as the store sees it: lanes, their entries, and what became of them.

Each public method is one transaction.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from collectors.clock import epoch
from collectors.store import coverage, dead_letters, histories, lanes, outbox, replays, windows
from collectors.store.dead_letters import Address, DeadLetter
from collectors.store.lanes import Lane
from collectors.store.outbox import Entry
from collectors.store.part import Part
from collectors.store.replays import Letters
from collectors.store.waiting import Waiting, waiting
from collectors.values import Rejected


class Delivery(Part):
    """Lanes, their entries, and what became of them."""

    def acquire(self, lane_ids: Sequence[int]) -> dict[int, Lane]:
        """Become the one sender of these lanes, as far as no living process is."""
        now = self.now()
        return self.database.write(
            lambda connection: lanes.acquire(connection, lane_ids, self.owner, now)
        )

    def release_lanes(self, lane_ids: Collection[int] | None = None) -> None:
        """Give back these lanes of this process, or every one."""
        self.database.write(lambda connection: lanes.release(connection, self.owner, lane_ids))

    def lanes_with_entries(
        self, targets: Iterable[str], data_sets: Collection[str] | None = None
    ) -> list[int]:
        """Give the lanes of these targets (and data sets) in which something waits."""
        return self.database.read(
            lambda connection: lanes.with_entries(connection, targets, data_sets)
        )

    def lane(self, lane_id: int) -> Lane:
        """Give one lane."""
        return self.database.read(lambda connection: lanes.get(connection, lane_id))

    def waiting(self, collector: str, data_set: str | None = None) -> list[Waiting]:
        """Give what waits of a collector, lane by lane, those of its data set even where empty."""
        return self.database.read(lambda connection: waiting(connection, collector, data_set))

    def ready(self, lane_id: int, limit: int, under_way: Collection[Entry] = ()) -> list[Entry]:
        """Give the entries of a lane that may leave now, the most urgent first.

        ``under_way`` are those that are being sent: nothing about their periods is given.
        """
        return self.database.read(
            lambda connection: outbox.ready(connection, lane_id, limit, under_way)
        )

    def ready_in(
        self, asked: Mapping[int, int], under_way: Collection[Entry] = ()
    ) -> tuple[list[tuple[Entry, bytes]], set[int]]:
        """As ``ready``, of lanes ``asked`` for so many each, and with what the entries hold.

        Gives the lanes too of which that is all there is.
        """

        def work(connection: Connection) -> tuple[list[tuple[Entry, bytes]], set[int]]:
            ready, emptied = list[tuple[Entry, bytes]](), set[int]()
            for lane_id, limit in asked.items():
                found, is_all = outbox.ready_whole(connection, lane_id, limit, under_way)
                ready += found
                emptied |= {lane_id} if is_all else set()
            return ready, emptied

        return self.database.look(work) if asked else ([], set())

    def payload(self, entry: Entry) -> bytes | None:
        """Give what an entry holds; None where it has been superseded meanwhile."""
        return self.database.read(lambda connection: outbox.payload(connection, entry.id))

    def settle(
        self, entry: Entry, lane: Lane, accepted: int, rejected: Sequence[Rejected] = ()
    ) -> None:
        """Take out an entry that has been answered; what was refused becomes dead letters."""

        def work(connection: Connection) -> None:
            now = self.now()
            histories.hold(connection, entry.collector)
            refused = outbox.still_held(connection, entry, rejected)
            if windows.settle(connection, entry):
                dead_letters.bury(connection, _address(entry, lane), refused, now)
            lanes.set_flowing(connection, lane.id, accepted, now)
            self.step("settle.writing")

        self.database.write(work)
        self.step("settle.written")

    def halve(self, entry: Entry) -> None:
        """Put two halves in the place of an entry."""

        def work(connection: Connection) -> None:
            histories.lock(connection, entry.collector)
            outbox.halve(connection, entry)

        self.database.write(work)

    def park(self, lane: Lane, reason: str) -> None:
        """Stop a lane until somebody acts; its entries stay."""
        now = self.now()
        self.database.write(
            lambda connection: lanes.set_trouble(connection, lane.id, reason=reason, parked_at=now)
        )

    def back_off(self, lane: Lane, reason: str, retry_at: datetime, entry: Entry | None) -> None:
        """Let a lane wait; ``entry`` is given where the far side failed on that very one."""

        def work(connection: Connection) -> None:
            if entry is not None:
                outbox.count_failure(connection, entry.id)
            lanes.set_trouble(connection, lane.id, reason=reason, retry_at=epoch(retry_at))

        self.database.write(work)

    def unpark(self, data_sets: Collection[str] | None = None) -> int:
        """Let parked and waiting lanes try at once; gives how many there were."""

        def work(connection: Connection) -> int:
            count = lanes.unpark(connection, data_sets)
            named = "all" if data_sets is None else ", ".join(sorted(data_sets))
            self.note(connection, "outbox retry", named, "")
            return count

        return self.database.write(work)

    def freed(self, lane_ids: Collection[int]) -> list[int]:
        """Give those of these lanes that are neither parked nor wait any more."""
        return self.database.read(lambda connection: lanes.freed(connection, lane_ids))

    def begin_emptying(self, target: str, data_set: str, detail: str) -> Lane | None:
        """Become the sender of a lane whose data set is about to be emptied, with a trace of it.

        From then on nothing counts as delivered there, so that a process that is killed half-way
        leaves nothing that counts and is gone. None where another process sends there.
        """

        def work(connection: Connection) -> Lane | None:
            lane_id = lanes.ensure(connection, target, data_set)
            for collector in coverage.delivering(connection, lane_id):
                histories.lock(connection, collector)
            lane = lanes.acquire(connection, [lane_id], self.owner, self.now()).get(lane_id)
            if lane is not None:
                coverage.forget_delivered(connection, lane_id)
                self.note(connection, "empty", lane.name, detail)
            return lane

        return self.database.write(work)

    def end_emptying(self, lane: Lane, failure: str | None) -> None:
        """Give the lane back; what went wrong, if anything, is kept beside the trace."""

        def work(connection: Connection) -> None:
            lanes.release(connection, self.owner, [lane.id])
            if failure is not None:
                self.note(connection, "empty failed", lane.name, failure)

        self.database.write(work)

    def replay(self, put: Letters, limit: int, *, dry_run: bool = False) -> dict[int, str | None]:
        """Put dead letters back into their lanes, to be delivered again, and out of the list.

        Gives for each, by its id, why it was left where it is, or None. Lanes that hold ``limit``
        bytes take none. With ``dry_run`` nothing is changed.
        """
        data_set = put.first.data_set

        def look(connection: Connection) -> dict[int, str | None]:
            known = [lanes.find(connection, target, data_set) for target in put.targets]
            there = [lane_id for lane_id in known if lane_id is not None]
            return replays.obstacles(connection, put, there, limit)

        def work(connection: Connection) -> dict[int, str | None]:
            histories.lock(connection, put.first.collector)
            lane_ids = [lanes.ensure(connection, target, data_set) for target in put.targets]
            found = replays.obstacles(connection, put, lane_ids, limit)
            good = [one for one in put.letters if found[one.id] is None]
            if good:
                replays.put_back(connection, put, good, lane_ids, self.now())
            for letter in good:
                detail = f"{letter.reason}: {letter.observation}"
                self.note(connection, "dead-letters replay", data_set, detail)
            return found

        return self.database.read(look) if dry_run else self.database.write(work)

    def discard(self, letters: Sequence[DeadLetter]) -> int:
        """Throw dead letters away, each with a trace in the audit; gives how many there were."""

        def work(connection: Connection) -> int:
            there = [one for one in letters if dead_letters.discard(connection, one.id)]
            for letter in there:
                detail = f"{letter.reason}: {letter.observation}"
                self.note(connection, "dead-letters discard", letter.data_set, detail)
            return len(there)

        return self.database.write(work)


def _address(entry: Entry, lane: Lane) -> Address:
    return Address(
        target=lane.target,
        data_set=lane.data_set,
        collector=entry.collector,
        run_id=entry.run_id,
        period=(entry.start, entry.end),
    )
