"""What the daemon runs on at present: a configuration and its parts, swapped together."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from collectors.config.model import Collector, Configuration
from collectors.runner import Parts


@dataclass(frozen=True)
class State:
    """One configuration, and the parts made of it."""

    configuration: Configuration
    parts: Parts

    @cached_property
    def active(self) -> Mapping[str, Collector]:
        """The collectors that tick: those that are enabled."""
        return {name: one for name, one in self.parts.collectors.items() if one.enabled}


class Present:
    """Where every thread of the daemon finds the state of now; who began with one ends with it."""

    def __init__(self, configuration: Configuration, parts: Parts) -> None:
        self._state = State(configuration, parts)

    @property
    def state(self) -> State:
        """The present configuration and its parts, that belong together."""
        return self._state

    @property
    def parts(self) -> Parts:
        """The present parts."""
        return self._state.parts

    @property
    def active(self) -> Mapping[str, Collector]:
        """The collectors that tick at present."""
        return self._state.active

    def change(self, configuration: Configuration, parts: Parts) -> None:
        """Let another configuration hold from now on."""
        self._state = State(configuration, parts)
