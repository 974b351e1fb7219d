"""Telling systemd how the service is: ``sd_notify`` in a few lines, and its watchdog.

The protocol: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html. Where systemd
did not start this process, nothing is told.
"""

import os
import socket
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import structlog

from collectors.daemon.pulse import Pulse

PATIENCE = 1.0
"""Seconds that a message may take to be handed over."""

log = structlog.get_logger()


class Notifier:
    """Tells systemd, at ``address`` (``NOTIFY_SOCKET``), what this service is doing.

    ``watchdog_every`` is how many seconds apart it wants to hear that the service is alive, None
    where it does not.
    """

    def __init__(self, address: str | None, watchdog_every: float | None = None) -> None:
        self._address = address
        self.watchdog_every = watchdog_every if address else None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Notifier":
        """Read what systemd says in the environment of the service."""
        limit = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        # Twice within the limit, as systemd's manual recommends.
        every = int(limit) / 2e6 if mine and limit.isdecimal() and int(limit) else None
        return cls(environment.get("NOTIFY_SOCKET") or None, every)

    def ready(self, status: str = "") -> None:
        """Say that the start, or a reload, is over."""
        self._tell("READY=1", *_status(status))

    def reloading(self) -> None:
        """Say that the configuration is being read again; ``ready`` says that it has been."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self, status: str = "") -> None:
        """Say that the service is ending."""
        self._tell("STOPPING=1", *_status(status))

    def status(self, status: str) -> None:
        """Say in a line, which ``systemctl status`` shows, what the service is doing."""
        self._tell(*_status(status))

    def alive(self) -> None:
        """Say that the service is alive."""
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if self._address is None or not lines:
            return
        # An address with @ is in Linux's abstract namespace, which begins with a zero.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.settimeout(PATIENCE)
                channel.sendto("\n".join(lines).encode(), address)
        except OSError as exc:
            log.warning("systemd was not told", reason=str(exc), message=lines[0])


class Watchdog:
    """While inside, tells systemd that the service is alive, for as long as its loops move."""

    def __init__(self, notifier: Notifier, pulse: Pulse) -> None:
        self._notifier = notifier
        self._pulse = pulse
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        if self._notifier.watchdog_every is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def beat(self) -> None:
        """Say that the service is alive, unless a loop is stuck; then say which."""
        if stuck := self._pulse.stuck():
            log.error("loops are stuck", loops=stuck)
            self._notifier.status(f"stuck: {', '.join(stuck)}")
            return
        self._notifier.alive()

    def _watch(self) -> None:
        self.beat()
        while not self._stopped.wait(self._notifier.watchdog_every):
            self.beat()


def _status(text: str) -> tuple[str, ...]:
    return (f"STATUS={' '.join(text.split())}",) if text else ()
