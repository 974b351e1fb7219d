"""The source support-api: ratings day by day, page by page, and no word of a comment."""

import textwrap
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

import collectors.sources.satisfaction.support_api as manual
from collectors.api import (
    CollectorError,
    HttpClient,
    Period,
    Refused,
    Secret,
    Unavailable,
    Unexpected,
    Window,
)
from collectors.clock import FixedClock
from collectors.config.load import load
from collectors.sources import registry
from collectors.sources.satisfaction.support_api import SupportApi, SupportApiCredential
from tests.contexts import NOW, RecordingSleep, make_context
from tests.servers.http import Answer, html_answer, json_answer
from tests.servers.support_api import COMMENT, TOKEN, Feedback, SupportApiServer

START = datetime(2026, 11, 17, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, TWO = Window(START, START + DAY), Window(START, START + 2 * DAY)


def context_for(server, **overrides):
    clock = overrides.get("clock", FixedClock(NOW))
    parts = {
        "http": HttpClient(clock, sleep=RecordingSleep(), read=5.0, proxies={}),
        "credential": SupportApiCredential(base_url=f"{server.url}/", token=Secret(TOKEN)),
        "credential_name": "support-api",
        "period": Period.DAY,
    }
    return make_context(**(parts | overrides))


def collected(server, window=ONE, *, slug="vote", context=None):
    return list(SupportApi(slug=slug).collect(window, context or context_for(server)))


def error_of(feedback, **options):
    """Give the error that collecting ends in; it tells neither the token nor any comment."""
    with SupportApiServer(feedback) as server, pytest.raises(CollectorError) as caught:
        collected(server, **options)
    told = f"{caught.value} {vars(caught.value)}"
    assert TOKEN not in told
    assert "Ada" not in told
    return caught.value


@pytest.fixture
def feedback():
    """A day that is aggregated, whose comments stay."""
    feedback = Feedback()
    feedback.single("2026-11-17T09:12:44.000Z", 5, COMMENT)
    feedback.single("2026-11-17T23:59:59.999Z", 1, COMMENT)
    for rating, count in ((1, 2), (2, 1), (4, 10), (5, 37)):
        feedback.aggregated("2026-11-17", rating, count)
    return feedback


def test_a_day_that_is_counted_gives_its_counts_and_the_comments_that_stay(feedback):
    with SupportApiServer(feedback) as server:
        (reading,) = collected(server)
    assert (reading.at, dict(reading.dimensions)) == (START, {"slug": "vote", "period": "day"})
    assert dict(reading.measures) == {
        "rating_1": 2,
        "rating_2": 1,
        "rating_3": 0,
        "rating_4": 10,
        "rating_5": 37,
        "total": 50,
        "comments": 2,
        "weighted_score": 0.895,
        "share_satisfied": 0.94,
    }
    (request,) = server.requests
    assert request.query == {
        "path_prefixes[]": "/done/vote",
        "from": "2026-11-17",
        "to": "2026-11-17",
        "page": "1",
    }
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_all_pages_of_all_days_are_read(feedback):
    for number in range(120):
        feedback.single(f"2026-11-18T10:{number % 60:02}:00Z", 3, COMMENT)
    feedback.aggregated("2026-11-18", 3, 150)
    with SupportApiServer(feedback) as server:
        readings = collected(server, TWO)
    assert [one.measures["total"] for one in readings] == [50, 150]
    assert [one.measures["comments"] for one in readings] == [2, 120]
    assert len(server.requests) == 1 + 3


def test_a_month_is_the_sum_of_its_days(feedback):
    feedback.aggregated("2026-10-02", 1, 50)
    feedback.aggregated("2026-10-31", 5, 150)
    october = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    with SupportApiServer(feedback) as server:
        (reading,) = collected(server, october, context=context_for(server, period=Period.MONTH))
    assert len(server.requests) == 31
    assert reading.measures["share_satisfied"] == 0.75
    assert reading.dimensions["period"] == "month"


def test_paths_that_begin_alike_and_other_kinds_are_left_alone(feedback):
    feedback.aggregated("2026-11-17", 1, 1000, "/done/vote-abroad")
    feedback.rows.append(feedback.rows[0] | {"type": "problem-report", "id": 99})
    with SupportApiServer(feedback) as server:
        assert collected(server)[0].measures["total"] == 50


def test_until_the_night_is_over_the_single_ratings_count():
    feedback = Feedback()
    feedback.single("2026-11-17T09:12:44Z", 5)
    feedback.single("2026-11-17T09:12:45Z", 2, COMMENT)
    with SupportApiServer(feedback) as server:
        context = context_for(server, clock=FixedClock(START + 1.5 * DAY))
        (reading,) = collected(server, context=context)
    assert (reading.measures["total"], reading.measures["comments"]) == (2, 1)
    assert context.warn.told == []


def test_a_day_that_was_never_counted_is_left_out_and_told():
    feedback = Feedback()
    feedback.single("2026-11-17T09:12:45Z", 2, COMMENT)
    with SupportApiServer(feedback) as server:
        context = context_for(server, clock=FixedClock(START + 2 * DAY))
        assert collected(server, context=context) == []
    (told,) = context.warn.told
    assert told == (
        "vote: the day of 2026-11-17 is left out: its ratings were not counted in the night "
        "after, and most single ones are gone"
    )


def test_a_day_in_which_nobody_rated_has_no_reading():
    with SupportApiServer(Feedback()) as server:
        context = context_for(server)
        assert collected(server, TWO, context=context) == []
    assert context.warn.told == []


def test_feedback_that_comes_while_pages_are_read_is_no_half_day(feedback):
    for number in range(60):
        feedback.single(f"2026-11-17T10:{number:02}:00Z", 3)
    late = {"id": 999, "type": "service-feedback", "created_at": "2026-11-17T23:59:59Z"}

    with SupportApiServer(feedback) as server:

        def and_one_more(_):
            answer = json_answer(server._page(dict(server.requests[-1].query)))
            feedback.rows.append(feedback.rows[0] | late)
            return answer

        feedback.faults = [and_one_more]
        with pytest.raises(Unavailable, match="changed while it was read"):
            collected(server)
        assert collected(server)[0].measures["total"] == 50


def test_more_than_it_gives_is_refused():
    feedback = Feedback()
    for _ in range(10_000):
        feedback.single("2026-11-17T10:00:00Z", 3, COMMENT)
    error = error_of(feedback)
    assert isinstance(error, Refused)
    assert "more than 10,000 rows about /done/vote on 2026-11-17" in str(error)


# Refusals and faults


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "it does not take what was asked; see that 'slug' is right"),
        (401, "it does not know the token; renew it in the credential support-api"),
        (403, "the token of the credential support-api may not read this"),
        (404, "it is not there; correct base_url in the credential support-api"),
        (410, "this is not known"),
    ],
)
def test_each_refusal_says_what_to_do_and_nothing_of_what_was_said(feedback, status, advice):
    feedback.faults = [Answer(status, COMMENT.encode())]
    error = error_of(feedback)
    assert isinstance(error, Refused)
    assert str(error).startswith(f"support-api answered {status} to http://127.0.0.1:")
    assert str(error).endswith(f"/anonymous-feedback: {advice}")


def test_a_wrong_token_is_refused(feedback):
    feedback.token = "another"
    assert "it does not know the token" in str(error_of(feedback))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (html_answer(f"<p>{COMMENT}"), Unexpected),
        (Answer(200, f'{{"results": [{{"details": "{COMMENT}'.encode()), Unexpected),
        (json_answer({"results": COMMENT}), Unexpected),
        (json_answer([COMMENT]), Unexpected),
        (html_answer(COMMENT, 502), Unavailable),
        (Answer(429), Unavailable),
    ],
)
def test_an_answer_of_another_form_ends_without_a_sample(feedback, fault, kind):
    feedback.faults = [fault] * 4
    error = error_of(feedback)
    assert isinstance(error, kind)
    assert getattr(error, "sample", "") == ""


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"service_satisfaction_rating": 6}, "at service_satisfaction_rating: Input should be"),
        ({"service_satisfaction_rating": None}, "gave service-feedback 1 without a rating"),
        ({"created_at": COMMENT}, "at created_at: Input should be a valid datetime"),
        ({"created_at": "2026-11-17T00:00:00"}, "at created_at: Input should have timezone"),
        ({"created_at": "2026-11-18T00:00:00Z"}, "gave feedback of another day than 2026-11-17"),
        ({"details": [COMMENT]}, "at details: Input should be a valid string"),
        ({"type": "aggregated-service-feedback"}, "service-feedback 1 without a count"),
        (
            {"type": "aggregated-service-feedback", "details": "38"},
            "counted rating 5 of 2026-11-17 twice",
        ),
    ],
)
def test_a_row_of_another_form_is_unexpected_and_not_shown(feedback, row, message):
    rows = [{**feedback.rows[0], **row}, *feedback.rows[1:]]
    page = {"results": rows, "total_count": len(rows), "pages": 1}
    feedback.faults = [json_answer(page)]
    error = error_of(feedback)
    assert isinstance(error, Unexpected)
    assert message in str(error)


# The query, the manual, and looking before trusting


@pytest.mark.parametrize("query", [{}, {"slug": "a/b"}, {"slug": "vote", "file": "x"}])
def test_a_wrong_query_is_a_mistake(query):
    with pytest.raises(ValidationError):
        SupportApi.model_validate(query)


def test_the_sample_of_the_manual_is_a_configuration(tmp_path):
    sample = textwrap.dedent(manual.__doc__.split("::\n\n")[1].split("\n\n")[0])
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "sample.yaml").write_text(sample)
    assert load(tmp_path, tmp_path, sources=registry(), environment={}).mistakes == ()


def test_examining_logs_in_and_counts_yesterday(feedback):
    feedback.aggregated("2026-11-19", 5, 4)
    with SupportApiServer(feedback) as server:
        assert list(SupportApi(slug="vote").examine(context_for(server))) == [
            "the token of the credential support-api is good",
            "/done/vote was rated 4 times on 2026-11-19",
        ]
