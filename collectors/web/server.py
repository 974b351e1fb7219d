"""A production server for one application, which stops in good order."""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from collectors.errors import Refused

MIB = 1024 * 1024
IDLE = 30.0
"""Seconds after which a client that says nothing, in the midst of a request too, is hung up on."""
LIMITS: Mapping[str, Any] = {
    "threads": 8,
    "connection_limit": 500,
    "max_request_body_size": 16 * MIB,
    "max_request_header_size": 64 * 1024,
}


class Server:
    """Serves ``app`` on ``host`` and ``port``; 0 is any port that is free.

    Bodies are received before the application is called, beyond half a MiB into a file, so a slow
    client keeps nobody waiting. Raises Refused where the address cannot be had.
    """

    def __init__(self, app: Flask, host: str, port: int, *, idle: float = IDLE) -> None:
        self._sockets: dict[int, Any] = {}
        self._stopping = threading.Event()
        listening = _listening(host, port)
        self.host = host
        self.port: int = listening.getsockname()[1]
        self._server: Any = create_server(
            app,
            map=self._sockets,
            sockets=[listening],
            ident=None,
            channel_timeout=idle,
            cleanup_interval=idle / 5,
            **LIMITS,
        )

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def run(self, *, limit: float = 30.0) -> None:
        """Serve until ``stop`` is called; what then runs may run on for ``limit`` seconds."""
        try:
            while not self._stopping.is_set():
                self._turn(1.0)
            # Only the listening: the server's own close would leave what runs without an answer.
            wasyncore.dispatcher.close(self._server)
            until = time.monotonic() + limit
            while self._is_busy() and time.monotonic() < until:
                self._turn(0.1)
        finally:
            self._server.task_dispatcher.shutdown(timeout=0.5)
            wasyncore.close_all(self._sockets)

    def stop(self) -> None:
        """Let ``run`` come to an end; may be called from a signal handler or another thread."""
        self._stopping.set()
        # It may have come to its end by now, and needs no waking.
        with suppress(OSError):
            self._server.pull_trigger()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)

    def _is_busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as exc:
        # Python adds the address in brackets, which is said already.
        reason = str(exc.strerror).partition(" (")[0]
        advice = "give another --port or --host, or end what listens there"
        raise Refused(f"{host}:{port} cannot be listened on: {reason}; {advice}") from exc
