"""What the tests of several parts share: databases, the shared data, hypothesis' settings.

COLLECTOR_TEST_POSTGRES names a PostgreSQL server by a SQLAlchemy URL whose user may create
databases. What is missing is skipped at home and fails where CI is set.
"""

import ctypes
import gc
import os
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import hypothesis
import psutil
import pytest
import sqlalchemy as sa

from tests.feeds import FeedServer
from tests.places import Place, hourly
from tests.servers.write_api import WriteApiServer

CHECKOUT = Path(__file__).parent.parent
IN_CI = bool(os.environ.get("CI"))
CAPABILITIES_V3 = 0x20080522
PASSES_PERMISSIONS = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH

hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if IN_CI else "home")


GROWN = 10 * 2**20
"""Bytes that a test may leave behind before garbage is looked for."""
_SPARE: list[str] = []
"""Databases of this process that no test uses now; making one takes longer than emptying it."""
_EMPTY = (
    """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()""",
    "DROP SCHEMA public CASCADE",
    "CREATE SCHEMA public",
    "GRANT USAGE ON SCHEMA public TO PUBLIC",
)


@pytest.fixture(autouse=True)
def no_heaps_of_garbage() -> Iterator[None]:
    """Look for garbage once the process has grown: the program does so seldom, as it soon ends."""
    before = psutil.Process().memory_info().rss
    yield
    if psutil.Process().memory_info().rss - before > GROWN:
        gc.collect()


def pytest_sessionfinish() -> None:
    """Drop the databases that were made."""
    while _SPARE:
        _execute(
            os.environ["COLLECTOR_TEST_POSTGRES"], f"DROP DATABASE {_SPARE.pop()} WITH (FORCE)"
        )


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database, which is nobody else's meanwhile."""
    with fresh_postgres() as url:
        yield url


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
)
def common_database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database of each kind that all tests of a module share: they only read."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('common') / 'test.db'}"
    else:
        with fresh_postgres() as url:
            yield url


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """Give an empty PostgreSQL database."""
    server = os.environ.get("COLLECTOR_TEST_POSTGRES")
    if not server:
        missing("COLLECTOR_TEST_POSTGRES names no PostgreSQL server; .ci/run starts one")
    if not _SPARE:
        _SPARE.append(f"test_{uuid.uuid4().hex}")
        _execute(server, f"CREATE DATABASE {_SPARE[-1]}")
    name = _SPARE.pop()
    url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    try:
        yield url
    finally:
        _execute(url, *_EMPTY)
        _SPARE.append(name)


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


@pytest.fixture
def nobody_special() -> Iterator[None]:
    """Let the permissions of files hold for root too, on Linux: by two capabilities less."""
    if os.geteuid() != 0:
        yield
        return
    header = struct.pack("Ii", CAPABILITIES_V3, 0)
    data = ctypes.create_string_buffer(24)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(header, data) == 0
    before = data.raw
    effective, *rest = struct.unpack("6I", before)
    less = struct.pack("6I", effective & ~PASSES_PERMISSIONS, *rest)
    assert libc.capset(header, less) == 0
    yield
    assert libc.capset(header, before) == 0


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


def _execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
