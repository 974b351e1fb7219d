import sqlite3
import tracemalloc
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from collectors.api import Period, Refused, Secret, Unavailable, Window
from collectors.sources.sql import Sql, SqlCredential
from collectors.testing import make_context

LONDON = ZoneInfo("Europe/London")
TWO_DAYS = Window(
    datetime(2026, 6, 1, 23, tzinfo=UTC),
    datetime(2026, 6, 3, 23, tzinfo=UTC),
)
"""2 and 3 June in London."""
DAY = timedelta(days=1)
PASSWORD = "planted-pass/word"
ROWS = [
    ("2026-06-01 23:59:59", "web", 1),
    ("2026-06-02 00:00:00", "web", 2),
    ("2026-06-02 12:00:00", "post", 3),
    ("2026-06-03 23:59:59", "web", None),
    ("2026-06-04 00:00:00", "web", 5),
]
"""When something happened, in London's time."""
SUM = {
    "sqlite": """
        SELECT date(happened) AS day, channel, sum(n) AS total, count(*) AS times
        FROM event WHERE happened >= :start AND happened < :end
        GROUP BY day, channel ORDER BY day, channel
    """,
    "postgresql": """
        SELECT date_trunc('day', happened) AS day, channel, sum(n) AS total, count(*) AS times
        FROM event WHERE happened >= :start AND happened < :end
        GROUP BY day, channel ORDER BY day, channel
    """,
}
ONE = "SELECT :start AS day, 1 AS n"
STREAMS = {
    "sqlite": """
        WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 59999)
        SELECT :start AS day, x AS n, 'c' AS channel FROM c
    """,
    "postgresql": "SELECT :start AS day, x AS n, 'c' AS channel FROM generate_series(0, 59999) x",
}


@pytest.fixture
def url(database_url):
    """A database with events."""
    engine = sa.create_engine(database_url)
    kind = "timestamptz" if engine.dialect.name == "postgresql" else "text"
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL TIME ZONE 'Europe/London'"))
        connection.execute(sa.text(f"CREATE TABLE event (happened {kind}, channel text, n int)"))
        for happened, channel, n in ROWS:
            values = {"happened": happened, "channel": channel, "n": n}
            insert = f"INSERT INTO event VALUES (CAST(:happened AS {kind}), :channel, :n)"
            connection.execute(sa.text(insert), values)
    engine.dispose()
    return database_url


def context_of(url, **overrides):
    parts = {"credential": SqlCredential(url=Secret(url)), "period": Period.DAY, "zone": LONDON}
    return make_context(**(parts | overrides))


def kind_of(url):
    return sa.make_url(url).get_backend_name()


def source(**query):
    return Sql.model_validate({"time": "day", "measures": ["n"]} | query)


def collected(url, *, of=TWO_DAYS, context=None, **query):
    return list(source(**query).collect(of, context or context_of(url)))


# What comes


def test_the_days_of_the_collectors_zone_are_added_up(url):
    readings = collected(
        url, query=SUM[kind_of(url)], measures=["total", "times"], dimensions=["channel"]
    )
    assert [(one.at, dict(one.dimensions), dict(one.measures)) for one in readings] == [
        (TWO_DAYS.start, {"channel": "post"}, {"total": 3, "times": 1}),
        (TWO_DAYS.start, {"channel": "web"}, {"total": 2, "times": 1}),
        (TWO_DAYS.start + DAY, {"channel": "web"}, {"total": None, "times": 1}),
    ]


def test_columns_may_have_other_names_here(url):
    (reading,) = collected(
        url, query=f"{ONE}, 'x' AS c", measures={"n": "visits"}, dimensions={"c": "page"}
    )
    assert reading == (TWO_DAYS.start, {"visits": 1}, {"page": "x"}, None)


def test_without_a_time_each_day_is_asked_for_by_itself(url):
    query = "SELECT count(*) AS n FROM event WHERE happened >= :start AND happened < :end"
    readings = collected(url, query=query, time=None)
    assert [(one.at, one.measures["n"]) for one in readings] == [
        (TWO_DAYS.start, 2),
        (TWO_DAYS.start + DAY, 1),
    ]


def test_an_instant_asks_for_no_time(url):
    tick = Window(TWO_DAYS.start, TWO_DAYS.start + timedelta(minutes=5))
    context = context_of(url, period=Period.INSTANT)
    query = "SELECT count(*) AS n FROM event"
    (reading,) = collected(url, of=tick, context=context, query=query, time=None)
    assert reading == (tick.start, {"n": 5}, {}, None)


def test_a_query_may_be_in_a_file(url, tmp_path):
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "one.sql").write_text(f"-- one a window\n{ONE}\n")
    context = context_of(url, directory=tmp_path)
    assert len(collected(url, context=context, file="queries/one.sql")) == 1
    with pytest.raises(Unavailable, match=r"two\.sql cannot be read: No such file"):
        collected(url, context=context, file="queries/two.sql")
    (tmp_path / "three.sql").write_text("SELECT 1 AS day, 2 AS n")
    with pytest.raises(Refused, match=r"three\.sql: it has no :start or :end"):
        collected(url, context=context, file="three.sql")


@pytest.mark.parametrize(
    ("written", "figure"),
    [
        ("5", 5),
        ("2.5", 2.5),
        ("CAST(7 AS numeric)", 7),
        ("CAST(0.25 AS numeric)", 0.25),
        ("'12'", 12),
        ("' 1.5 '", 1.5),
        ("'n/a'", None),
        ("NULL", None),
        ("0", 0),
        ("1 = 1", 1),
        ("1 = 2", 0),
    ],
)
def test_figures_are_numbers_however_the_database_holds_them(url, written, figure):
    (reading,) = collected(url, query=f"SELECT :start AS day, {written} AS n", unknown=["n/a"])
    assert reading.measures["n"] == figure
    assert type(reading.measures["n"]) is type(figure)


@pytest.mark.parametrize(
    ("bounds", "start", "end"),
    [
        ("epoch", 1780354800, 1780527600),
        ({"format": "epoch_ms", "end": "inclusive"}, 1780354800000, 1780527599999),
        ("%Y%m%d", 20260602, 20260604),
        ({"format": "%d%H", "zone": "UTC"}, 123, 323),
    ],
)
def test_the_ends_are_given_as_said(url, bounds, start, end):
    query = "SELECT CAST(:start AS bigint) AS a, CAST(:end AS bigint) AS b, :start AS day"
    context = context_of(url, period=Period.INSTANT)
    (reading,) = collected(
        url, query=query, bounds=bounds, measures=["a", "b"], time=None, context=context
    )
    assert dict(reading.measures) == {"a": start, "b": end}


def test_dates_are_compared_with_dates(url):
    kind = "date" if kind_of(url) == "postgresql" else "text"
    query = f"""
        SELECT day, 1 AS n FROM (
            SELECT CAST('2026-06-01' AS {kind}) AS day UNION SELECT CAST('2026-06-02' AS {kind})
            UNION SELECT CAST('2026-06-03' AS {kind}) UNION SELECT CAST('2026-06-04' AS {kind})
        ) AS days WHERE day >= :start AND day < :end ORDER BY day
    """
    readings = collected(url, query=query, bounds="date")
    assert [one.at for one in readings] == [TWO_DAYS.start, TWO_DAYS.start + DAY]


def test_many_rows_take_no_memory(url):
    readings = source(query=STREAMS[kind_of(url)], dimensions=["channel"]).collect(
        TWO_DAYS, context_of(url)
    )
    for _ in range(5000):
        next(readings)
    tracemalloc.start()
    try:
        assert sum(1 for _ in readings) == 55_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


def test_the_connections_of_a_credential_are_shared(url):
    context = context_of(url)
    collected(url, context=context, query=ONE)
    collected(url, context=context, query=ONE)
    assert len(context.shared.held) == 1


# What goes wrong


def error_of(url, kind, *, context=None, **query):
    with pytest.raises(kind) as caught:
        collected(url, context=context, **query)
    return str(caught.value)


def test_rows_out_of_order_are_told_with_what_to_do(url):
    days = ("2026-06-03 00:00:00", "2026-06-02 00:00:00")
    query = " UNION ALL ".join(f"SELECT '{day}' AS day, 1 AS n, :start AS s" for day in days)
    assert error_of(url, Refused, query=query) == (
        "row 2 is of 2026-06-01T23:00Z, after one of 2026-06-02T23:00Z: end the query with "
        "ORDER BY its time"
    )


def test_rows_that_were_not_asked_for_are_told(url):
    query = "SELECT '2026-06-04' AS day, 1 AS n, :start AS s"
    told = error_of(url, Refused, query=query)
    assert told.startswith("row 1 is of 2026-06-03T23:00Z, and 2026-06-01T23:00Z - ")
    assert "WHERE" in told


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT :start AS day, 'many' AS n, 'c' AS c", "row 1: n, 'many', is no number"),
        ("SELECT NULL AS day, 1 AS n, 'c' AS c, :start AS s", "row 1: its time, NULL, is no time"),
        (
            "SELECT 'soon' AS day, 1 AS n, 'c' AS c, :start AS s",
            "row 1: its time, 'soon', is not a time written as iso",
        ),
        (
            "SELECT :start AS day, 1 AS n, NULL AS c",
            "row 1: c is NULL; say what that means: coalesce(c, 'none')",
        ),
        (
            "SELECT :start AS day, 1 AS nn, 'c' AS c",
            "the query gives no column 'n'; did you mean 'nn'?",
        ),
        (
            "SELECT :start AS at, 1 AS n, 'c' AS c",
            "the query gives no column 'day'; it has at, n, c",
        ),
    ],
)
def test_rows_that_cannot_be_read_are_told(url, query, told):
    assert error_of(url, Refused, query=query, dimensions=["c"]) == told


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("SELECT :start AS day,\n  1 AS n FROMM event", "(line 2, column 10 of the query)"),
        ("SELEC :start AS day, 1 AS n", "(line 1, column 1 of the query)"),
        ("SELECT :start AS day,\n  nn AS n FROM event", "(line 2, column 3 of the query)"),
        ("SELECT :start AS day,\n  1 AS n\nFROM evnt", "(line 3, column 6 of the query)"),
    ],
)
def test_a_mistake_in_the_query_is_told_with_its_place(url, query, where):
    told = error_of(url, Refused, query=query)
    assert told.startswith("the database of the credential test: ")
    assert told.endswith(where)


def test_a_query_may_only_read(url):
    query = "DELETE FROM event WHERE happened >= :start RETURNING happened AS day, n"
    error_of(url, Refused, query=query)
    assert collected(
        url,
        query="SELECT count(*) AS n, :start AS day FROM event",
    )[0].measures == {"n": 5}


@pytest.mark.postgresql
def test_a_function_that_writes_is_refused_by_postgresql(postgres_url):
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SEQUENCE counter"))
    engine.dispose()
    told = error_of(postgres_url, Refused, query="SELECT :start AS day, nextval('counter') AS n")
    assert told.endswith("in a read-only transaction; a query may only read")


def test_a_query_that_takes_too_long_is_stopped(url):
    endless = {
        "sqlite": """
            WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
            SELECT :start AS day, count(*) AS n FROM c
        """,
        "postgresql": "SELECT :start AS day, 1 AS n FROM pg_sleep(30)",
    }
    told = error_of(url, Unavailable, query=endless[kind_of(url)], timeout=0.1)
    assert "the query took longer than 0.1 s" in told


def test_an_error_half_way_leaves_the_window_undone(url):
    failing = {
        "sqlite": """
            WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c WHERE x < 4000)
            SELECT :start AS day, CASE WHEN x = 3000 THEN json('{') ELSE x END AS n FROM c
        """,
        "postgresql": """
            SELECT :start AS day, 1 / (3000 - x) AS n FROM generate_series(0, 4000) AS x
        """,
    }
    readings = source(query=failing[kind_of(url)]).collect(TWO_DAYS, context_of(url))
    found = []
    with pytest.raises(Refused, match=r"division by zero|malformed JSON"):
        found.extend(readings)
    assert found


@pytest.mark.parametrize(
    ("address", "kind", "told"),
    [
        ("postgresql://me:{}@127.0.0.1:1/figures", Unavailable, "Connection refused"),
        ("postgresql://me:{}@h.invalid/figures", Unavailable, "failed to resolve host"),
        ("postgresql://me:x@{}@host/figures", Refused, "write '@' in the password as '%40'"),
        ("nonsense {}", Refused, "this is no database URL"),
        ("nodb://me:{}@host/figures", Refused, "'nodb' is no database we know"),
        ("oracle+cx_oracle://me:{}@host/figures", Refused, "its driver cx_Oracle is not installed"),
        ("sqlite:///{}/nowhere.db", Unavailable, "unable to open database file"),
        ("sqlite://", Refused, "a SQLite URL names a file"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_the_password(address, kind, told):
    address = address.format(PASSWORD.replace("/", "%2F") if "@" in address else PASSWORD)
    message = error_of(address, kind, query=ONE)
    assert told in message
    if "sqlite" not in address:
        assert "planted" not in message


@pytest.mark.postgresql
def test_a_login_that_is_refused_is_told_without_the_password(postgres_url):
    address = sa.make_url(postgres_url).set(username="nobody_of_this_name", password=PASSWORD)
    context = context_of(address.render_as_string(hide_password=False))
    message = error_of("", Refused, query=ONE, context=context)
    assert "does not let us in" in message
    assert PASSWORD not in message
    assert context.hide.texts == {PASSWORD}


@pytest.mark.postgresql
def test_a_database_that_there_is_not_is_told(postgres_url):
    address = sa.make_url(postgres_url).set(database="nothing_of_this_name")
    told = error_of(address.render_as_string(hide_password=False), Refused, query=ONE)
    assert told.endswith("does not exist; correct the `url` of the credential")


def test_a_mistyped_file_is_not_made(tmp_path):
    error_of(f"sqlite:///{tmp_path / 'figures.db'}", Unavailable, query=ONE)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "figures.db").write_text("day,n\n" * 200)
    told = error_of(f"sqlite:///{tmp_path / 'figures.db'}", Refused, query=ONE + " FROM event")
    assert "file is not a database" in told


def test_a_database_that_is_locked_is_unavailable(tmp_path):
    path = tmp_path / "figures.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE event (n int)")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        told = error_of(f"sqlite:///{path}?timeout=0.01", Unavailable, query=f"{ONE} FROM event")
    finally:
        holder.close()
    assert told.endswith("cannot be reached: database is locked")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "say either `query` or `file`"),
        ({"query": ONE, "file": "a.sql"}, "say either `query` or `file`"),
        ({"query": "SELECT 1 AS day, 2 AS n"}, "it has no :start or :end"),
        ({"query": "SELECT :begin AS day, 2 AS n"}, "'begin' stands after a colon"),
        ({"query": ONE, "measures": []}, "at least 1 item"),
        ({"query": ONE, "dimensions": ["n"]}, "more than one column becomes n"),
        ({"query": ONE, "bounds": "rfc"}, "'rfc' is no format of a time"),
        ({"query": ONE, "timeout": "0"}, "greater than 0"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(query, message):
    with pytest.raises(ValidationError) as caught:
        source(**query)
    assert message in str(caught.value)


def test_a_colon_of_another_meaning_is_no_mistake(url):
    query = r"SELECT :start AS day, 1 AS n, '12:30' AS a, '\:b' AS b"
    (reading,) = collected(url, query=query, dimensions=["a", "b"])
    assert dict(reading.dimensions) == {"a": "12:30", "b": ":b"}


def test_rows_that_could_be_of_any_day_are_not_asked_for(url):
    assert "its rows could be of any period" in error_of(
        url, Refused, query="SELECT count(*) AS n FROM event", time=None
    )


# Looking before collecting


def test_an_examination_connects_and_lets_the_query_be_read(url):
    asked = source(
        query=SUM[kind_of(url)] + ";", measures=["total", "times"], dimensions=["channel"]
    )
    assert list(asked.examine(context_of(url))) == [
        "the database of the credential test can be reached",
        "the query is understood",
        "it has the columns that are asked for",
    ]


@pytest.mark.parametrize(
    ("query", "right", "told"),
    [
        ("SELEC :start AS day", 1, "(line 1, column 1 of the query)"),
        ("SELECT :start AS day, 1 AS nn", 2, "the query gives no column 'n'; did you mean 'nn'?"),
    ],
)
def test_an_examination_ends_at_what_is_wrong(url, query, right, told):
    steps = source(query=query).examine(context_of(url))
    for _ in range(right):
        next(steps)
    with pytest.raises(Refused) as caught:
        next(steps)
    assert str(caught.value).endswith(told)
