"""A connection to one address that ends at a moment, however slowly the far side drips."""

import io
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Self, TypeVar

from urllib3.util import wait_for_read, wait_for_write

from collectors.sources.uptime.addresses import Address

Result = TypeVar("Result")


class Wire:
    """A socket as ``http.client`` reads it; ``ends`` is a moment of ``time.monotonic``.

    Whatever takes longer raises TimeoutError; what the system says is an OSError.
    """

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock = sock
        self._ends = ends
        sock.setblocking(False)

    @classmethod
    def to(cls, address: Address, seconds: float, ends: float) -> Self:
        """Connect, within so many ``seconds``."""
        sock = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            sock.settimeout(max(0.001, min(seconds, ends - time.monotonic())))
            sock.connect(address.place)
        except BaseException:
            sock.close()
            raise
        return cls(sock, ends)

    def secure(self, tls: ssl.SSLContext, name: str) -> int:
        """Speak TLS from here on; give when the certificate expires, in seconds since 1970."""
        secured = tls.wrap_socket(self._sock, server_hostname=name, do_handshake_on_connect=False)
        self._sock = secured
        self._until(secured.do_handshake)
        certificate: Any = secured.getpeercert()
        return int(ssl.cert_time_to_seconds(certificate["notAfter"]))

    def send(self, content: bytes) -> None:
        """Send all of it."""
        left = memoryview(content)
        while left:
            left = left[self._until(partial(self._sock.send, left), wait_for_write) :]

    def receive(self, buffer: Any) -> int:
        """Fill ``buffer`` with what has come, and give how much that is; 0 at the end."""
        return self._until(partial(self._sock.recv_into, buffer))

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Give what is received as a file."""
        return io.BufferedReader(_Received(self))

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _until(
        self, act: Callable[[], Result], wait: Callable[..., bool] = wait_for_read
    ) -> Result:
        while (left := self._ends - time.monotonic()) > 0:
            try:
                return act()
            except ssl.SSLWantWriteError:
                wait_for_write(self._sock, left)
            except ssl.SSLWantReadError:
                wait_for_read(self._sock, left)
            except BlockingIOError:
                wait(self._sock, left)
        raise TimeoutError


class _Received(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive(buffer)
