"""The chores of the daemon: what keeps the works going without anybody looking."""

from collectors.daemon.chores import Chore
from collectors.daemon.present import Present
from collectors.daemon.works import Works
from collectors.runner import feed, refill, share_of

SOON = 5.0
MINUTE = 60.0
HOUR = 3600.0


class Housekeeping:
    """Keeps the works going: deliveries of other processes, backfills, pauses, debts."""

    def __init__(self, present: Present, works: Works) -> None:
        self._present = present
        self._works = works
        self._held = set(self._paused())

    def chores(self) -> list[Chore]:
        """Give what is to be done, and how often."""
        return [
            Chore("deliver", SOON, self.deliver),
            Chore("backfill", SOON, self.backfill, self._works.backfilled),
            Chore("withdraw", SOON, self.withdraw),
            Chore("pay debts", MINUTE, self.pay_debts),
            Chore("try again", HOUR, self.try_again),
            Chore("forget", HOUR, self.forget),
        ]

    def deliver(self) -> None:
        """Send what other processes have put into lanes, and try what they have freed."""
        self._works.mend_sender()
        delivery, sender = self._present.parts.store.delivery, self._works.sender
        if freed := delivery.freed(sender.held_back()):
            sender.look_again(freed)
        sender.notice(delivery.lanes_with_entries(self._present.parts.sinks))

    def backfill(self) -> None:
        """Write down the next runs of the backfills that go on."""
        parts = self._present.parts
        going = len(parts.store.backfills.running())
        workers = self._present.state.configuration.platform.workers
        if feed(parts, self._present.active, share_of(workers, going)):
            self._works.crew.wake()

    def withdraw(self) -> None:
        """Take what is paused or gone out of the queue, and look at what was resumed."""
        state, held = self._present.state, self._paused()
        waiting = state.parts.store.queue.waiting()
        gone = dict.fromkeys(waiting - state.active.keys(), "it is not configured any more")
        if waiting & {*held, *gone}:
            state.parts.store.queue.withdraw({**held, **gone})
        self._works.planner.look(self._held - held.keys())
        self._held = set(held)

    def _paused(self) -> dict[str, str]:
        """Give why each collector that is paused is."""
        state = self._present.state
        pauses = state.parts.store.pauses.paused(state.active.values())
        return {name: str(pause) for name, pause in pauses.items()}

    def pay_debts(self) -> None:
        """Pay lanes what they are owed, as far as they have room again."""
        self._works.sender.notice(refill(self._present.parts, self._present.active))

    def try_again(self) -> None:
        """Probe every lane that is parked or waits."""
        self._works.sender.look_again()

    def forget(self) -> None:
        """Forget the ticks, runs and incidents of long ago."""
        self._present.parts.store.ticks.forget()
