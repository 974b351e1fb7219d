"""The whole way: a window whose query fails half-way is not collected, and is when it is right."""

import sqlite3

import pytest

SERVICE = """
  sums:
    source: sql
    schedule: daily
    since: 2026-11-18
    zone: Europe/London
    query:
      query: |
        SELECT day, {measure} AS n FROM figure
        WHERE day >= :start AND day < :end ORDER BY day, rowid
      bounds: date
      time: day
      measures: {{n: tolls}}
"""


@pytest.fixture
def figures(place):
    path = place.directory / "figures.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE figure (day text, n text)")
        rows = [("2026-11-18", "1"), ("2026-11-19", "{")]
        connection.executemany("INSERT INTO figure VALUES (?, ?)", rows)
    connection.close()
    place.secret("sql.yaml", f"url: sqlite:///{path}\n")
    return place


def test_a_window_whose_query_fails_half_way_stays_due(figures):
    figures.service("toll", SERVICE.format(measure="json(n)"))
    done = figures.run("run", "--all", "--json")
    assert done.code == 1
    assert "malformed JSON" in done.out
    figures.service("toll", SERVICE.format(measure="length(n)"))
    assert figures.run("run", "--all").code == 0
    kept = figures.run("read", "toll/sums", "--json").json
    assert [one["tolls"] for one in kept] == [1, 1]
