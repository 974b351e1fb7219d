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
TURN = 2_000
"""Milliseconds between two turns of the watcher where nothing changes."""
log = structlog.get_logger()


class Watcher:
    """Calls ``changed``, from a thread of its own, after files in these directories changed.

    ``since`` is when the files were read, in seconds since 1970: what has changed since, before it
    began to watch, counts too.
    """

    def __init__(
        self, directories: Sequence[Path], changed: Callable[[], None], since: float
    ) -> None:
        self._directories = directories
        self._changed = changed
        self._since = since
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
        turns = watch(
            *there,
            watch_filter=_matters,
            step=QUIET // 3,
            debounce=10 * QUIET,
            rust_timeout=TURN,
            yield_on_timeout=True,
            stop_event=self._stopping,
            raise_interrupt=False,
        )
        try:
            # What changed before the first turn, it cannot have seen.
            if next(turns, None) or _changed_since(there, self._since):
                self._changed()
            for found in turns:
                if found:
                    self._changed()
        except (OSError, RuntimeError) as exc:
            advice = "send SIGHUP after a change"
            log.warning("files cannot be watched", reason=str(exc), advice=advice)


def _changed_since(directories: Sequence[Path], since: float) -> bool:
    """Tell whether a file that matters, or a directory's list of files, is of since then."""
    found = (path for one in directories for path in (one, *one.rglob("*")))
    return any(_time_of(path) >= since for path in found if path.is_dir() or _matters_at(path))


def _time_of(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # gone meanwhile, which its directory tells
        return 0.0


def _matters_at(path: Path) -> bool:
    return _matters(Change.modified, str(path))


def _matters(_: Change, path: str) -> bool:
    name = Path(path).name
    return not name.startswith(".") and name.endswith(SUFFIXES)
