"""Clocks of other days than today, for one process and for several."""

import mmap
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

_FORM = "d"


@dataclass(frozen=True)
class ShiftedClock:
    """The machine's clock, so many seconds ahead."""

    ahead: float

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


@dataclass
class SharedClock:
    """The machine's clock, ahead by what a file says, for every process that looks there."""

    path: str

    @classmethod
    def beginning(cls, path: Path, at: datetime) -> "SharedClock":
        """Make the file, of a clock that shows ``at`` now and goes on."""
        path.write_bytes(struct.pack(_FORM, (at - datetime.now(UTC)).total_seconds()))
        return cls(str(path))

    @property
    def ahead(self) -> float:
        """How many seconds it is ahead of the machine's clock."""
        return float(struct.unpack_from(_FORM, self._memory)[0])

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def advance(self, by: timedelta) -> None:
        """Set the clock forward, for all."""
        struct.pack_into(_FORM, self._memory, 0, self.ahead + by.total_seconds())

    @cached_property
    def _memory(self) -> mmap.mmap:
        with Path(self.path).open("r+b") as file:
            return mmap.mmap(file.fileno(), struct.calcsize(_FORM))
