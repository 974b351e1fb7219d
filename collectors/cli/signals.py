"""Signals, heard by a thread of their own: at once, and without interrupting any other."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def heard(hear: Callable[[signal.Signals], None], *numbers: signal.Signals) -> Iterator[None]:
    """While inside, call ``hear`` with each of these signals as it comes.

    Python itself hears signals in the main thread only, and misses one that comes just before
    that begins to wait until the wait is over. Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    thread = threading.Thread(target=_listen, args=(reading, hear), name="signals", daemon=True)
    thread.start()
    woken_before = signal.set_wakeup_fd(writing.fileno())
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken_before)
        writing.close()
        thread.join()


def _listen(reading: socket.socket, hear: Callable[[signal.Signals], None]) -> None:
    """Hear what comes, one byte a signal, until nothing more can come."""
    with reading:
        while came := reading.recv(64):
            for number in came:
                hear(signal.Signals(number))
