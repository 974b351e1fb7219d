"""Collectors of broken files: what the store knows of them, and what is wrong with their files."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collectors.config.model import Configuration
from collectors.errors import Mistake
from collectors.runner import Parts
from collectors.schedule import Due
from collectors.standing.standing import Standing, seen_at
from collectors.store import History, Queued, Run, Store, Stretch

BROKEN_FILE = "broken file"
"""The state of a collector whose file is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A collector that mistakes leave out; ``<service>/*`` where nothing but its file is known.

    ``mistake`` is the first one. With ``is_kept`` the daemon goes on with what it last read right.
    What is due of it, nobody can tell.
    """

    name: str
    mistake: Mistake
    is_kept: bool
    history: History
    run: Run | None
    waiting: int
    refused: int
    state: str = BROKEN_FILE
    due: Sequence[Due] = ()
    late_since: datetime | None = None
    is_late: bool = False

    @property
    def service(self) -> str:
        """The service that the collector is of."""
        return self.name.partition("/")[0]

    @property
    def stretches(self) -> Sequence[Stretch]:
        """What is collected, in order of time."""
        return self.history.stretches

    @property
    def seen_at(self) -> datetime | None:
        """When its source last gave what it was asked for."""
        return seen_at(self.history)

    @property
    def why(self) -> str:
        """The mistake, its place first, and what is so until it is mended."""
        until = "the daemon goes on with what it last read right" if self.is_kept else "left out"
        return f"{self.mistake}; until that is mended: {until}"


Known = Standing | Broken
"""What is known of a collector, whether its file can be read or not."""


def broken_ones(parts: Parts, configuration: Configuration) -> list[Broken]:
    """Give the collectors that mistakes leave out of a configuration, by name. Raises StoreError.

    In the daemon's own configuration they may be there all the same, as they last were good.
    """
    if not configuration.left_out:
        return []
    store = parts.store
    with store.at_one_moment():
        runs = store.view.latest_runs()
        kept = {*kept_names(store), *configuration.collectors}
        names = sorted(set(_names(configuration, {*runs, *kept})))
        histories = store.view.histories(names)
        queued, refused = store.view.queued(), store.view.dead_letter_counts()
    return [
        Broken(
            name=name,
            mistake=mistakes[0],
            is_kept=name in kept,
            history=histories[name],
            run=runs.get(name),
            waiting=_count(queued.get(name, ())),
            refused=refused.get(name, 0),
        )
        for name in names
        if (mistakes := broken_by(configuration, name) or configuration.mistakes)
    ]


def broken_by(configuration: Configuration, name: str) -> list[Mistake]:
    """Give the mistakes of the files that a collector is made of, or would be; its own first."""
    profiles_count = name in configuration.left_out or name not in configuration.collectors
    found = [
        one
        for one in configuration.mistakes
        if is_its_file(configuration, name, one.file)
        or repr(name) in one.message
        or (profiles_count and Path(one.file).parent.name == "profiles")
    ]
    return sorted(found, key=lambda one: repr(name) not in one.message)


def is_its_file(configuration: Configuration, name: str, file: str) -> bool:
    """Tell whether a collector is configured by a file, or would be."""
    service = name.partition("/")[0]
    known = configuration.services.get(service)
    return Path(file).stem == service or (known is not None and known.place.file == file)


def _names(configuration: Configuration, known: Collection[str]) -> Iterator[str]:
    """Name those left out; of a file that cannot be read, those ``known`` from before."""
    for name in configuration.left_out:
        service = name.removesuffix("*")
        own = [one for one in known if one.startswith(service)] if service != name else []
        yield from [one for one in own if one not in configuration.collectors] or [name]


def kept_names(store: Store) -> Sequence[str]:
    """Name the collectors of which the daemon goes on with what it last read right."""
    told = store.post.told("configuration")
    kept: Sequence[str] = told[1].get("kept", ()) if told and store.post.holder() else ()
    return kept


def _count(queued: Sequence[Queued]) -> int:
    return sum(one.observations for one in queued)
