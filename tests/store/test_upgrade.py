"""Upgrading a store: with what it holds, also after a kill, and never backwards."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection

from collectors.database import Database, ignore
from collectors.errors import StoreError
from collectors.packing import pack
from collectors.store import Store, tables
from collectors.store.store import MIGRATIONS
from tests.store.worlds import (
    COLLECTOR,
    DATA_SET,
    collect,
    deliver_all,
    open_store,
    run_child,
)

VERSION = "store_version"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The bare database of a store."""
    opened = Database(database_url, what="the store", migrations=MIGRATIONS)
    yield opened
    opened.close()


def upgrade_to(database: Database, revision: str) -> None:
    """Bring the tables to a revision of the past."""

    def work(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes |= {"connection": connection, "version_table": VERSION, "step": ignore}
        command.upgrade(config, revision)

    database.write(work)


def fill(database: Database) -> None:
    """Put into a store that is not upgraded what the program of its time had: a window."""
    body, size = pack([{"_id": "id-0"}, {"_id": "id-10"}])
    run = {"kind": "live", "priority": 1, "state": "done", "reason": "done", "warnings": "[]"}
    counts = dict.fromkeys(("attempts", "planned_at", "readings", "observations", "rejected"), 0)
    window = {"collector": COLLECTOR, "start": 0, "end": 20}
    lane = {"target": "embedded", "data_set": str(DATA_SET), "failures": 0, "accepted": 0}
    entry = {"priority": 1, "retraction": False, "count": 2, "size": size, "payload": body}
    of_run = {"settled": True, "collected_at": 0, "fingerprint": "f"}
    rows: dict[str, dict[str, Any]] = {
        "runs": window | run | counts | {"id": 1},
        "coverage": window | of_run,
        "lanes": lane | {"id": 1},
        "outbox": window | entry | {"lane_id": 1, "run_id": 1, "failures": 0, "created_at": 0},
    }

    def work(connection: Connection) -> None:
        for name, row in rows.items():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
            connection.execute(table.insert(), row)

    database.write(work)


def revision_of(database: Database) -> str:
    query = sa.text(f"SELECT version_num FROM {VERSION}")
    return database.read(lambda connection: connection.execute(query).scalar_one())


def tables_of(database: Database) -> set[str]:
    return set(database.read(lambda connection: sa.inspect(connection).get_table_names()))


def differences(database: Database) -> list[object]:
    def work(connection: Connection) -> list[object]:
        options = {"version_table": VERSION, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, tables.metadata))

    return database.read(work)


def test_the_migrations_make_the_tables_that_the_program_uses(database: Database, store: Store):
    assert differences(database) == []


def test_an_older_store_is_upgraded_with_all_that_it_holds(database_url: str, database: Database):
    upgrade_to(database, "0001")
    fill(database)
    assert "kept_readings" not in tables_of(database)
    store = open_store(database_url)
    assert "kept_readings" in tables_of(database)
    assert [(one.start, one.end) for one in store.view.collected(COLLECTOR)] == [(0, 20)]
    assert deliver_all(store) == [(False, ["id-0", "id-10"])]
    store.close()


def test_opening_a_store_again_changes_nothing(database_url: str, store: Store):
    collect(store, (0, 20))
    again = open_store(database_url)
    assert again.view.collected(COLLECTOR) == store.view.collected(COLLECTOR)
    again.close()


@pytest.mark.parametrize("step", ["migration.0001", "migration.0002", "migration.0003"])
def test_a_new_store_survives_a_kill_in_the_middle_of_its_migration(
    database_url: str, database: Database, step: str
):
    child = run_child(database_url, step)
    assert child.returncode == -signal.SIGKILL, child.stderr
    open_store(database_url).close()
    assert differences(database) == []


@pytest.mark.parametrize("older", ["0001", "0002"])
def test_an_older_store_survives_a_kill_in_the_middle_of_its_migration(
    database_url: str, database: Database, older: str
):
    upgrade_to(database, older)
    fill(database)
    child = run_child(database_url, "migration.0003")
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert revision_of(database) == older
    store = open_store(database_url)
    assert [(one.start, one.end) for one in store.view.collected(COLLECTOR)] == [(0, 20)]
    assert differences(database) == []
    store.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(
    database_url: str, database: Database, store: Store
):
    newer = sa.text(f"UPDATE {VERSION} SET version_num = '9999'")
    database.write(lambda connection: connection.execute(newer))
    with pytest.raises(StoreError, match=r"made by a newer version \(revision 9999\)"):
        open_store(database_url)
    assert revision_of(database) == "9999"
