"""The write API in its own forms: order of checks, bodies, records all or none."""

import gzip
import json
import threading
from datetime import timedelta

import pytest

from collectors.datasets.writing import MESSAGES
from tests.web.sites import JSON, NOW, TOKEN, WRITING, declared, record

PATH = "/data/fishing/catches"


def test_an_unknown_data_set_is_404_whatever_the_token(small):
    site = small(declared())
    for headers in ({}, WRITING):
        reply = site.ask("POST", "/data/fishing/nothing", b"[]", headers)
        assert reply.status == 404
        assert reply.json == {"status": "error", "message": "Could not find data_set_config"}


def test_the_token_is_asked_for_before_the_body_is_looked_at(small):
    reply = small(declared()).ask("POST", PATH, b"{borked", JSON)
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "bearer")


@pytest.mark.parametrize("header", ["Bearer", "bearer " + TOKEN, "Bearer  " + TOKEN, "Bearer é"])
def test_a_header_that_is_not_quite_right_is_a_wrong_token(small, header):
    headers = {**JSON, "Authorization": header.encode("utf-8")}
    assert small(declared()).ask("POST", PATH, b"[]", headers).status == 401


def test_no_answer_of_the_server_echoes_a_token(small):
    wrong = {**JSON, "Authorization": "Bearer planted-token"}
    reply = small(declared()).ask("POST", PATH, b"[]", wrong)
    assert reply.json["message"] == "Unauthorized: Invalid bearer token for 'fishing_catches'"


def test_a_record_that_is_posted_again_is_replaced_and_not_merged(sites):
    site = sites(declared())
    site.post(record(_id="one", count=1, note="x"))
    site.post(record(_id="one", count=2))
    assert site.held() == [record(_id="one", count=2)]


def test_nothing_of_a_batch_is_kept_where_one_record_is_refused(sites):
    site = sites(declared())
    reply = site.post([record(_id="good"), record(_id="bad", x=1)])
    assert (reply.status, reply.json) == (400, {"messages": ["x is not a valid key"]})
    assert site.held() == []


def test_what_is_not_an_object_is_refused(small):
    site = small(declared())
    for value in (5, "text", True, [5], [record(), None], [[record()]]):
        reply = site.post(value)
        assert (reply.status, reply.json) == (400, {"messages": ["a record must be a JSON object"]})
    assert site.held() == []


def test_messages_are_told_once_and_not_without_end(small):
    records = [record(**{f"field-{n}": 1, "same-field": 1}) for n in range(200)]
    messages = small(declared()).post(records).json["messages"]
    assert len(messages) == MESSAGES + 1
    assert messages.count("same-field is not a valid key") == 1
    assert messages[-1] == "… and 101 more"


def test_a_message_does_not_repeat_a_whole_body(small):
    site = small(declared(schema={"properties": {"note": {"maxLength": 5}}}))
    (message,) = site.post(record(note="x" * 1_000_000)).json["messages"]
    assert len(message) == 500


def test_the_schema_of_the_data_type_holds_beside_the_declared_one(sites):
    schema = {"required": ["host"]}
    site = sites(declared("fishing/monitoring", schema=schema))
    reply = site.post(record(uptime=1.5, downtime=0), "fishing/monitoring")
    assert reply.json == {
        "messages": ["1.5 is not of type 'integer'", "'host' is a required property"]
    }
    assert site.post(record(uptime=1, downtime=0, host="a"), "fishing/monitoring").status == 200


def test_a_record_without_timestamp_is_refused_though_no_schema_asks_for_it(small):
    reply = small(declared()).post({"count": 1})
    assert (reply.status, reply.json) == (
        400,
        {"messages": ["'_timestamp' is a required property"]},
    )


@pytest.mark.parametrize(
    ("value", "spelt"), [(1.5, "MS41"), (2.0, "Mi4w"), (0.1 + 0.2, "MC4z"), (True, "VHJ1ZQ==")]
)
def test_automatic_ids_are_spelt_as_the_original_spelt_them(small, value, spelt):
    site = small(declared(auto_ids=("key",)))
    site.post(record(key=value, _id="mine"))
    assert site.held()[0]["_id"] == spelt


def test_a_change_is_laid_over_the_record_and_judged_as_a_whole(sites):
    site = sites(declared(schema={"properties": {"count": {"type": "integer"}}}))
    site.post(record(_id="a/b", count=1, note="x"))

    assert site.write("PATCH", f"{PATH}/a/b", {"count": 2, "more": None}).status == 200
    refused = site.write("PATCH", f"{PATH}/a%2Fb", {"count": "three"})

    assert refused.json == {"messages": ["'three' is not of type 'integer'"]}
    assert site.held() == [record(_id="a/b", count=2, note="x", more=None)]


def test_a_change_keeps_the_id(small):
    site = small(declared())
    site.post(record(_id="one"))
    reply = site.write("PATCH", f"{PATH}/one", {"_id": "two"})
    assert reply.json == {"messages": ["_id cannot be changed: it is one"]}
    assert site.write("PATCH", f"{PATH}/one", [{}]).status == 400
    assert site.held() == [record(_id="one")]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_record_that_is_not_there_is_400_in_a_form_of_its_own(small, method):
    reply = small(declared()).write(method, f"{PATH}/nobody", {})
    assert (reply.status, reply.json) == (400, {"messages": "No record found with id nobody"})


@pytest.mark.parametrize("identity", ["a", "ü%?#", "/a//b/", "..", "transform", "x" * 3000])
def test_any_id_can_be_removed(sites, identity):
    site = sites(declared())
    site.post([record(_id=identity), record(_id="other")])
    quoted = "".join(f"%{byte:02X}" for byte in identity.encode())
    assert site.ask("DELETE", f"{PATH}/{quoted}", headers=WRITING).json == {"status": "ok"}
    assert site.held() == [record(_id="other")]


def test_put_empties_and_takes_nothing_but_an_empty_list(sites):
    site = sites(declared())
    site.post(record(_id="one"))
    assert site.write("PUT", PATH, {}).status == 400
    assert len(site.held()) == 1
    reply = site.write("PUT", PATH, [])
    assert reply.json == {"status": "ok", "message": "fishing_catches now contains 0 records"}
    assert site.held() == []


def test_a_data_set_may_have_a_name_of_its_own(small):
    site = small(declared(called="old_name"))
    reply = site.write("POST", "/old_name", record(_id="one"))
    assert reply.json["message"].startswith("Deprecation Warning: ")
    assert len(site.ask("GET", "/old_name").json["data"]) == 1
    assert site.ask("GET", "/fishing_catches").status == 404


def test_a_name_that_two_data_sets_have_is_nobodys(small):
    site = small(declared("a-b/c"), declared("a/b-c"))
    assert site.write("POST", "/a_b_c", []).status == 404
    assert site.post([], "a-b/c").status == 200


def test_only_the_administrator_takes_a_data_set_away(small):
    site = small(declared(), administrator="administrators-token")
    site.post(record(_id="one"))
    assert site.ask("DELETE", "/data-sets/fishing_catches", headers=WRITING).status == 401
    headers = {"Authorization": "Bearer administrators-token"}
    assert site.ask("DELETE", "/data-sets/fishing_catches", headers=headers).status == 200
    assert site.held() == []


def test_without_an_administrator_nobody_takes_a_data_set_away(small):
    headers = {"Authorization": "Bearer "}
    assert (
        small(declared()).ask("DELETE", "/data-sets/fishing_catches", headers=headers).status == 401
    )


def test_a_transform_wants_its_start(small):
    site = small(declared())
    assert site.write("POST", f"{PATH}/transform", {"_start_at": "2026-11-01T00:00:00Z"}).json == {
        "status": "ok"
    }
    for body in ({}, [], {"_start_at": 5}, {"_start_at": "2026-11-01", "_end_at": "soon"}):
        assert site.write("POST", f"{PATH}/transform", body).status == 400


def test_a_realtime_data_set_loses_its_oldest_records(sites):
    site = sites(declared(realtime=True, capped_size=400))
    records = [
        {"_id": f"{n:02}", "_timestamp": f"2026-11-{n:02}T00:00:00+00:00", "note": "x" * 20}
        for n in range(1, 21)
    ]
    for one in reversed(records):
        site.post(one)
    size = len(json.dumps(records[0], separators=(",", ":")))
    kept = site.held()
    assert [one["_id"] for one in kept] == [one["_id"] for one in records[-len(kept) :]]
    # PostgreSQL spells JSON with blanks.
    assert 400 // (size + 8) <= len(kept) <= 400 // size


def test_a_packed_body_is_unpacked(small):
    site = small(declared())
    body = gzip.compress(json.dumps([record(_id="one")]).encode())
    headers = {**WRITING, "Content-Encoding": "gzip"}
    assert site.ask("POST", PATH, body, headers).status == 200
    assert site.held() == [record(_id="one")]


def test_two_writers_of_one_record_leave_one_of_the_two_whole(sites):
    site = sites(declared())
    replies = []

    def write(number):
        for turn in range(10):
            fields = {f"field_{number}_{n}": turn for n in range(5)}
            replies.append(site.post([record(_id="one", writer=number, **fields)]).status)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert replies == [200] * 40
    (left,) = site.held()
    writer = left["writer"]
    assert left == record(_id="one", writer=writer, **{f"field_{writer}_{n}": 9 for n in range(5)})


def test_a_database_that_fails_is_503_and_says_nothing_of_itself(small, tmp_path):
    site = small(declared())
    site.post(record(_id="one"))
    site.data_sets.close()
    for path in tmp_path.glob("test.db*"):
        path.unlink()
    (tmp_path / "test.db").write_text("this is no database, and never was one " * 100)
    reply = site.post(record(_id="two"))
    assert (reply.status, reply.headers["Retry-After"]) == (503, "10")
    assert b"test.db" not in reply.body


def test_whether_it_is_up_to_date(small):
    site = small(
        declared(max_age_expected=timedelta(hours=1)),
        declared("fishing/never", max_age_expected=timedelta(minutes=1)),
        declared("fishing/whenever"),
    )
    never = {
        "name": "fishing_never",
        "seconds-out-of-date": None,
        "last-updated": None,
        "max-age-expected": 60,
    }
    site.post(record(_id="one"))
    assert site.ask("GET", "/_status/data-sets").json["data_sets"] == [never]

    site.clock.advance(timedelta(hours=3))
    answer = site.ask("GET", "/_status/data-sets").json

    assert answer["status"] == "not okay"
    assert answer["data_sets"] == [
        {
            "name": "fishing_catches",
            "seconds-out-of-date": 7200,
            "last-updated": NOW.isoformat(),
            "max-age-expected": 3600,
        },
        never,
    ]
