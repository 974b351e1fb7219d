"""What somebody who knows the tables would write instead: the same rows, with ``sqlite3`` alone."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

CREATE = """
CREATE TABLE records (
    data_set_id INTEGER, id TEXT, timestamp INTEGER, body TEXT, hour INTEGER, day INTEGER,
    week INTEGER, month INTEGER, quarter INTEGER, year INTEGER, updated_at INTEGER,
    PRIMARY KEY (data_set_id, id));
CREATE INDEX records_by_time ON records (data_set_id, timestamp);
"""
UPSERT = """
INSERT INTO records VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (data_set_id, id) DO UPDATE SET
    timestamp = excluded.timestamp, body = excluded.body, hour = excluded.hour, day = excluded.day,
    week = excluded.week, month = excluded.month, quarter = excluded.quarter, year = excluded.year,
    updated_at = excluded.updated_at
"""
WEEKLY = """
SELECT json_extract(body, '$.deviceCategory'), week, count(*), sum(json_extract(body, '$.sessions'))
FROM records WHERE data_set_id = 1 AND timestamp >= ? AND timestamp < ? GROUP BY 1, 2
"""


def upsert(path: Path, bodies: list[bytes]) -> None:
    """Keep the records of each body in one transaction, with the starts of their periods."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(CREATE)
        for body in bodies:
            with connection:
                connection.executemany(UPSERT, map(_row, json.loads(body)))


def grouped(path: Path) -> int:
    """Sum every week of each device; give how many rows that makes."""
    first, last = (
        int(datetime(*day, tzinfo=UTC).timestamp()) for day in ((2024, 1, 1), (2026, 1, 5))
    )
    with closing(sqlite3.connect(path)) as connection:
        return len(connection.execute(WEEKLY, (first, last)).fetchall())


def _row(record: dict[str, object]) -> tuple[object, ...]:
    moment = datetime.fromisoformat(str(record["_timestamp"]))
    hour = moment.replace(minute=0, second=0)
    day = hour.replace(hour=0)
    week = day - timedelta(days=day.weekday())
    month = day.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    year = month.replace(month=1)
    starts = [int(one.timestamp()) for one in (hour, day, week, month, quarter, year)]
    text = json.dumps(record, separators=(",", ":"))
    return (record["_id"], int(moment.timestamp()), text, *starts, int(moment.timestamp()))
