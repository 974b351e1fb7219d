"""A store for each test, on both databases."""

import os
from collections.abc import Iterator

import pytest

from collectors.clock import FixedClock
from collectors.store import Store
from tests.store.worlds import NOW, living, open_store


@pytest.fixture
def clock() -> FixedClock:
    """The clock of the store; it stands still until a test moves it."""
    return FixedClock(NOW)


@pytest.fixture
def store(database_url: str, clock: FixedClock) -> Iterator[Store]:
    """The store of this process."""
    opened = open_store(database_url, clock)
    yield opened
    opened.close()


@pytest.fixture
def beside(database_url: str, clock: FixedClock, store: Store) -> Iterator[Store]:
    """The same store as another living process has it open: here, whoever started the tests."""
    opened = open_store(database_url, clock, living(os.getppid()))
    yield opened
    opened.close()
