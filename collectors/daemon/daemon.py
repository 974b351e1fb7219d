"""The daemon: one process that collects and delivers for months, and ends in good order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from queue import SimpleQueue

import structlog

from collectors.config.model import Configuration
from collectors.daemon.alerting import Alerting
from collectors.daemon.chores import Chores
from collectors.daemon.health import Health
from collectors.daemon.housekeeping import Housekeeping
from collectors.daemon.lookout import Lookout
from collectors.daemon.metrics import Metrics
from collectors.daemon.missed import note_missed
from collectors.daemon.notifying import Notifier, Watchdog
from collectors.daemon.present import Present
from collectors.daemon.pulse import Pulse
from collectors.daemon.reloading import Changes, changes, merged
from collectors.daemon.works import STUCK_AFTER, Works
from collectors.engine.heart import Heart
from collectors.errors import CollectorError
from collectors.runner import Parts
from collectors.values import counted

ALIVE = "daemon"
"""The notice that says when the daemon last lived."""
FILES = "configuration"
"""The notice that says which files are broken."""
log = structlog.get_logger()


class Asked(Enum):
    """What a daemon is asked for, by other threads."""

    RELOAD = auto()
    STOP = auto()


class Why(Enum):
    """Why the daemon has come to its end."""

    STOPPED = auto()
    REPLACED = auto()


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How the edge reads the files again, and makes parts of them in the place of other parts."""

    load: Callable[[], Configuration]
    remake: Callable[[Configuration, Parts], Parts]


class Daemon:
    """Everything that runs at once. ``run`` returns when ``stop`` was called, or the post lost."""

    def __init__(
        self, configuration: Configuration, parts: Parts, ways: Ways, notifier: Notifier
    ) -> None:
        self.present = Present(configuration, parts)
        self._ways = ways
        self._notifier = notifier
        self._pulse = Pulse()
        lookout = Lookout(lambda: self.present.parts)
        self.metrics = Metrics(lookout)
        self.health = Health(pulse=self._pulse, lookout=lookout, metrics=self.metrics)
        self._heart = Heart(parts.store, also=self._beat, moved=lambda: self._pulse.touch("heart"))
        self.works = Works(self.present, self.metrics, self._pulse, self._heart)
        self._asked: SimpleQueue[Asked] = SimpleQueue()
        self._stopping = False
        self._why = Why.STOPPED

    def stop(self) -> None:
        """Come to an end in good order; may be called from any thread."""
        self._stopping = True
        self._asked.put(Asked.STOP)

    def reload(self) -> None:
        """Read the files again; may be called from any thread."""
        self._asked.put(Asked.RELOAD)

    def run(self, limit: float, begun: Callable[[], None]) -> tuple[Why, bool]:
        """Work until stopped, then let what runs end within ``limit`` seconds.

        ``begun`` is called once everything runs. Gives why it ended, and whether every thread has.
        Raises Refused where another process is the daemon of the store.
        """
        store = self.present.parts.store
        store.post.take()
        try:
            self._look_back(self.works.reschedule())
            self._tell_alive()
            with self._heart, Watchdog(self._notifier, self._pulse):
                chores = self._start()
                begun()
                self._notifier.ready(self._status())
                self._wait()
                self._tell_alive()
                self._notifier.stopping("letting what runs end")
                quiet = [one.stop(1.0) for one in chores]
                clean = self.works.stop(limit)
            return self._why, clean and all(quiet)
        finally:
            store.post.leave()

    def _start(self) -> list[Chores]:
        self._tell_files()
        keeping = Housekeeping(self.present, self.works).chores()
        alerting = Alerting(
            self.present,
            healthy=lambda: not self._pulse.stuck(),
            planned=self.works.planner.is_idle,
        ).chores()
        chores = [
            Chores("housekeeper", keeping, lambda: self._pulse.touch("housekeeper")),
            Chores("alerts", alerting),
        ]
        for name in ("heart", "housekeeper"):
            self._pulse.expect(name, STUCK_AFTER)
        self.works.start()
        for one in chores:
            one.start()
        return chores

    def _wait(self) -> None:
        while self._next() is not Asked.STOP:
            self._read_again()
        log.info("stopping once what is under way has ended; the same signal again: at once")

    def _next(self) -> Asked:
        """Wait until something is asked for; a burst of reloads is one."""
        asked = self._asked.get()
        while asked is Asked.RELOAD and not self._asked.empty():
            asked = self._asked.get()
        return asked

    def _look_back(self, until: datetime) -> None:
        """Write down which ticks nobody heard since the last daemon lived, and until this does."""
        told = self.present.parts.store.post.told(ALIVE)
        if told is None:
            return
        missed = note_missed(self.present, told[0], until)
        log.info("nobody heard some ticks", ticks=missed, since=f"{told[0]:%Y-%m-%dT%H:%M:%SZ}")

    def _beat(self) -> None:
        post = self.present.parts.store.post
        if not post.prolong():
            log.error("another process has become the daemon of this store; this one ends")
            self._why = Why.REPLACED
            self.stop()
        if not self._stopping:
            self._tell_alive()

    def _tell_alive(self) -> None:
        store = self.present.parts.store
        store.post.tell(ALIVE, {"collectors": len(self.present.active)})

    def _read_again(self) -> None:
        """Swap the configuration for what the files say now, as far as they are not broken."""
        self._notifier.reloading()
        before = self.present.state
        try:
            configuration = merged(before.configuration, self._ways.load())
            parts = self._ways.remake(configuration, before.parts)
        except CollectorError as exc:
            log.warning("the files were not read again", reason=str(exc))
            self._notifier.ready(self._status())
            return
        self.present.change(configuration, parts)
        self._tell_files()
        self._follow(changes(before.active, self.present.active))
        self._notifier.ready(self._status())

    def _follow(self, found: Changes) -> None:
        """Let the works follow: what failed lastingly may be mended, whatever it was."""
        if found:
            self.works.reschedule()
        self.works.planner.look([*found.added, *found.changed, *self.works.retries.failing()])
        self.works.sender.look_again()
        log.info(
            "files read again",
            added=", ".join(sorted(found.added)),
            changed=", ".join(sorted(found.changed)),
            removed=", ".join(sorted(found.removed)),
            mistakes=len(self.present.state.configuration.mistakes),
        )

    def _tell_files(self) -> None:
        """Tell everybody which files are broken: the log, the metrics, other processes."""
        configuration = self.present.state.configuration
        mistakes = configuration.mistakes
        for one in mistakes:
            log.warning("mistake", where=f"{one.file}:{one.line}:{one.column}", what=one.message)
        self.metrics.configured(len(mistakes))
        kept = sorted(configuration.left_out & configuration.collectors.keys())
        told = {"mistakes": [str(one) for one in mistakes], "kept": kept}
        self.present.parts.store.post.tell(FILES, told)

    def _status(self) -> str:
        mistakes = len(self.present.state.configuration.mistakes)
        said = f", {counted(mistakes, 'mistake')} in files" if mistakes else ""
        return f"{counted(len(self.present.active), 'collector')}{said}"
