"""What a write API is sent, and what its answers mean, against a server that speaks it."""

import gzip
import logging
from datetime import UTC, datetime

import orjson
import pytest

from collectors.clock import FixedClock
from collectors.errors import Refused, Unavailable, Unexpected
from collectors.http_client import HttpClient
from collectors.packing import pack
from collectors.sink.write_api import WriteApi
from collectors.values import Batch, DataSet, Receipt, Secret
from tests.servers.http import Answer, HttpServer, html_answer, json_answer, scripted
from tests.servers.write_api import WriteApiServer, problems

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
JOURNEY = DataSet("carers-allowance", "journey")
TOKEN = "to/ken+with=signs"


@pytest.fixture
def server():
    with WriteApiServer({str(JOURNEY): TOKEN}) as running:
        yield running


def api(url, token=TOKEN):
    http = HttpClient(FixedClock(NOW), proxies={})
    return WriteApi(url=f"{url}/data", http=http, token=lambda _data_set: Secret(token))


def batch(*observations):
    return Batch(JOURNEY, pack(observations)[0], len(observations))


def observation(identity, **fields):
    return {"_id": identity, "_timestamp": "2026-11-19T00:00:00+00:00", **fields}


def test_a_batch_is_posted_packed_as_json_with_the_token_of_its_data_set(server):
    receipt = api(server.url).send(batch(observation("a", count=1), observation("b", count=None)))

    assert receipt == Receipt(accepted=2)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/data/carers-allowance/journey")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"
    assert request.headers["content-encoding"] == "gzip"
    assert orjson.loads(gzip.decompress(request.body))[1]["count"] is None


def test_the_same_id_replaces_and_is_not_doubled(server):
    api(server.url).send(batch(observation("a", count=1, channel="web")))
    api(server.url).send(batch(observation("a", count=2)))

    assert server.held[str(JOURNEY)] == {"a": observation("a", count=2)}


def test_a_slash_at_the_end_of_the_url_changes_nothing(server):
    sink = WriteApi(
        url=f"{server.url}/data/",
        http=HttpClient(FixedClock(NOW), proxies={}),
        token=lambda _data_set: Secret(TOKEN),
    )

    assert sink.send(batch(observation("a"))).accepted == 1


def test_a_refusal_of_records_gives_its_messages_and_saves_nothing(server):
    receipt = api(server.url).send(
        batch(observation("a"), observation("b", **{"a-b": 1, "x": [1]}))
    )

    assert receipt.refusal == "a-b is not a valid key; x is not a valid key; x has an invalid value"
    assert (receipt.accepted, server.held[str(JOURNEY)]) == (0, {})


def test_messages_may_be_one_text():
    with HttpServer(scripted(json_answer({"messages": "no such id"}, 400))) as server:
        assert api(server.url).send(batch(observation("a"))).refusal == "no such id"


def test_too_large_is_told_from_other_refusals(server):
    server.limit = 1

    assert api(server.url).send(batch(observation("a"), observation("b"))) == Receipt(
        too_large=True
    )


def test_an_unknown_data_set_is_refused_whatever_the_token_is(server):
    server.tokens = {"another/one": TOKEN}

    with pytest.raises(
        Refused, match="answered 404 for carers-allowance/journey: there is no such"
    ):
        api(server.url, "wrong").send(batch(observation("a")))


def test_a_wrong_token_is_refused_and_its_echo_is_nowhere(server, caplog):
    planted = "planted/token+1=="
    with caplog.at_level(logging.DEBUG), pytest.raises(Refused) as caught:
        api(server.url, planted).send(batch(observation("a")))

    assert "answered 401 for carers-allowance/journey: its token was not accepted" in str(
        caught.value
    )
    assert planted not in f"{caught.value!r}{caught.value.__cause__!r}{caplog.text}"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_unavailable_with_its_status_and_the_time_that_it_names(status):
    with HttpServer(scripted(Answer(status, headers={"Retry-After": "7"}))) as server:
        with pytest.raises(Unavailable) as caught:
            api(server.url).send(batch(observation("a")))

        assert (caught.value.status, caught.value.retry_after) == (status, 7)
        assert len(server.requests) == 1, "trying again is for who sends, who knows the lane"


@pytest.mark.parametrize(
    "answer", [html_answer(), json_answer({"status": "error"}), Answer(204), json_answer("ok")]
)
def test_a_success_without_status_ok_is_no_receipt(answer):
    with HttpServer(scripted(answer)) as server, pytest.raises(Unexpected):
        api(server.url).send(batch(observation("a")))


@pytest.mark.parametrize("status", [301, 400, 402, 403, 404, 405, 410, 418])
def test_any_other_answer_is_refused_and_its_body_is_not_repeated(status):
    with HttpServer(scripted(html_answer("<h1>who asks?</h1>", status))) as server:
        with pytest.raises(Refused) as caught:
            api(server.url).send(batch(observation("a")))

        assert f"answered {status} for carers-allowance/journey" in str(caught.value)
        assert "who asks" not in str(caught.value)


def test_ids_are_taken_back_one_by_one_and_those_that_are_not_there_are_gone_already(server):
    api(server.url).send(batch(observation("a"), observation("b")))

    receipt = api(server.url).retract(JOURNEY, ["a", "never-there"])

    assert receipt == Receipt(accepted=2)
    assert list(server.held[str(JOURNEY)]) == ["b"]
    assert [one.method for one in server.requests] == ["POST", "DELETE", "DELETE"]


def test_an_id_is_one_segment_of_the_path():
    with HttpServer(scripted(json_answer({"status": "ok"}))) as server:
        api(server.url).retract(JOURNEY, ["a/b?c#d e%"])

        assert server.requests[0].path == "/data/carers-allowance/journey/a%2Fb%3Fc%23d%20e%25"


@pytest.mark.parametrize("status", [405, 501])
def test_a_target_without_delete_says_so_in_the_receipt(server, status):
    with HttpServer(scripted(Answer(status))) as other:
        receipt = api(other.url).retract(JOURNEY, ["a", "b"])

        assert receipt.refusal == (
            f"{other.url}/data/carers-allowance/journey/a cannot take observations back"
        )
        assert len(other.requests) == 1


def test_taking_back_fails_as_sending_does(server):
    with pytest.raises(Refused, match="answered 401"):
        api(server.url, "wrong").retract(JOURNEY, ["a"])
    with HttpServer(scripted(Answer(503))) as down, pytest.raises(Unavailable):
        api(down.url).retract(JOURNEY, ["a"])


def test_the_server_of_these_tests_has_the_rules_of_the_write_api():
    assert problems(observation("a", camelCase=1, ok="x")) == []
    assert problems({"_id": "a b", "_foo": 1, "_timestamp": "20 Nov"}) == [
        "_foo is not a recognised internal field",
        '_id "a b" is not a valid id',
        "'_timestamp' is a required property",
    ]


def test_the_server_of_these_tests_checks_in_the_order_of_the_write_api(server):
    http = HttpClient(FixedClock(NOW), proxies={})
    url = f"{server.url}/data/carers-allowance/journey"
    kind = {"Content-Type": "application/json"}
    right = Secret(TOKEN)

    def said(method, at, body=None, headers=kind, bearer=right):
        reply = http.send(method, at, body=body, headers=headers, bearer=bearer)
        return reply.status, reply.json()

    unknown = f"{server.url}/data/no/where"
    assert said("POST", unknown, b"", bearer=None)[0] == 404
    status, body = said("POST", url, b"", bearer=None)
    assert (status, body["message"]) == (
        401,
        "Expected header of form: Authorization: Bearer <token>",
    )
    assert said("POST", url, b"")[1]["message"].startswith("Expected JSON request body")
    assert said("POST", url, b"{")[1]["message"].startswith("Error parsing JSON")
    assert "Content-type" in said("POST", url, b"[]", headers={})[1]["messages"][0]
    assert said("POST", url, b"[]") == (200, {"status": "ok"})
    assert said("PUT", url, b"[{}]")[1]["message"].startswith("Not implemented")
    assert said("PUT", url, b"[]")[1]["message"].endswith("now contains 0 records")
    assert said("DELETE", f"{url}/x") == (400, {"messages": "No record found with id x"})
    assert said("GET", url)[0] == 405


def test_a_data_set_is_emptied_by_an_empty_list(server):
    api(server.url).send(batch(observation("a"), observation("b")))

    assert api(server.url).empty(JOURNEY) == Receipt()

    assert server.held[str(JOURNEY)] == {}
    assert server.requests[-1].method == "PUT"


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_target_that_cannot_empty_is_told(status):
    answer = json_answer({"status": "error"}, status)
    with HttpServer(scripted(answer)) as server, pytest.raises(Refused, match="cannot be emptied"):
        api(server.url).empty(JOURNEY)
