"""Gathers mistakes, and tells once what is wrong in a profile that many services share."""

from collections.abc import Callable

from collectors.config.model import Place
from collectors.errors import Mistake

THIS = "\0"
"""Stands in a message for the collector that it is about."""


class Findings:
    """Everything that is wrong (or, in a second one, doubtful) in the files read so far."""

    def __init__(self) -> None:
        self._names: dict[tuple[Place, str], list[str]] = {}

    def add(self, place: Place, message: str, collector: str = "") -> None:
        """Note that ``message`` is true of ``place``; ``THIS`` in it stands for ``collector``."""
        names = self._names.setdefault((place, message), [])
        if collector not in names[-1:]:
            names.append(collector)

    def mistakes(self) -> tuple[Mistake, ...]:
        """Give all of it in the order of files, lines and columns."""
        return tuple(
            sorted(
                Mistake(place.file, place.line, place.column, _told(message, names))
                for (place, message), names in self._names.items()
            )
        )


class Reporter:
    """Reports on one collector, and remembers whether there was anything to report."""

    def __init__(self, add: Callable[[Place, str, str], None], collector: str = "") -> None:
        self._add = add
        self._collector = collector
        self.clean = True

    def __call__(self, place: Place, message: str) -> None:
        """Report a mistake."""
        self.clean = False
        self._add(place, message, self._collector)


def _told(message: str, names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return " ".join(message.replace(THIS, f"'{names[0]}'{more}").splitlines())
