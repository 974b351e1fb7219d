import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from collectors.database import Database
from collectors.errors import ConfigError, StoreError

ROOT = Path(__file__).parent.parent
FIRST = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.create_table("things", sa.Column("name", sa.Text, primary_key=True))
"""
SECOND = """
import sqlalchemy as sa
from alembic import context, op
revision, down_revision = "0002", "0001"
def upgrade():
    step = context.config.attributes["step"]
    op.create_table("named", sa.Column("name", sa.Text), sa.Column("size", sa.Integer))
    step("table made")
    op.execute("INSERT INTO named SELECT name, 1 FROM things")
    step("rows moved")
    op.drop_table("things")
    step("table dropped")
"""


def make_migrations(at: Path, *revisions: str) -> Path:
    directory = at / "sample" / "migrations"
    (directory / "versions").mkdir(parents=True)
    shutil.copy(ROOT / "collectors/datasets/migrations/env.py", directory)
    for number, text in enumerate(revisions, 1):
        (directory / "versions" / f"{number:04}.py").write_text(text)
    return directory


@pytest.fixture
def older(tmp_path: Path) -> Path:
    return make_migrations(tmp_path / "older", FIRST)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return make_migrations(tmp_path / "newer", FIRST, SECOND)


@pytest.fixture
def build() -> Iterator[Callable[..., Database]]:
    built: list[Database] = []

    def build(url: str, migrations: Path, **options: object) -> Database:
        built.append(Database(url, what="the sample", migrations=migrations, **options))
        return built[-1]

    yield build
    for one in built:
        one.close()


@pytest.fixture
def database(build, database_url: str, older: Path) -> Database:
    made = build(database_url, older)
    made.upgrade()
    return made


@pytest.fixture
def sqlite(build, tmp_path: Path, older: Path) -> Database:
    made = build(f"sqlite:///{tmp_path / 'small.db'}", older, patience=0.02)
    made.upgrade()
    return made


def insert(*names: str) -> Callable[[sa.Connection], None]:
    def work(connection: sa.Connection) -> None:
        for name in names:
            connection.execute(sa.text("INSERT INTO things VALUES (:name)"), {"name": name})

    return work


def names_in(connection: sa.Connection, table: str = "things") -> list[str]:
    return list(connection.scalars(sa.text(f"SELECT name FROM {table} ORDER BY name")))


def queue_behind(database: Database, works: list[Callable[[sa.Connection], object]]) -> list:
    """Do the works so that all of them are waiting when the writer turns to them."""
    begun, release = threading.Event(), threading.Event()

    def hold(_: sa.Connection) -> None:
        begun.set()
        release.wait()

    with ThreadPoolExecutor(len(works) + 1) as pool:
        pool.submit(database.write, hold)
        begun.wait()
        futures = [pool.submit(database.write, work) for work in works]
        while database._writer._queue.qsize() < len(works):
            pass
        release.set()
    return futures


def test_a_write_that_fails_undoes_all_that_it_did(database: Database):
    with pytest.raises(StoreError, match=r"the sample .*(UNIQUE|unique)"):
        database.write(insert("a", "b", "a"))
    assert database.read(names_in) == []


def test_an_error_of_the_work_itself_comes_out_as_it_is(database: Database):
    def work(connection: sa.Connection) -> None:
        insert("a")(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(work)
    assert database.read(names_in) == []


def test_writes_from_many_threads_all_arrive(database: Database):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: database.write(insert(f"{number:03}")), range(100)))
    assert database.read(names_in) == [f"{number:03}" for number in range(100)]


def test_waiting_writes_are_committed_together(sqlite: Database):
    commits: list[object] = []
    sa.event.listen(sqlite.engine, "commit", commits.append)
    queue_behind(sqlite, [insert(f"{number}") for number in range(10)])
    assert len(sqlite.read(names_in)) == 10
    assert len(commits) == 2


def test_a_failing_write_undoes_only_itself_among_those_committed_with_it(sqlite: Database):
    good, bad, later = queue_behind(sqlite, [insert("a"), insert("b", "a", "b"), insert("c", "d")])
    assert good.exception() is None
    assert isinstance(bad.exception(), StoreError)
    assert later.exception() is None
    assert sqlite.read(names_in) == ["a", "c", "d"]


def test_what_one_write_did_is_seen_by_the_next_of_the_same_commit(sqlite: Database):
    _, seen = queue_behind(sqlite, [insert("a"), names_in])
    assert seen.result() == ["a"]


def test_a_write_inside_a_write_is_a_clear_mistake_and_no_deadlock(sqlite: Database):
    with pytest.raises(RuntimeError, match="a write inside a write"):
        sqlite.write(lambda _: sqlite.write(insert("a")))


def test_writing_goes_on_after_a_close(database: Database):
    database.close()
    database.write(insert("a"))
    assert database.read(names_in) == ["a"]


def test_a_reader_sees_one_state_whatever_is_written_meanwhile(database: Database):
    database.write(insert("a"))

    def work(connection: sa.Connection) -> list[list[str]]:
        before = names_in(connection)
        database.write(insert("b"))
        return [before, names_in(connection)]

    assert database.read(work) == [["a"], ["a"]]
    assert database.read(names_in) == ["a", "b"]


def test_a_stream_is_one_state_whatever_is_written_meanwhile(database: Database):
    database.write(insert("a", "b"))
    stream = database.stream(lambda connection: iter(names_in(connection)))
    seen = [next(stream)]
    database.write(insert("aa"))
    assert [*seen, *stream] == ["a", "b"]


def test_a_stream_left_early_gives_its_connection_back(database: Database):
    database.write(insert("a", "b"))
    stream = database.stream(lambda connection: iter(names_in(connection)))
    next(stream)
    stream.close()
    assert database.engine.pool.checkedout() == 0


def test_a_database_locked_by_another_process_says_so_and_can_still_be_read(sqlite: Database):
    other = sqlite3.connect(sqlite.engine.url.database)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught:
        sqlite.write(insert("a"))
    assert str(caught.value) == (
        f"the sample {sqlite.shown}: database is locked; "
        "another process holds it for over 0.02 s: find it with fuser, or wait"
    )
    assert sqlite.read(names_in) == []
    sqlite.upgrade()
    other.rollback()
    other.close()
    sqlite.write(insert("a"))
    assert sqlite.read(names_in) == ["a"]


def test_a_full_disk_says_so_and_leaves_what_was_there(sqlite: Database):
    sqlite.write(insert("a"))
    sqlite.write(lambda connection: limit(connection, 8))
    with pytest.raises(StoreError, match="disk is full; free some space: nothing was recorded"):
        sqlite.write(insert("b", "x" * 100_000))
    assert sqlite.read(names_in) == ["a"]
    sqlite.write(lambda connection: limit(connection, 1000))
    sqlite.write(insert("b"))
    assert sqlite.read(names_in) == ["a", "b"]


def test_when_the_disk_fills_up_in_a_common_commit_each_write_is_done_or_told(sqlite: Database):
    sqlite.write(lambda connection: limit(connection, 8))
    works = [insert("a"), insert("x" * 100_000), insert("c")]
    futures = queue_behind(sqlite, works)
    stored = set(sqlite.read(names_in))
    assert stored == {
        name
        for name, future in zip(["a", "x" * 100_000, "c"], futures, strict=True)
        if future.exception() is None
    }
    assert "disk is full" in str(futures[1].exception())


def limit(connection: sa.Connection, pages: int) -> None:
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_a_file_that_may_grow_no_more_is_told_and_leaves_what_was_there(
    sqlite: Database, older: Path
):
    sqlite.write(insert("a"))
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "import sqlalchemy as sa; from collectors.database import Database\n"
        "from collectors.errors import StoreError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "database = Database(sys.argv[1], what='the sample', migrations=Path(sys.argv[2]))\n"
        "statement = sa.text('INSERT INTO things VALUES (:name)')\n"
        "try:\n"
        "    database.write(lambda c: c.execute(statement, {'name': 'x' * 200000}))\n"
        "except StoreError as exc:\n"
        "    print(exc)\n"
    )
    url = f"sqlite:///{sqlite.engine.url.database}"
    told = subprocess.run(
        [sys.executable, "-c", program, url, older],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert told.stdout.startswith(f"the sample {url}: disk I/O error; see the kernel's log")
    assert sqlite.read(names_in) == ["a"]


def test_an_older_database_is_upgraded_with_what_is_in_it(build, database_url, older, newer):
    old = build(database_url, older)
    old.upgrade()
    old.write(insert("a", "b"))
    new = build(database_url, newer)
    new.upgrade()
    assert new.read(lambda connection: names_in(connection, "named")) == ["a", "b"]


def test_a_newer_database_is_refused_and_left_alone(build, database_url, older, newer):
    build(database_url, newer).upgrade()
    old = build(database_url, older)
    with pytest.raises(StoreError) as caught:
        old.upgrade()
    assert str(caught.value) == (
        f"the sample {old.shown} was made by a newer version (revision 0002); "
        "run that version, or point to another database"
    )
    assert old.read(lambda connection: names_in(connection, "named")) == []


def test_a_migration_that_fails_leaves_the_older_tables(build, tmp_path, database_url, older):
    old = build(database_url, older)
    old.upgrade()
    old.write(insert("a"))
    broken = SECOND + "    op.execute('DROP TABLE nowhere')\n"
    with pytest.raises(StoreError, match="nowhere"):
        build(database_url, make_migrations(tmp_path / "broken", FIRST, broken)).upgrade()
    assert old.read(names_in) == ["a"]


@pytest.mark.parametrize("step", ["table made", "rows moved", "table dropped"])
def test_an_upgrade_killed_half_way_leaves_the_older_tables_and_is_done_at_the_next_start(
    build, database_url, older, newer, step
):
    old = build(database_url, older)
    old.upgrade()
    old.write(insert("a", "b"))
    old.close()
    child = start_upgrade(database_url, newer, step)
    assert child.wait() == -signal.SIGKILL
    assert old.read(names_in) == ["a", "b"]
    old.close()
    new = build(database_url, newer)
    new.upgrade()
    assert new.read(lambda connection: names_in(connection, "named")) == ["a", "b"]


def test_processes_that_start_at_the_same_time_upgrade_once(build, database_url, newer):
    children = [start_upgrade(database_url, newer, "") for _ in range(4)]
    assert [child.wait() for child in children] == [0, 0, 0, 0]
    new = build(database_url, newer)
    new.upgrade()
    assert new.read(lambda connection: names_in(connection, "named")) == []


def start_upgrade(url: str, migrations: Path, step: str) -> subprocess.Popen[bytes]:
    program = Path(__file__).parent / "upgrade_and_die.py"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, program, url, migrations, step], env=environment)


def test_two_sets_of_tables_may_share_a_database(build, tmp_path, database_url, older):
    build(database_url, older).upgrade()
    other = tmp_path / "elsewhere" / "migrations"
    # What was compiled of a file just as long and just as old would be taken for this one's.
    shutil.copytree(older, other, ignore=shutil.ignore_patterns("__pycache__"))
    first = other / "versions" / "0001.py"
    first.write_text(FIRST.replace("things", "others").replace("0001", "2001"))
    build(database_url, other).upgrade()
    assert build(database_url, older).read(lambda c: names_in(c, "others")) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense {}", "this is not a database URL; one looks like sqlite:///var/state.db or "),
        ("postgresql://me:{}@host:port/name", "this is not a database URL"),
        ("mysql://me:{}@host/name", "'mysql' is not a database we know; use sqlite:///"),
        ("postgresql+asyncpg://me:{}@host/name", "'postgresql+asyncpg' is not a database we"),
        (
            "postgresql://me:a@{}@host/name",
            "write '@' in the password of the database URL as '%40'",
        ),
        ("postgresql://me:{}@127.0.0.1:1/name", "Connection refused; see that the server runs"),
        ("postgresql://me@host/name?password={}", "write the password as user:password@host"),
        ("postgresql://me:{}@127.0.0.1:1/name?nonsense=1", 'invalid connection option "nonsense"'),
        ("sqlite://", "name a file, with no options, such as sqlite:///var/state.db"),
        ("sqlite:///:memory:", "name a file"),
        ("sqlite:///var/x.db?mode=ro", "name a file, with no options"),
        ("sqlite://var/state.db", "a SQLite URL has three slashes before a relative path"),
        ("sqlite:////dev/null/x/state.db", "/dev/null/x cannot be made: Not a directory"),
        ("sqlite:////dev", "unable to open database file; see that it is a file in a directory"),
    ],
)
def test_a_bad_url_is_told_and_its_password_never(url, said, older):
    password = "correct-horse"
    with pytest.raises((ConfigError, StoreError)) as caught:
        Database(url.format(password), what="the sample", migrations=older).upgrade()
    assert said in str(caught.value)
    assert password not in "".join(traceback.format_exception(caught.value))


def test_the_url_is_shown_without_its_password(build, older):
    database = build("postgresql://me:sesame@host/name?sslmode=require", older)
    assert database.shown == "postgresql+psycopg://me:***@host/name"
    assert "sesame" not in repr(database.engine)


def test_what_was_written_is_not_repeated_in_an_error(database: Database):
    with pytest.raises(StoreError) as caught:
        database.write(lambda c: c.execute(sa.text("INSERT INTO no VALUES (:a)"), {"a": "sesame"}))
    assert "sesame" not in "".join(traceback.format_exception(caught.value)).split("StoreError")[-1]


def test_a_file_that_is_no_database_is_told(build, tmp_path, older):
    (tmp_path / "notes.txt").write_text("not a database at all " * 100)
    database = build(f"sqlite:///{tmp_path / 'notes.txt'}", older)
    with pytest.raises(StoreError, match="file is not a database; move that file away, or point"):
        database.upgrade()
