"""A trial for each test, on both databases, and the processes that it forks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.reliability.clocks import SharedClock
from tests.reliability.hour import SERIES, Hour, with_password
from tests.reliability.hour_figures import BEGINNING
from tests.reliability.hour_servers import Hook, HourPlatform, HourSource
from tests.reliability.processes import Template
from tests.reliability.servers import Platform, SourceServer
from tests.reliability.trial import Trial


@pytest.fixture(scope="session")
def templates() -> Iterator[tuple[Template, Template]]:
    """Two processes that are ready to be forked, so that two children may run beside each other."""
    made = (Template(), Template())
    yield made
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def longest(
    tmp_path_factory: pytest.TempPathFactory, templates: tuple[Template, Template]
) -> float:
    """How many seconds a process takes for the first day where nobody kills it."""
    directory = tmp_path_factory.mktemp("undisturbed")
    url = f"sqlite:///{directory}/state.db"
    with SourceServer() as source, Platform() as platform:
        undisturbed = Trial(directory, url, source, platform, templates)
        undisturbed.configure()
        began = time.monotonic()
        undisturbed.run_to_the_end()
        return time.monotonic() - began


@pytest.fixture
def trial(
    tmp_path: Path, database_url: str, templates: tuple[Template, Template]
) -> Iterator[Trial]:
    """A trial on the first day: configured, and nothing collected yet."""
    with SourceServer() as source, Platform() as platform:
        made = Trial(tmp_path, database_url, source, platform, templates)
        made.configure()
        yield made


@pytest.fixture
def hour(tmp_path: Path, database_url: str, templates: tuple[Template, Template]) -> Iterator[Hour]:
    """A mixed hour that has not begun."""
    with mixed_hour(tmp_path, database_url, templates) as made:
        yield made


@contextmanager
def mixed_hour(
    directory: Path, database_url: str, templates: tuple[Template, Template]
) -> Iterator[Hour]:
    """Give a mixed hour that has not begun; what lives of it in the end is killed."""
    clock = SharedClock.beginning(directory / "clock", BEGINNING)
    tokens = dict.fromkeys(SERIES, "")
    with (
        HourSource(clock) as source,
        HourPlatform(clock, tokens) as platform,
        Hook() as hook,
    ):
        url = with_password(database_url)
        made = Hour(directory, url, clock, source, platform, hook.url, templates)
        yield made
        made.kill()
