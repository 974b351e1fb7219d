"""What goes on at one target: how busy it is, whether it answers, and which lanes it accepts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

MANY_LANES = 5
"""So many lanes must have failed before a target is taken for silent."""


@dataclass
class Strikes:
    """Failures in a row. What was under way when the last one came is the same failure."""

    count: int = 0
    last: int = -1

    def strike(self, sent: int, now: int) -> bool:
        """Note a failure ``now`` of what was ``sent`` then; True where it is a new one."""
        is_new = sent > self.last
        if is_new:
            self.count += 1
            self.last = now
        return is_new


@dataclass
class Traffic:
    """The traffic of this process with one target, which has threads of its own.

    So a target that does not answer never takes the threads of another. ``flying`` counts what is
    under way; ``crowded`` are lanes that wait for room. ``silent`` says why nothing more is tried.
    A moment is a number that grows; ``flowed`` has the last one of each lane.
    """

    pool: ThreadPoolExecutor
    room: int
    flying: int = 0
    crowded: set[int] = field(default_factory=set)
    silent: str | None = None
    strikes: Strikes = field(default_factory=Strikes)
    failing: set[int] = field(default_factory=set)
    flowed: dict[int, int] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Tell whether nothing more is to be sent now."""
        return self.flying >= self.room

    def take_crowded(self) -> set[int]:
        """Give the lanes that waited for room, once there is a good deal of it."""
        if self.flying > self.room // 2:
            return set()
        crowded, self.crowded = self.crowded, set()
        return crowded

    def flows_beside(self, lane_id: int, since: int) -> bool:
        """Tell whether the target has accepted another lane's entries since that moment."""
        return any(other != lane_id and at > since for other, at in self.flowed.items())

    def accepted(self, lane_id: int, at: int) -> None:
        """Note that an entry was accepted: the target is there."""
        self.flowed[lane_id] = at
        self.failing.clear()
        self.strikes = Strikes()
        self.silent = None

    def failed(self, lane_id: int, sent: int, now: int) -> None:
        """Note that the target failed a lane."""
        self.failing.add(lane_id)
        self.strikes.strike(sent, now)

    def has_failed_often(self, tries: int) -> bool:
        """Tell whether it failed so many times, and many lanes, with nothing accepted since.

        A few lanes prove nothing: it may be what is sent there that the target breaks on.
        """
        return self.strikes.count >= tries and len(self.failing) >= MANY_LANES
