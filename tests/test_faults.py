"""Bad input and faults: each has its own clear error, touches nobody else, and loses nothing."""

import resource
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.api import HttpClient
from tests.feeds import HOUR
from tests.places import hourly
from tests.servers.http import Answer, html_answer, json_answer

PROGRAM = Path(__file__).parent.parent / "run_collector.py"
GOOD = "period,count,cost\n2024-01-01,7,1.5\n2024-02-01,8,2.5\n"
SHEET = """
{key}:
  source: spreadsheet
  schedule: monthly
  zone: UTC
  query: {{file: {key}.csv, date: period, measures: [count]}}
"""


@pytest.fixture
def place(place, feed):
    """Two sheets, one of them in trouble, and a feed; all of them are collected once."""
    for key in ("cars", "ships"):
        (place.config / f"{key}.csv").write_text(GOOD)
    sheets = SHEET.format(key="cars") + SHEET.format(key="ships")
    place.service("toll", sheets + hourly(feed))
    assert place.run("run", "--all").code == 0
    place.clock.advance(HOUR)
    return place


@pytest.fixture
def cars(place):
    """The file that gets into trouble."""
    return place.config / "cars.csv"


def failure(place, name="toll/cars"):
    """Run all; give what is said of the one that fails, and see that the others do not."""
    done = place.run("run", "--all", "--json")
    assert done.code == 1
    assert "Traceback" not in done.err
    wrong = {
        one["collector"]: one["reason"] for one in done.json["runs"] if one["state"] == "failed"
    }
    assert list(wrong) == [name]
    assert f"{name}: " in place.run("run", "--all").err
    return wrong[name]


def untouched(place):
    """See that nothing that was collected is gone."""
    assert [one["count"] for one in place.read("toll/cars")] == [7, 8]
    assert [one["count"] for one in place.read("toll/ships")] == [7, 8]
    assert len(place.read("toll/hourly")) == 4
    return True


class TestInput:
    def test_a_file_that_has_vanished(self, place, cars):
        cars.unlink()

        assert failure(place) == (
            f"{cars}: cannot be read (No such file or directory); put it there, readable by this "
            "user"
        )
        assert untouched(place)

    def test_a_file_that_cannot_be_read(self, place, cars):
        cars.unlink()
        cars.symlink_to(cars)

        assert failure(place).startswith(f"{cars}: cannot be read (Too many levels of symbolic")
        assert untouched(place)

    def test_a_file_that_may_not_be_read(self, place, cars, nobody_special):
        cars.chmod(0)

        assert failure(place).startswith(f"{cars}: cannot be read (Permission denied)")
        assert untouched(place)

    def test_a_file_that_is_half_written(self, place, cars):
        cars.write_text(GOOD[:-8])

        assert "it looks half-written" in failure(place)
        assert untouched(place)

    def test_an_empty_sheet(self, place, cars):
        cars.write_text("")
        assert failure(place) == f"{cars}: is empty; write the file again, whole"

        cars.write_text(GOOD.splitlines()[0] + "\n")
        assert failure(place) == f"{cars}: has a header and no rows"
        assert untouched(place)

    def test_a_column_that_has_changed(self, place, cars):
        cars.write_text(GOOD.replace("count", "number counted"))

        said = failure(place)
        assert said.startswith(f"{cars}: there is no column 'count'; ")
        assert "'number counted'" in said
        assert untouched(place)

    def test_a_cell_that_cannot_be_read_leaves_the_others(self, place, cars):
        cars.write_text(GOOD.replace(",8,", ",lots,"))

        done = place.run("run", "--all", "--json")

        (run,) = [one for one in done.json["runs"] if one["collector"] == "toll/cars"]
        assert (done.code, run["state"]) == (0, "done with warnings")
        assert str(cars) in run["warnings"][0]
        assert "'lots'" in run["warnings"][0]

    def test_when_it_is_mended_all_is_collected(self, place, cars):
        cars.unlink()
        failure(place)
        cars.write_text(GOOD.replace("8", "9"))

        assert place.run("run", "--all").code == 0
        assert [one["count"] for one in place.read("toll/cars")] == [7, 9]

    def test_a_missing_credential(self, place, feed):
        place.service(
            "ferry", hourly(feed, "secret").replace("source: feed", "source: secret-feed")
        )

        said = failure(place, "ferry/secret")

        assert said == f"{place.credentials}/secret-feed.yaml is missing: write it"
        assert untouched(place)

    def test_a_credential_that_is_wrong(self, place, feed):
        place.service(
            "ferry", hourly(feed, "secret").replace("source: feed", "source: secret-feed")
        )
        place.secret("secret-feed.yaml", "tokn: planted-token\n")

        said = failure(place, "ferry/secret")

        assert "secret-feed.yaml:1:1: unknown key 'tokn' in the credential" in said
        assert "planted" not in said


class TestSources:
    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            (html_answer(), "answered text/html; charset=utf-8, not JSON"),
            (Answer(401, b"no"), "answered 401: no"),
            (Answer(404), "answered 404: with no explanation"),
            (Answer(503), "answered 503"),
            (Answer(302, headers={"Location": "/login"}), "it has moved to"),
            (json_answer([]), "the source feed broke: AttributeError: 'list' object"),
            (Answer(200, b'{"rows": []', cut=5), "the connection broke before the whole answer"),
            (Answer(stall=True), "no answer in time"),
        ],
    )
    def test_a_source_that_does_not_answer_as_it_should(self, place, feed, fault, said):
        place.http = lambda clock: HttpClient(
            clock, sleep=lambda _: None, read=0.1, attempts=2, proxies={}
        )
        feed.fault = fault

        assert said in failure(place, "toll/hourly")
        assert len(place.read("toll/hourly")) == 2

        feed.fault = None
        assert place.run("run", "--all").code == 0
        assert untouched(place)

    def test_a_source_that_is_down(self, place, feed):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/"
            place.service("ferry", hourly(feed, "boats", f"query: {{url: '{url}'}}"))

            assert failure(place, "ferry/boats").endswith("no connection: connection refused")
        assert untouched(place)


class TestStore:
    def broken(self, place, said, code=1):
        """Run all and look at the status: both say so, and neither shows where it broke inside."""
        for command in (["run", "--all"], ["status"], ["outbox", "list"]):
            done = place.run(*command)
            assert (done.code, done.out) == (code, "")
            assert "Traceback" not in done.err
            assert said in done.err
        return True

    def test_a_store_that_is_no_database(self, place):
        kept = place.state.read_bytes()
        place.state.write_bytes(b"this is no database, but long enough to look like one" * 100)
        Path(f"{place.state}-wal").unlink(missing_ok=True)
        Path(f"{place.state}-shm").unlink(missing_ok=True)

        said = "file is not a database; move that file away, or point to another"
        assert self.broken(place, f"the store sqlite:///{place.state}: {said}")

        place.state.write_bytes(kept)
        assert place.run("run", "--all").code == 0
        assert untouched(place)

    def test_data_sets_that_are_no_database(self, place):
        kept = place.held.read_bytes()
        place.held.write_bytes(b"this is no database, but long enough to look like one" * 100)

        done = place.run("run", "--all")
        assert done.code == 1
        assert f"error: the data sets sqlite:///{place.held}: file is not a database" in done.err

        place.held.write_bytes(kept)
        assert place.run("run", "--all").code == 0
        assert untouched(place)

    def test_a_store_that_somebody_else_holds(self, place):
        holder = sqlite3.connect(place.state, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")

        done = place.run("run", "--all")

        assert done.code == 1
        assert "Traceback" not in done.err
        assert (
            f"the store sqlite:///{place.state}: database is locked; another process holds it for "
            "over 0.2 s: find it with fuser, or wait"
        ) in done.err
        holder.execute("ROLLBACK")
        holder.close()
        assert place.run("run", "--all").code == 0
        assert untouched(place)

    def test_data_sets_that_somebody_else_holds_wait_in_the_outbox(self, place):
        holder = sqlite3.connect(place.held, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")

        done = place.run("run", "toll/hourly")

        assert done.code == 1
        assert "toll/hourly at embedded: not delivered: the data sets" in done.err
        assert "database is locked" in done.err
        holder.execute("ROLLBACK")
        holder.close()
        place.clock.advance(HOUR / 60)
        assert place.run("outbox", "flush").code == 0
        assert untouched(place)

    def test_a_store_where_a_directory_cannot_be_made(self, place):
        (place.directory / "file").write_text("")
        state = f"sqlite:///{place.directory}/file/state.db"

        done = place.run("--state", state, "run", "--all")

        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"error: the store: {place.directory}/file cannot be made: ")

    def test_a_store_that_is_a_directory(self, place):
        done = place.run("--state", f"sqlite:///{place.directory}", "run", "--all")

        assert (done.code, done.out) == (1, "")
        assert "unable to open database file; see that it is a file in a directory" in done.err

    def test_a_directory_that_may_not_be_written(self, place, nobody_special):
        locked = place.directory / "locked"
        locked.mkdir(mode=0o500)

        done = place.run("--state", f"sqlite:///{locked}/state.db", "run", "--all")

        assert (done.code, done.out) == (1, "")
        assert "unable to open database file; see that it is a file in a directory" in done.err

    def test_a_store_of_a_newer_version(self, place):
        newer = sqlite3.connect(place.state)
        newer.execute("UPDATE store_version SET version_num = '9999'")
        newer.commit()
        newer.close()

        assert self.broken(
            place,
            "was made by a newer version (revision 9999); run that version, or point to another "
            "database",
        )

    def test_a_server_that_is_not_there(self, place):
        url = "postgresql://collector:planted-password@127.0.0.1:1/state"

        done = place.run("--state", url, "run", "--all")

        assert (done.code, done.out) == (1, "")
        assert "Connection refused" in done.err
        assert "see that the server runs and listens there" in done.err
        assert "planted-password" not in done.err


def full_disk(limit):
    """Let no file of the process grow beyond so many bytes: what a full disk does to SQLite."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def test_a_full_disk_is_told_and_what_was_collected_is_there_when_there_is_room_again(tmp_path):
    rows = "".join(f"{2000 + n // 12}-{n % 12 + 1:02}-01,{n},x\n" for n in range(240))
    services = tmp_path / "config" / "services"
    services.mkdir(parents=True)
    sheets = []
    for key in ("cars", "ships"):
        (tmp_path / "config" / f"{key}.csv").write_text("period,count,cost\n" + rows)
        indented = SHEET.format(key=key).strip().replace("\n", "\n  ")
        sheets.append(f"  {indented}\n")
    (services / "toll.yaml").write_text("service: toll\ncollectors:\n" + "".join(sheets))

    def run(**options):
        return subprocess.run(
            [sys.executable, PROGRAM, "run", "--all"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    full = run(preexec_fn=full_disk(150_000))
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert "nothing was recorded" in full.stderr
    assert "sqlite:///var/" in full.stderr

    assert run().returncode == 0
    held = sqlite3.connect(tmp_path / "var" / "data-sets.db")
    assert held.execute("SELECT count(*) FROM records").fetchone() == (480,)
    held.close()


class TestSinks:
    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            (html_answer(), "answered text/html; charset=utf-8, not JSON"),
            (Answer(401, b"echo: token-of-hourly"), "its token was not accepted; mend it in"),
            (Answer(503), "answered 503"),
            (Answer(200, b'{"status": "ok"}', cut=3), "the connection broke before"),
        ],
    )
    def test_a_sink_in_trouble_is_told_with_its_lane_and_nothing_is_lost(
        self, toll, sink, fault, said
    ):
        sink.faults["toll/hourly"] = [fault]

        done = toll.run("run", "--all")

        assert done.code == 1
        (line,) = [line for line in done.err.splitlines() if ": not delivered: " in line]
        assert line.startswith("toll/hourly at platform: not delivered: ")
        assert said in line
        assert f"{sink.url}/data/toll/hourly" in line
        assert "Traceback" not in done.err
        toll.clock.advance(HOUR / 2)
        assert toll.run("outbox", "retry").code == 0
        assert len(sink.held["toll/hourly"]) == 2
