"""``send``: what ``backdrop-send`` did, with its exit codes, and without its bugs."""

import gzip
import json
import socket

import orjson
import pytest

from tests.places import make_client
from tests.servers.http import Answer, HttpServer, html_answer, json_answer, scripted

RECORD = {"_id": "a", "_timestamp": "2026-11-20T00:00:00+00:00", "count": 1}
TOKEN = "token-of-hourly"
OK = json_answer({"status": "ok"})


def record(**fields):
    return json.dumps(RECORD | fields)


@pytest.fixture
def server():
    """A server that says yes, until a test lets it say something else."""
    with HttpServer(scripted(OK)) as running:
        yield running


def to(server, *more):
    return "send", "--url", f"{server.url}/data/toll/hourly", "--token", TOKEN, *more


class TestAsOfOld:
    def test_a_cron_line_of_old_still_works_without_any_configuration(self, tmp_path, sink, place):
        (place.config / "platform.yaml").unlink()
        (tmp_path / "data.json").write_text(record())

        done = place.run(*to(sink, str(tmp_path / "data.json")))

        assert (done.code, done.out, done.err) == (0, "", "")
        assert sink.held["toll/hourly"] == {"a": RECORD}
        assert not place.state.exists()

    @pytest.mark.parametrize("name", [(), ("-",)], ids=["nothing", "a hyphen"])
    def test_without_a_file_it_reads_stdin(self, place, sink, name):
        assert place.run(*to(sink, *name), typed=f"[{record()}]").code == 0
        assert list(sink.held["toll/hourly"]) == ["a"]

    def test_the_body_is_sent_as_it_is(self, place, server):
        typed = '  {"count" : 1.50,\n"name": "\\u00e9"}\n'

        place.run(*to(server), typed=typed)

        (request,) = server.requests
        assert request.body == typed.encode()
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["content-type"] == "application/json"
        assert "content-encoding" not in request.headers

    def test_a_body_of_more_than_two_kibibytes_is_packed(self, place, server):
        for size in (2048, 2049):
            place.run(*to(server), typed=json.dumps("x" * (size - 2)))

        small, large = server.requests
        assert small.headers.get("content-encoding") is None
        assert large.headers["content-encoding"] == "gzip"
        assert len(gzip.decompress(large.body)) == 2049

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (OK, 0),
            (json_answer({}, 201), 0),
            (Answer(401), 4),
            (Answer(403), 4),
            (Answer(400), 8),
            (Answer(404), 8),
            (Answer(413), 8),
            (Answer(302, headers={"Location": "/elsewhere"}), 8),
            (Answer(500), 8),
            (Answer(503), 8),
            (Answer(raw=b"nonsense"), 16),
        ],
        ids=lambda one: str(one.status) if isinstance(one, Answer) else str(one),
    )
    def test_the_exit_code_says_what_was_answered(self, place, answer, code):
        with HttpServer(scripted(answer)) as server:
            done = place.run(*to(server), typed=record())

        assert (done.code, done.out) == (code, "")
        assert done.err.startswith("Unable to send: ") == (code != 0)

    def test_without_a_connection_it_is_16(self, place):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]

        done = place.run(
            "send", "--url", f"http://127.0.0.1:{port}/", "--token", "x", typed=record()
        )

        assert done.code == 16
        assert done.err.startswith(f"Unable to send: POST http://127.0.0.1:{port}/: no connection")

    def test_without_an_answer_in_time_it_is_32(self, place):
        with HttpServer(scripted(Answer(stall=True))) as server:
            done = place.run(*to(server, "--timeout", "0.05", "--attempts", "2"), typed=record())

        assert done.code == 32
        assert "no answer in time" in done.err
        assert len(server.requests) == 2

    def test_an_answer_that_drips_is_no_answer_in_time_either(self, place):
        with HttpServer(scripted(Answer(200, b"x" * 1000, drip=0.01))) as server:
            done = place.run(*to(server, "--timeout", "0.1", "--failfast"), typed=record())

        assert done.code == 32


class TestTryingAgain:
    @pytest.mark.parametrize("typed", [record(), record(note="x" * 5000)], ids=["plain", "packed"])
    def test_the_whole_body_is_sent_on_every_try(self, place, typed):
        with HttpServer(scripted(Answer(503), Answer(raw=b""), OK)) as server:
            done = place.run(*to(server), typed=typed)

        assert (done.code, done.err) == (0, "")
        assert len({request.body for request in server.requests}) == 1
        assert [len(request.body) > 0 for request in server.requests] == [True] * 3

    @pytest.mark.parametrize(
        ("more", "tries"),
        [([], 3), (["--attempts", "5"], 5), (["--attempts", "5", "--failfast"], 1)],
    )
    def test_so_often_it_is_tried(self, place, more, tries):
        with HttpServer(scripted(Answer(500))) as server:
            assert place.run(*to(server, *more), typed=record()).code == 8

        assert len(server.requests) == tries

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
    def test_what_cannot_get_better_is_tried_once(self, place, status):
        with HttpServer(scripted(Answer(status))) as server:
            place.run(*to(server), typed=record())

        assert len(server.requests) == 1

    def test_retry_after_is_waited_for_between_two_tries(self, place):
        slept = []

        def client(clock):
            made = make_client(clock)
            made.sleep = slept.append
            return made

        place.http = client
        with HttpServer(scripted(Answer(429, headers={"Retry-After": "7"}), OK)) as server:
            assert place.run(*to(server), typed=record()).code == 0

        (pause,) = slept
        assert pause >= 7


class TestWhatIsTold:
    def test_the_servers_messages_are_shown_without_what_would_steer_a_terminal(self, place):
        messages = ["a-b is not a valid key", "\x1b[2Jx\nis not"]
        with HttpServer(scripted(json_answer({"messages": messages}, 400))) as server:
            done = place.run(*to(server), typed=record())

        assert done.err == (
            f"Unable to send: {server.url}/data/toll/hourly answered 400: "
            "a-b is not a valid key; [2Jx is not\n"
        )

    def test_the_body_of_a_401_is_never_shown(self, place, sink):
        done = place.run(
            "send", "--url", f"{sink.url}/data/toll/hourly", "--token", "wr0ng", typed=record()
        )

        assert done.code == 4
        assert done.err == (
            f"Unable to send: {sink.url}/data/toll/hourly answered 401: "
            "the token was not accepted\n"
        )

    def test_a_password_in_the_url_is_not_shown(self, place):
        done = place.run(
            "send", "--url", "http://user:s3cret@127.0.0.1:9/x?key=s3cret", "--token", "t",
            typed=record(),
        )  # fmt: skip

        assert done.code == 16
        assert "s3cret" not in done.err + done.out

    def test_a_page_is_no_receipt_and_that_is_told(self, place):
        with HttpServer(scripted(html_answer())) as server:
            done = place.run(*to(server), typed=record())

        assert done.code == 0
        assert "answered 200, but not as a write API does: see whether it has arrived" in done.err

    def test_as_json_for_programs(self, place, server):
        done = place.run(*to(server, "--json"), typed=f"[{record()}, {record(_id='b')}]")

        assert done.json == [
            {
                "target": None,
                "url": f"{server.url}/data/toll/hourly",
                "records": 2,
                "exit_code": 0,
                "status": 200,
                "message": None,
            }
        ]


class TestInput:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "no input"),
            (b" \n ", "no input"),
            (b'{"a": 1,\n "b": }', "2:7: not JSON: unexpected character"),
            (b"[1] x", "1:5: not JSON: unexpected content"),
            (b'[\n"\xff"]', "2:2: not UTF-8"),
            (b"[NaN]", "1:2: not JSON"),
            (b"[" * 100_000, "not JSON: depth limit exceeded"),
        ],
    )
    def test_what_is_not_json_is_told_before_anything_is_asked(
        self, place, server, tmp_path, content, said
    ):
        path = tmp_path / "data.json"
        path.write_bytes(content)

        done = place.run(*to(server, str(path)))

        assert (done.code, done.out, server.requests) == (2, "", [])
        assert done.err.startswith(f"Unable to send: {path}:")
        assert said in done.err

    def test_a_file_that_is_not_there_is_told(self, place, server, tmp_path):
        done = place.run(*to(server, str(tmp_path / "none.json")))

        assert (done.code, server.requests) == (2, [])
        assert "none.json: cannot be read: No such file or directory" in done.err

    def test_at_a_terminal_nobody_is_waited_for(self, place, server):
        done = place.run(*to(server), terminal=True)

        assert done.code == 2
        assert "Unable to send: no input: name a FILE" in done.err

    @pytest.mark.parametrize("typed", ["null", "7", '[{"a-b": 1}]'])
    def test_the_rules_of_records_are_the_servers_business(self, place, server, typed):
        assert place.run(*to(server), typed=typed).code == 0
        assert orjson.loads(server.requests[0].body) == orjson.loads(typed)


class TestToken:
    def test_it_may_come_from_the_environment(self, place, server, monkeypatch):
        monkeypatch.setenv("COLLECTOR_TOKEN", "from-the-environment")

        place.run("send", "--url", server.url, typed=record())

        assert server.requests[0].headers["authorization"] == "Bearer from-the-environment"

    def test_it_may_come_from_a_file_which_counts_first(self, place, server, tmp_path, monkeypatch):
        monkeypatch.setenv("COLLECTOR_TOKEN", "from-the-environment")
        (tmp_path / "token").write_text("from-a-file\n")

        place.run("send", "--url", server.url, "--token-file", str(tmp_path / "token"), typed="{}")

        assert server.requests[0].headers["authorization"] == "Bearer from-a-file"

    def test_the_help_warns_of_a_token_on_the_command_line(self, place):
        assert "ps" in place.run("send", "--help").out

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ([], "give the token: --token-file, COLLECTOR_TOKEN or --token"),
            (["--token-file", "nowhere"], "nowhere cannot be read: No such file or directory"),
            (["--token", " "], "the token is empty, or holds a space"),
        ],
    )
    def test_without_one_that_can_be_sent_nothing_is(self, place, server, more, said):
        done = place.run("send", "--url", server.url, *more, typed=record())

        assert (done.code, server.requests) == (2, [])
        assert said in done.err


class TestToDataSets:
    def test_the_target_and_its_token_are_those_configured(self, toll, sink):
        done = toll.run("send", "toll/daily", typed=record())

        assert (done.code, done.out, done.err) == (0, "", "")
        assert sink.held["toll/daily"] == {"a": RECORD}
        assert not toll.state.exists()

    def test_the_embedded_data_sets_take_it_by_the_same_rules(self, place):
        assert place.run("send", "toll/daily", typed=record()).code == 0
        assert place.read("toll/daily") == [RECORD]

        done = place.run("send", "toll/daily", typed=f'[{record(_id="b")}, {{"a-b": 1}}]')
        assert done.code == 8
        assert done.err == (
            "Unable to send to embedded: refused: '_timestamp' is a required property; "
            "a-b is not a valid key\n"
        )
        assert place.run("send", "toll/daily", typed=f"[{record(_id='b')}, 7]").code == 8
        assert place.read("toll/daily") == [RECORD]

    def test_what_is_declared_of_an_embedded_data_set_holds_here_too(self, place):
        place.platform("data_sets: {toll/daily: {auto_ids: [_timestamp, channel]}}")

        place.run("send", "toll/daily", typed=record(channel="web"))
        done = place.run("send", "toll/daily", typed=record())

        assert done.code == 8
        assert "required id fields are missing: channel" in done.err
        assert [one["_id"] != "a" for one in place.read("toll/daily")] == [True]

    def test_every_target_gets_it_and_the_worst_is_the_exit_code(self, toll, sink):
        toll.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]")
        sink.faults["toll/daily"] = [Answer(403)]

        done = toll.run("send", "toll/daily", "--json", typed=record())

        assert done.code == 4
        assert [(one["target"], one["exit_code"]) for one in done.json] == [
            ("embedded", 0),
            ("platform", 4),
        ]
        assert done.err.startswith("Unable to send to platform: ")
        assert toll.read("toll/daily") == [RECORD]

    def test_one_target_may_be_named(self, toll, sink):
        toll.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]")

        assert toll.run("send", "toll/daily", "--target", "platform", typed=record()).code == 0

        assert list(sink.held["toll/daily"]) == ["a"]
        assert not toll.held.exists()

    def test_one_token_is_not_shown_to_several_targets(self, toll, sink):
        toll.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]")

        done = toll.run("send", "toll/daily", "--token", "x", typed=record())

        assert done.code == 2
        assert "there are several targets, and one token: name one with --target" in done.err

    def test_a_token_that_is_not_there_is_told(self, toll):
        done = toll.run("send", "toll/weekly", typed=record())

        assert done.code == 2
        assert "Unable to send to platform: " in done.err
        assert "no token for the data set toll/weekly" in done.err

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "name a DATA_SET, or give --url"),
            (["data.json"], "'data.json' is not <data-group>/<data-type>"),
            (["toll/daily", "--target", "paltform"], "no target is called 'paltform'"),
            (["toll/daily", "x.json", "--url", "http://x"], "with --url, give a FILE or nothing"),
            (["--url", "ftp://x/y", "--token", "t"], "not a URL with http:// or https://"),
            (["--url", "http://x", "--attempts", "0"], "0 is not in the range x>=1"),
            (["--url", "http://x", "--timeout", "0"], "0.0 is not in the range x>0"),
        ],
    )
    def test_a_mistake_of_usage_is_told(self, toll, arguments, said):
        done = toll.run("send", *arguments, typed=record())

        assert (done.code, done.out) == (2, "")
        assert said in done.err
