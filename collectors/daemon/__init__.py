"""The daemon: ticks, workers and senders in one process, for months."""

from collectors.daemon.daemon import Daemon, Ways, Why
from collectors.daemon.health import blueprint
from collectors.daemon.memory import settle
from collectors.daemon.notifying import Notifier
from collectors.daemon.watching import Watcher

__all__ = ["Daemon", "Notifier", "Watcher", "Ways", "Why", "blueprint", "settle"]
