"""Watching the directories of the configuration and the credentials for changes."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from watchfiles import Change, watch

SUFFIXES = (".yaml", ".yml", ".json", ".py")
"""Of the files whose change means something: configurations, schemas, credentials, sources."""
QUIET = 300
"""Milliseconds of quiet after which a burst of changes is told, as one."""
log = structlog.get_logger()


class Watcher:
    """Calls ``changed``, from a thread of its own, after files in these directories changed."""

    def __init__(self, directories: Sequence[Path], changed: Callable[[], None]) -> None:
        self._directories = directories
        self._changed = changed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch the directories that exist."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        there = [one for one in self._directories if one.is_dir()]
        try:
            for _ in watch(
                *there,
                watch_filter=_matters,
                step=QUIET // 3,
                debounce=10 * QUIET,
                stop_event=self._stopping,
                raise_interrupt=False,
            ):
                self._changed()
        except (OSError, RuntimeError) as exc:
            advice = "send SIGHUP after a change"
            log.warning("files cannot be watched", reason=str(exc), advice=advice)


def _matters(_: Change, path: str) -> bool:
    name = Path(path).name
    return not name.startswith(".") and name.endswith(SUFFIXES)
