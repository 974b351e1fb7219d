"""What one page shows: everything of one moment."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from flask import g

from collectors.clock import Clock, FixedClock
from collectors.config.model import Collector, Configuration, Service
from collectors.errors import StoreError
from collectors.runner import Parts
from collectors.standing import Known, Standing, broken_ones, standings
from collectors.store import Store


@dataclass(frozen=True)
class Scene:
    """What the pages are about: a configuration and, once there is a store, the parts around it."""

    configuration: Configuration
    parts: Parts | None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A scene, held still while a page is made of it."""

    scene: Scene
    now: datetime

    @property
    def configuration(self) -> Configuration:
        """All files together."""
        return self.scene.configuration

    @cached_property
    def parts(self) -> Parts:
        """The parts, in whose time it is ``now``. Raises StoreError where there is no store."""
        if self.scene.parts is None:
            raise StoreError("there is no store yet")
        return replace(self.scene.parts, clock=FixedClock(self.now))

    @property
    def store(self) -> Store:
        """The store. Raises StoreError where there is none."""
        return self.parts.store

    @cached_property
    def collectors(self) -> Mapping[str, Collector]:
        """The collectors that are enabled, by name."""
        found = self.configuration.collectors
        return {name: one for name, one in sorted(found.items()) if one.enabled}

    def known(self, service: str | None = None) -> list[Known]:
        """Give where all of them stand, or those of one service, also of broken files.

        What goes on as it last was good is shown as broken too, unless it is late.
        """
        asked = {
            name: one for name, one in self.collectors.items() if service in (None, one.service)
        }
        known: dict[str, Known] = {
            one.name: one
            for one in broken_ones(self.parts, self.configuration)
            if service in (None, one.service)
        }
        for one in standings(self.parts, asked, ask=False):
            if one.is_late or one.name not in known:
                known[one.name] = one
        return list(known.values())

    def standing(self, name: str) -> Standing | None:
        """Give where one of them stands; None where there is none of this name."""
        one = self.collectors.get(name)
        return standings(self.parts, {name: one}, ask=False)[0] if one else None

    def service(self, name: str) -> Service | None:
        """Give what its file says of a service."""
        return self.configuration.services.get(name)


@contextmanager
def held(scene: Callable[[], Scene], clock: Clock) -> Iterator[Moment]:
    """Hold the scene as it is now, the store included."""
    moment = Moment(scene=scene(), now=clock.now())
    if moment.scene.parts is None:
        yield moment
        return
    with moment.store.at_one_moment():
        yield moment


def moment() -> Moment:
    """Give the moment of the page that is being made."""
    found: Moment = g.moment
    return found
