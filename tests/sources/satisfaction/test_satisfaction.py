"""The source satisfaction: files, patterns, URLs; and that no comment is ever seen again."""

import json
import logging
import sqlite3
import textwrap
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

import collectors.sources.satisfaction as manual
from collectors.api import ALWAYS, CollectorError, Period, Refused, Secret, Unavailable
from collectors.clock import FixedClock
from collectors.config.load import load
from collectors.sources import registry
from collectors.sources.satisfaction import Satisfaction, SatisfactionCredential
from tests.contexts import make_context
from tests.servers.http import Answer, HttpServer, html_answer, json_answer, scripted
from tests.sources.satisfaction.exports import COMMENT, WORDS, export, rated, single

OURS = {
    "date": "2026-11-18",
    "slug": "vote",
    "rating_1": 2,
    "rating_2": 1,
    "rating_3": 0,
    "rating_4": 10,
    "rating_5": 37,
    "comments": 8,
}


def collected(directory, file="*.csv", slug="vote", **context):
    context = make_context(**({"directory": directory, "period": Period.DAY} | context))
    return list(Satisfaction(file=file, slug=slug).collect(ALWAYS, context))


def error_of(directory, file="*", **context):
    with pytest.raises(CollectorError) as caught:
        collected(directory, file, **context)
    return caught.value


@pytest.fixture
def folder(tmp_path):
    """Give a function that writes files, by name."""

    def write(**texts):
        for name, text in texts.items():
            said = text if isinstance(text, str) else json.dumps(text)
            (tmp_path / name.replace("__", ".")).write_text(said)
        return tmp_path

    return write


# Places


def test_all_files_of_a_pattern_are_one_document(folder):
    directory = folder(
        a__csv=export(*rated("2026-11-18", 0, 0, 0, 0, 3)),
        b__csv=export(*rated("2026-11-18", 0, 0, 0, 0, 3), *rated("2026-11-17", 1)),
        c__txt="nothing of ours",
    )
    found = collected(directory)
    assert [(one.at.day, one.measures["total"]) for one in found] == [(17, 1), (18, 3)]
    assert found[0].dimensions == {"slug": "vote", "period": "day"}


def test_what_may_be_wrong_is_told_with_the_service(folder):
    directory = folder(
        a__csv=export(
            *rated("2026-11-17", 1),
            single("2026-11-18 09:12:44", 9),
            single("2026-11-19 09:00:00", 1),
        )
    )
    context = make_context(directory=directory, period=Period.DAY)
    assert len(list(Satisfaction(file="*.csv", slug="vote").collect(ALWAYS, context))) == 2
    fresh, broken = context.warn.told
    assert fresh == (
        f"{directory}/*.csv: vote: 2026-11-19 is not aggregated yet: single ratings are counted, "
        "which may be too few"
    )
    assert broken == (
        f"vote: the day of 2026-11-18 is left out: {directory}/a.csv: row 3: the rating is none "
        "of 1 to 5"
    )


def test_own_counts_give_the_same(folder):
    (found,) = collected(folder(a__json=[OURS, OURS | {"slug": "tax"}]), "a.json")
    assert found.measures["weighted_score"] == 0.895
    assert found.measures["comments"] == 8


def test_lists_that_overlap_count_once(folder):
    directory = folder(a__json=[OURS], b__json=[OURS, OURS | {"date": "2026-11-17"}])
    assert [one.at.day for one in collected(directory, "*.json")] == [17, 18]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"rows": []}, "is no list of days"),
        ([OURS, COMMENT], "day 2 of the list: the whole: Input should be"),
        ([OURS | {"rating_3": -1}], "rating_3: Input should be greater than or equal to 0"),
        ([OURS | {"rating_3": 1.5}], "rating_3: Input should be a valid integer"),
        ([OURS | {"rating_3": COMMENT}], "rating_3: Input should be a valid integer"),
        ([OURS | {"date": COMMENT}], "date: String should match pattern"),
        ([OURS | {"date": "2026-02-30"}], "date: there is no such day"),
        ([OURS | {"total": 51}], "total: is not the sum of the ratings"),
        ([{"date": "2026-11-18", "slug": "vote"}], "rating_1: Field required"),
        ([OURS, OURS | {"rating_1": 3}], "day 2 of the list: an earlier one has other counts"),
    ],
)
def test_a_list_of_another_form_is_refused_without_what_it_says(folder, rows, message):
    error = error_of(folder(a__json=rows))
    assert isinstance(error, Refused)
    assert message in str(error)
    assert not any(word in str(error) for word in WORDS)


@pytest.mark.parametrize("text", ['[{"date": "Ada Example', "[" * 100_000, "{Ada Example}"])
def test_half_a_list_is_read_again_later(folder, text):
    error = error_of(folder(a__json=text))
    assert isinstance(error, Unavailable)
    assert str(error).endswith("a.json: is no JSON, or half of it; write it whole")


def test_a_folder_of_both_kinds_is_refused(folder):
    error = error_of(folder(a__json=[OURS], b__csv=export()))
    assert str(error).endswith("some files are CSV and some JSON; name them apart")


def test_a_missing_file_an_empty_folder_and_a_directory_are_told(folder):
    directory = folder()
    assert "cannot be read (No such file" in str(error_of(directory, "a.csv"))
    assert "no file has a name like this; put one there" in str(error_of(directory, "*.csv"))
    (directory / "a.csv").mkdir()
    assert "cannot be read (Is a directory)" in str(error_of(directory, "a.csv"))


def test_a_service_that_nobody_rated_is_refused_with_the_nearest(folder):
    directory = folder(a__csv=export(single("2026-11-18 09:12:44", 5, COMMENT, slug="votes")))
    assert str(error_of(directory)).endswith(
        "nobody rated 'vote' there; of the services in it these are nearest: votes"
    )


def test_the_files_are_read_once_for_all_services(folder):
    directory = folder(a__json=[OURS, OURS | {"slug": "tax"}])
    context = make_context(directory=directory, period=Period.DAY)
    sources = [Satisfaction(file="a.json", slug=slug) for slug in ("vote", "tax")]
    for source in sources:
        source.revision(context)
        list(source.collect(ALWAYS, context))
    assert len(context.shared.held) == 1


# Revisions


def revision(directory, now=datetime(2026, 11, 20, tzinfo=UTC), period=Period.DAY, slug="vote"):
    context = make_context(directory=directory, period=period, clock=FixedClock(now))
    return Satisfaction(file="*.csv", slug=slug).revision(context)


def test_the_revision_changes_with_the_files_only(folder):
    directory = folder(a__csv=export(*rated("2026-11-18", 1)))
    first = revision(directory)
    assert revision(directory, datetime(2026, 12, 20, tzinfo=UTC)) == first
    folder(b__csv=export(*rated("2026-11-18", 1)))
    assert revision(directory) != first
    (directory / "b.csv").unlink()
    assert revision(directory) == first


def test_a_period_that_is_not_over_is_left_out_and_makes_a_new_revision_once_it_is(folder):
    directory = folder(a__csv=export(*rated("2026-11-18", 1), *rated("2026-10-18", 1)))
    during, after = (datetime(2026, month, 1, tzinfo=UTC) for month in (11, 12))
    month = {"directory": directory, "period": Period.MONTH}
    assert [one.at.month for one in collected(**month, clock=FixedClock(during))] == [10]
    assert [one.at.month for one in collected(**month, clock=FixedClock(after))] == [10, 11]
    before = revision(directory, after - timedelta(seconds=1), Period.MONTH)
    assert before == revision(directory, during, Period.MONTH)
    assert before != revision(directory, after, Period.MONTH)


# URLs


def test_a_url_is_fetched_once_a_minute_with_the_token(folder):
    with HttpServer(scripted(json_answer([OURS]))) as server:
        credential = SatisfactionCredential(token=Secret("satisfaction-token"))
        context = make_context(period=Period.DAY, credential=credential)
        source = Satisfaction(file=f"{server.url}/counts?key=1", slug="vote")
        before = source.revision(context)
        assert len(list(source.collect(ALWAYS, context))) == 1
        assert source.revision(context) == before
        context.clock.advance(timedelta(minutes=1))
        assert source.revision(context) == before
    assert len(server.requests) == 2
    assert server.requests[0].headers["authorization"] == "Bearer satisfaction-token"
    assert source.model_dump()["file"] == f"{server.url}/counts?****"


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (Answer(401), Refused, "answered 401: it asks for a login; set `credentials`"),
        (Answer(404, COMMENT.encode()), Refused, "answered 404: there is nothing to read there"),
        (Answer(302, headers={"Location": "/login"}), Refused, "nothing to read there"),
        (html_answer(f"<p>{COMMENT}"), CollectorError, "/counts: "),
        (html_answer(COMMENT, 503), Unavailable, "answered 503"),
        (Answer(200, json.dumps([OURS]).encode(), cut=40), Unavailable, "the connection broke"),
    ],
)
def test_a_url_that_gives_nothing_says_why_and_no_word_of_what_it_says(answer, kind, message):
    with HttpServer(scripted(answer)) as server:
        error = error_of(None, f"{server.url}/counts?key=Ada+Example")
    assert isinstance(error, kind)
    assert message in str(error)
    assert not any(word in f"{error} {vars(error)}" for word in (*WORDS, "key"))


# The query


@pytest.mark.parametrize("query", [{"slug": "/done/vote"}, {"slug": ""}, {"file": ""}, {"url": 1}])
def test_a_wrong_query_is_a_mistake(query):
    with pytest.raises(ValidationError):
        Satisfaction.model_validate({"file": "*.csv", "slug": "vote"} | query)


def sample():
    return textwrap.dedent(manual.__doc__.split("::\n\n")[1].split("\n\n")[0])


def test_the_sample_of_the_manual_is_a_configuration(tmp_path):
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "sample.yaml").write_text(sample())
    assert load(tmp_path, tmp_path, sources=registry(), environment={}).mistakes == ()


# From an export to the data set


@pytest.fixture
def polls(place):
    """A place with the sample of the manual, where an export has been dropped."""
    (place.config / "services" / "vote.yaml").write_text(sample())
    (place.config / "data" / "feedex").mkdir(parents=True)
    drop(place, "1", *rated("2026-11-18", 2, 1, 0, 10, 37, path="/done/register-to-vote"))
    return place


def drop(place, name, *rows):
    (place.config / "data" / "feedex" / f"{name}.csv").write_text(export(*rows))


DATA_SET = "register-to-vote/customer-satisfaction"


def test_the_record_and_its_id_are_those_of_the_old_platform(polls):
    assert polls.run("run", "--all").code == 0
    (record,) = polls.read(DATA_SET)
    assert record == {
        "_id": "20261118_register-to-vote",
        "_timestamp": "2026-11-18T00:00:00+00:00",
        "period": "day",
        "slug": "register-to-vote",
        "rating_1": 2,
        "rating_2": 1,
        "rating_3": 0,
        "rating_4": 10,
        "rating_5": 37,
        "total": 50,
        "comments": 0,
        "weighted_score": 0.895,
        "share_satisfied": 0.94,
    }


def test_no_word_of_a_comment_is_in_the_state_the_data_set_a_log_or_anything_told(polls, caplog):
    caplog.set_level(logging.DEBUG)
    said = [single(f"2026-11-1{day} 09:12:44", 5, COMMENT, "register-to-vote") for day in (7, 8, 9)]
    drop(polls, "2", *said, single("2026-11-19 10:00:00", "x", COMMENT, "register-to-vote"))
    told = [polls.run("-vv", *one) for one in (["run", "--all"], ["run", "--all", "--dry-run"])]
    assert len(polls.read(DATA_SET)) == 1
    for bad in (f"{COMMENT}\n", export(said[0])[:-50], export(said[0]) + f"x,{COMMENT}\n"):
        polls.clock.advance(timedelta(days=1))
        (polls.config / "data" / "feedex" / "bad.csv").write_text(bad)
        told += [polls.run("-vv", *one) for one in (["run", "--all"], ["status", "--json"])]

    seen = "".join(one.out + one.err for one in told) + caplog.text
    for problem in ("is left out", "has no column", "in the middle of row 2", "cells of 12"):
        assert problem in seen
    assert not any(word in seen for word in WORDS)
    for content in kept(polls):
        assert not any(word.encode() in content for word in WORDS)


def kept(place):
    """Give whatever the program has written, and every piece of it unpacked."""
    for path in (place.directory / "var").iterdir():
        yield path.read_bytes()
    for path in (place.state, place.held):
        database = sqlite3.connect(path)
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from (unpacked(value) for value in row if isinstance(value, bytes))
        database.close()


def unpacked(value):
    try:
        return zlib.decompress(value, wbits=31)
    except zlib.error:
        return value
