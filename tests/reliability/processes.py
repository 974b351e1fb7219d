"""Starting, watching and killing the children of ``child.py``."""

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

CHECKOUT = Path(__file__).parent.parent.parent
LONGEST = 60.0
"""Seconds after which a child is held to hang."""


@dataclass
class Child:
    """One running child."""

    pid: int
    _told: IO[bytes]

    def ends_within(self, seconds: float) -> bool:
        """Tell whether the child ends in that time; its exit code is still to be read."""
        return bool(select.select([self._told], [], [], seconds)[0])

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send the child a signal; it must not have been waited for."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Give the exit code of the child once it has ended; a signal is negative."""
        if not self.ends_within(LONGEST):
            self.kill()
            self._told.readline()
            raise AssertionError(f"process {self.pid} did not end within {LONGEST:g} s")
        return int(self._told.readline())


class Template:
    """The process that has imported everything and is forked; one child at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, order: dict[str, Any]) -> Child:
        """Fork a child."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.reliability.child"],
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps(order).encode() + b"\n")
        return Child(int(told.readline()), told)

    def close(self) -> None:
        """End the process; it ends when it is asked nothing more."""
        if self._process is not None:
            with self._process as process:
                assert process.stdin is not None
                process.stdin.close()
