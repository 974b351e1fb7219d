"""What the tests of the forecast share: the forecast of a place."""

from contextlib import contextmanager

from collectors.cli.settings import Settings, World
from collectors.forecast import forecast
from collectors.periods import Window
from collectors.schedule import timing_of


def settings_of(place):
    world = World(sources=place.sources, clock=place.clock, http=place.http, busy=place.busy)
    return Settings(world, place.config, place.credentials, None)


def configured(place):
    """The configuration of a place, and when its collectors tick."""
    configuration = settings_of(place).configuration
    return configuration, {name: timing_of(one) for name, one in configuration.collectors.items()}


@contextmanager
def of_place(place, span, workers=4):
    """The forecast of a place, from its store as it is."""
    settings = settings_of(place)
    window = Window(place.clock.now(), place.clock.now() + span)
    with settings.store(passing=True) as store, settings.look_only(store) as parts:
        yield forecast(parts, settings.configuration.collectors, window, workers)
