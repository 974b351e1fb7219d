"""The global options, and the parts that commands are built of."""

import os
import tempfile
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from collectors.api import Source
from collectors.cli.assembling import has_copy, sinks_of
from collectors.clock import Clock, SystemClock
from collectors.config import Vault, load
from collectors.config.model import Configuration, Platform
from collectors.database import BUSY_SECONDS, ignore
from collectors.datasets import DataSets
from collectors.errors import ConfigError
from collectors.http_client import HttpClient
from collectors.runner import Parts, Patience
from collectors.sources import extended
from collectors.store import Owner, Store
from collectors.values import Secret

CONNECTIONS = 256
"""How many connections to one host are kept open; more are opened where more are needed."""


def make_client(clock: Clock) -> HttpClient:
    """Give the HTTP client of a process, with room for all that its workers and senders ask."""
    return HttpClient(clock, pool_size=CONNECTIONS)


@dataclass(frozen=True, kw_only=True)
class World:
    """What the program stands on, and tests put something else under: time, sources, steps.

    ``http`` makes the HTTP client; ``busy`` is how many seconds SQLite waits for a lock; ``browse``
    opens an address in a browser, if there is one, and tells whether.
    """

    sources: Mapping[str, type[Source]]
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state
    step: Callable[[str], None] = ignore
    http: Callable[[Clock], HttpClient] = make_client
    patience: Patience = Patience()  # noqa: RUF009 - frozen itself
    busy: float = BUSY_SECONDS
    browse: Callable[[str], bool] = webbrowser.open


@dataclass(frozen=True)
class Settings:
    """The global options, and what follows from them. Everything is built when first asked for."""

    world: World
    config: Path
    credentials: Path
    state: str | None

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration, with its mistakes; see ``usable`` of ``collectors.cli.choosing``."""
        return self.load()

    def load(self) -> Configuration:
        """Read the configuration as the files are now."""
        return load(
            self.config,
            self.credentials,
            sources=self.world.sources,
            environment=os.environ,
            extended=extended,
        )

    @cached_property
    def vault(self) -> Vault:
        """The credentials and tokens, as they are when they are asked for."""
        vault = Vault(self.credentials, os.environ)
        platform = self.configuration.platform
        for url in (self.state, platform.state.reveal(), platform.embedded.reveal()):
            vault.remember(*_secrets_of(url or ""))
        return vault

    @property
    def platform(self) -> Platform:
        """The platform; raises ConfigError where nobody can know which one is meant."""
        configuration = self.configuration
        files = {str(self.config), str(self.config / "platform.yaml")}
        mistakes = [one for one in configuration.mistakes if one.file in files]
        if mistakes:
            raise ConfigError("the platform is not known, so nothing is done", mistakes)
        return configuration.platform

    @contextmanager
    def store(self, *, passing: bool = False) -> Iterator[Store]:
        """Open the store; ``passing``: leave no trace where there is none yet (a dry run)."""
        url = self.state or self.platform.state.reveal()
        with tempfile.TemporaryDirectory() as directory:
            if passing and not _exists(url):
                url = f"sqlite:///{directory}/state.db"
            store = self._store(url)
            try:
                store.open()
                yield store
            finally:
                store.close()

    @contextmanager
    def looking(self) -> Iterator[Callable[[], Parts | None]]:
        """Give what opens the store once there is one, and gives None until then."""
        url = self.state or self.platform.state.reveal()
        with ExitStack() as opened:
            lock, found = Lock(), list[Parts]()

            def look() -> Parts | None:
                with lock:
                    if not found and _exists(url):
                        store = opened.enter_context(self.store())
                        found.append(opened.enter_context(self.look_only(store)))
                return found[0] if found else None

            yield look

    def fingerprints(self) -> dict[str, set[str]]:
        """Give how each collector's history was collected, if the store is a file and is there.

        Nothing is upgraded and no network is used. Raises StoreError for a file that is no store.
        """
        url = self.state or self.configuration.platform.state.reveal()
        if not url.startswith("sqlite") or not _exists(url):
            return {}
        store = self._store(url)
        try:
            return store.view.fingerprints()
        finally:
            store.close()

    def _store(self, url: str) -> Store:
        return Store(
            url,
            clock=self.world.clock,
            owner=Owner.this_process(),
            synchronous=self.configuration.platform.synchronous,
            patience=self.world.busy,
            step=self.world.step,
        )

    @contextmanager
    def data_sets(self) -> Iterator[DataSets]:
        """Open the embedded data sets."""
        data_sets = self._data_sets()
        try:
            data_sets.open()
            yield data_sets
        finally:
            data_sets.close()

    @contextmanager
    def _peek(self) -> Iterator[DataSets | None]:
        """Open the embedded data sets if there are any, as they are."""
        there = _exists(self.platform.embedded.reveal())
        data_sets = self._data_sets() if there else None
        try:
            yield data_sets
        finally:
            if data_sets is not None:
                data_sets.close()

    def _data_sets(self) -> DataSets:
        platform = self.platform
        return DataSets(
            platform.embedded.reveal(),
            clock=self.world.clock,
            synchronous=platform.synchronous,
            patience=self.world.busy,
        )

    @contextmanager
    def parts(self, store: Store) -> Iterator[Parts]:
        """Build what collecting and delivering needs, around an open store."""
        if not has_copy(self.configuration.platform):
            yield self._parts(store, None)
            return
        with self.data_sets() as data_sets:
            yield self._parts(store, data_sets)

    @contextmanager
    def look_only(self, store: Store) -> Iterator[Parts]:
        """Build the parts of a command that sends nothing: the targets' names, no target."""
        yield self._parts(store, None)

    def http(self) -> HttpClient:
        """Give the HTTP client of this process."""
        return self.world.http(self.world.clock)

    def _parts(self, store: Store, data_sets: DataSets | None) -> Parts:
        http = self.http()
        platform = self.configuration.platform
        return Parts(
            store=store,
            sinks=sinks_of(platform, self.vault, http, data_sets),
            vault=self.vault,
            http=http,
            clock=self.world.clock,
            directory=self.configuration.directory,
            outbox_limit=platform.outbox_limit,
            embedded=data_sets,
            has_copy=has_copy(platform),
            peek=self._peek,
            targets=platform.targets,
            collectors=self.configuration.collectors,
            quotas=self.configuration.platform.quotas,
            patience=self.world.patience,
        )


def _secrets_of(url: str) -> Iterator[Secret]:
    """Give a database URL and the password in it, where it has one."""
    try:
        password = make_url(url).password
    except (ArgumentError, ValueError):
        password = None
    if password:
        yield Secret(url)
        yield Secret(str(password))


def _exists(url: str) -> bool:
    try:
        parsed = make_url(url)
    except ArgumentError:
        return True
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()
