"""What a source remembers from run to run: looked up once it asks, kept if it has asked."""

from collections.abc import Callable, Iterator, MutableMapping


class Remembered(MutableMapping[str, str]):
    """Text to text, as ``look_up`` gives it at the first use; most sources never use it."""

    def __init__(self, look_up: Callable[[], dict[str, str]]) -> None:
        self._look_up = look_up
        self._known: dict[str, str] | None = None

    @property
    def used(self) -> dict[str, str] | None:
        """What is to be kept; None where it was never asked for."""
        return self._known

    def __getitem__(self, key: str) -> str:
        return self._all[key]

    def __setitem__(self, key: str, value: str) -> None:
        self._all[key] = value

    def __delitem__(self, key: str) -> None:
        del self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def _all(self) -> dict[str, str]:
        if self._known is None:
            self._known = self._look_up()
        return self._known
