"""The parts that the verbs work with, built at the edge and passed in."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import structlog

from collectors.api import Context, Limits
from collectors.clock import Clock
from collectors.config import Vault
from collectors.config.model import Collector, Target
from collectors.datasets import DataSets
from collectors.http_client import HttpClient
from collectors.runner.data_set_reader import Peek, Reader
from collectors.runner.patience import Patience
from collectors.runner.remembered import Remembered
from collectors.schedule import Kind
from collectors.sink.contract import Sink
from collectors.store import RunQuota, Store, Waits
from collectors.values import DataSet

SHARED_AT_MOST = 64
"""How many shared things a process keeps; the one built longest ago goes first."""
_LIVE = (Kind.LIVE, Kind.MANUAL)


class SharedThings:
    """What is costly to make and serves every collector of the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._things: dict[Hashable, Future[Any]] = {}

    def get(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Give what ``key`` holds, building it once; a failure is not kept."""
        with self._lock:
            future = self._things.get(key)
            mine = future is None
            if future is None:
                future = self._things[key] = Future()
                while len(self._things) > SHARED_AT_MOST:
                    del self._things[next(iter(self._things))]
        if mine:
            self._build(key, build, future)
        return future.result()

    def _build(self, key: Hashable, build: Callable[[], Any], future: Future[Any]) -> None:
        try:
            future.set_result(build())
        except BaseException as exc:  # noqa: BLE001 - raised by result() for all who wait
            with self._lock:
                if self._things.get(key) is future:
                    del self._things[key]
            future.set_exception(exc)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything that collecting and delivering needs. ``sinks`` are by name of target.

    ``has_copy`` tells that the embedded data sets are a target, ``embedded`` that they are open;
    where they are not, ``peek`` opens them for reading. ``collectors`` are all that there are;
    ``quotas`` is what the configuration says of limits, by name of key.
    """

    store: Store
    sinks: Mapping[str, Sink]
    vault: Vault
    http: HttpClient
    clock: Clock
    directory: Path
    outbox_limit: int
    embedded: DataSets | None = None
    has_copy: bool = False
    peek: Peek = nullcontext
    targets: Sequence[Target] = ()
    collectors: Mapping[str, Collector] = field(default_factory=dict)
    quotas: Mapping[str, Limits] = field(default_factory=dict)
    patience: Patience = Patience()  # noqa: RUF009 - frozen itself
    shared: SharedThings = field(default_factory=SharedThings)

    @cached_property
    def reader(self) -> Reader:
        """The reader of data sets for the sources that make figures of figures."""
        writers = defaultdict[DataSet, list[Collector]](list)
        for one in self.collectors.values():
            if one.enabled:
                writers[one.data_set].append(one)
        return Reader(
            http=self.http,
            clock=self.clock,
            targets=self.targets,
            writers=writers,
            peek=(lambda: nullcontext(self.embedded)) if self.embedded else self.peek,
        )

    def credential(self, collector: Collector) -> tuple[str, Any]:
        """Give a collector's credential, None where it needs none, after its name; ConfigError."""
        source, name = collector.source, collector.credentials or collector.source.name
        model = source.credential if collector.credentials or source.credential_needed else None
        return name, self.vault.credential(name, model) if model else None

    def context(
        self,
        collector: Collector,
        warnings: list[str],
        kind: str = Kind.MANUAL,
        waits: Waits | None = None,
    ) -> Context:
        """Build what one run of a collector's source is given; ConfigError without a credential.

        What is reserved of quotas is for runs of the kinds ``live`` and ``manual``; ``waits`` is
        how the run waits for them.
        """
        name, credential = self.credential(collector)
        quota = RunQuota(
            self.store.quota,
            self.quotas,
            self.http.sleep,
            live=kind in _LIVE,
            waits=waits or Waits(),
        )
        return Context(
            http=self.http,
            clock=self.clock,
            quota=quota,
            shared=self.shared,
            directory=self.directory,
            period=collector.period,
            zone=collector.zone,
            credential=credential,
            credential_name=name,
            state=Remembered(lambda: self.store.ledger.source_state(collector.name)),
            warn=warnings.append,
            hide=self.vault.remember,
            log=structlog.get_logger().bind(
                collector=collector.name, data_set=str(collector.data_set)
            ),
            data_sets=self.reader,
            probes=self.store.probes.of(collector.name, collector.schedule.every or timedelta(0)),
        )
