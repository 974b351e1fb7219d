"""What the tests of several parts share: databases, the shared data, hypothesis' settings.

COLLECTOR_TEST_POSTGRES names a PostgreSQL server by a SQLAlchemy URL whose user may create
databases. What is missing is skipped at home and fails where CI is set.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import hypothesis
import pytest
import sqlalchemy as sa

from tests.feeds import FeedServer
from tests.places import Place, hourly
from tests.servers.write_api import WriteApiServer

CHECKOUT = Path(__file__).parent.parent
IN_CI = bool(os.environ.get("CI"))

hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if IN_CI else "home")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database, which is dropped afterwards."""
    server = os.environ.get("COLLECTOR_TEST_POSTGRES")
    if not server:
        missing("COLLECTOR_TEST_POSTGRES names no PostgreSQL server; .ci/run starts one")
    name = f"test_{uuid.uuid4().hex}"
    administrator = sa.create_engine(
        server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
    )
    _execute(administrator, f"CREATE DATABASE {name}")
    try:
        url = sa.make_url(server).set(database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        _execute(administrator, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database, once of each kind that the program runs on."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place to run the program in, with nothing configured."""
    return Place(tmp_path)


@pytest.fixture
def feed(place: Place) -> Iterator[FeedServer]:
    """The server of the source ``feed``, in the place's time."""
    with FeedServer() as server:
        place.servers.append(server)
        yield server


@pytest.fixture
def sink(place: Place) -> Iterator[WriteApiServer]:
    """A platform with two data sets, in the place's time."""
    with WriteApiServer(
        {"toll/hourly": "token-of-hourly", "toll/daily": "token-of-daily"}
    ) as server:
        place.servers.append(server)
        yield server


@pytest.fixture
def toll(place: Place, feed: FeedServer, sink: WriteApiServer) -> Place:
    """A place where ``toll/hourly`` is collected from ``feed`` and delivered to ``sink``."""
    place.platform(f"target: {{url: '{sink.url}/data', name: platform}}")
    place.tokens(toll__hourly="token-of-hourly", toll__daily="token-of-daily")
    place.service("toll", hourly(feed))
    return place


@pytest.fixture(scope="session")
def shared() -> Path:
    """The directory of shared data and cases beside the checkout."""
    directory = CHECKOUT.parent / "shared"
    if not directory.is_dir():
        missing(f"the shared data is not at {directory}")
    return directory


def missing(what: str) -> NoReturn:
    """Skip the test for want of something, or fail it in CI."""
    if IN_CI:
        pytest.fail(what)
    pytest.skip(what)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was skipped, and why."""
    reasons = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(reasons):
        terminalreporter.write_line(reason, yellow=True)


def _execute(engine: sa.Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
