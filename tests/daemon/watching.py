"""What a daemon is watched by, over the state that a place has."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from collectors.cli.settings import Settings, World
from collectors.daemon.lookout import Lookout
from collectors.daemon.metrics import Metrics
from collectors.runner import Parts


@dataclass
class Ticking:
    """A clock of seconds that go by when told."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Watched:
    """The parts of a place, its metrics, and the seconds that the lookout counts."""

    parts: Parts
    ticking: Ticking = field(default_factory=Ticking)

    def __post_init__(self) -> None:
        self.lookout = Lookout(lambda: self.parts, ticking=self.ticking)
        self.metrics = Metrics(self.lookout)

    def value(self, name: str, **labels: str) -> float | None:
        """Give a metric's value, None where it is not shown."""
        return self.metrics.registry.get_sample_value(name, labels)


@contextmanager
def watched(place) -> Iterator[Watched]:
    """Watch what a place holds now, with its configuration as it is."""
    world = World(sources=place.sources, clock=place.clock, http=place.http, busy=place.busy)
    settings = Settings(world, place.config, place.credentials, None)
    with settings.store() as store, settings.look_only(store) as parts:
        yield Watched(parts)
