"""What is read and what is made of it: embedded and over HTTP, where the answers are the same."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from collectors.api import NotYet, Period, Refused, Unexpected, Window
from collectors.config.model import Target
from collectors.periods import UTC_ZONE
from collectors.runner.data_set_reader import Reader
from collectors.sources.data_set import DataSetSource
from tests.contexts import make_context
from tests.servers.http import HttpServer, json_answer
from tests.web.sites import Site, declared

NAME = "fishing/catches"
DAY = timedelta(days=1)
JUNE = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


@pytest.fixture
def site(database_url):
    with_records = Site(database_url, [declared()])
    yield with_records
    with_records.close()


@pytest.fixture(params=["embedded", "over HTTP"])
def context(request, site):
    """A context that reads the site's data sets, as a target or as another platform's."""
    return context_of(site, far=request.param != "embedded")


def context_of(site, *, far, period=Period.MONTH):
    context = make_context(period=period, zone=UTC_ZONE)
    target = Target(name="it", url=f"{site.server.url}/data" if far else None)
    reader = Reader(
        http=context.http,
        clock=site.clock,
        targets=[target],
        writers={},
        peek=lambda: Opened(site.data_sets),
    )
    return make_context(period=period, zone=UTC_ZONE, data_sets=reader)


class Opened:
    def __init__(self, data_sets):
        self.data_sets = data_sets

    def __enter__(self):
        return self.data_sets

    def __exit__(self, *_):
        return None


def source(**query):
    return DataSetSource(**{"data_set": NAME, "target": "it", **query})


def fill(site, *rows):
    records = [
        {"_id": str(number), "_timestamp": f"2026-06-{day:02}T00:00:00Z", **fields}
        for number, (day, fields) in enumerate(rows)
    ]
    assert site.post(records).status == 200


def made(source, context, window=JUNE):
    return [
        (one.at.date().isoformat(), dict(one.dimensions), dict(one.measures))
        for one in source.collect(window, context)
    ]


def test_a_completion_rate_is_of_the_counts_of_the_whole_month(site, context):
    fill(
        site,
        (1, {"stage": "start", "count": 10}),
        (1, {"stage": "done", "count": 1}),
        (2, {"stage": "start", "count": 90}),
        (2, {"stage": "done", "count": 89}),
    )
    rates = {
        "completion_rate": {
            "field": "stage",
            "numerator": "done",
            "denominator": "start",
            "count": "count",
        }
    }
    assert made(source(rates=rates), context) == [("2026-06-01", {}, {"completion_rate": 0.9})]


def test_digital_take_up_by_service_with_the_sums_beside_it(site, context):
    fill(
        site,
        (1, {"service": "rod", "channel": "digital", "count": 3}),
        (2, {"service": "rod", "channel": "paper", "count": 1}),
        (3, {"service": "net", "channel": "paper", "count": 5}),
    )
    rates = {"digital_takeup": {"field": "channel", "numerator": "digital", "count": "count"}}
    assert made(source(rates=rates, sums=("count",), dimensions=("service",)), context) == [
        ("2026-06-01", {"service": "net"}, {"count": 5, "digital_takeup": None}),
        ("2026-06-01", {"service": "rod"}, {"count": 4, "digital_takeup": 0.75}),
    ]


def test_a_pattern_that_no_record_is_like_is_told_with_the_texts_there_are(site, context):
    fill(
        site,
        (1, {"stage": "begin", "count": 10}),
        (2, {"stage": "done", "count": 1}),
        (3, {"count": 5}),
        *((4, {"kind": f"kind{number}"}) for number in range(6)),
    )
    rates = {
        "right": {"field": "stage", "numerator": ["done", "ended"], "denominator": "begin"},
        "wrong": {"field": "stage", "numerator": "done", "denominator": "start", "count": "count"},
        "other": {"field": "kind", "numerator": ["mild", "hot*"]},
        "absent": {"field": "channel", "numerator": "digital"},
    }
    [(_, _, figures)] = made(source(rates=rates), context)
    assert figures == {"right": 1, "wrong": None, "other": 0, "absent": None}
    begins = f"the rate '{{}}' of fishing/catches, {JUNE}: no {{}}".format
    kinds = "'kind0', 'kind1', 'kind2', 'kind3', 'kind4', …"
    assert context.warn.told == [
        begins("wrong", "stage is like 'start'; there are 'begin', 'done'"),
        begins("other", f"kind is like 'mild' or 'hot*'; there are {kinds}"),
    ]


def test_availability_and_satisfaction_and_only_what_is_asked_for(site, context):
    ratings = {f"rating_{level}": count for level, count in enumerate((2, 1, 0, 10, 37), 1)}
    fill(
        site,
        (1, {"kind": "up", "uptime": 50, "downtime": 0, **ratings}),
        (2, {"kind": "other", "uptime": 1}),
    )
    ratios = {"availability": {"of": "uptime", "over": ("uptime", "downtime")}}
    found = made(source(ratios=ratios, satisfaction=True, where={"kind": "up"}), context)
    assert found[0][2]["availability"] == 1
    assert (found[0][2]["weighted_score"], found[0][2]["share_satisfied"]) == (0.895, 0.94)


def test_what_a_record_does_not_tell_makes_the_sum_unknown(site, context):
    fill(site, (1, {"count": 1}), (2, {"count": None}), (30, {"other": 1}))
    assert made(source(sums=("count",)), context) == [("2026-06-01", {}, {"count": None})]


def test_periods_without_records_have_no_figures(site):
    fill(site, (1, {"count": 1}), (4, {"count": 2}))
    days = context_of(site, far=True, period=Period.DAY)
    assert made(source(sums=("count",)), days) == [
        ("2026-06-01", {}, {"count": 1}),
        ("2026-06-04", {}, {"count": 2}),
    ]


def test_what_another_platform_does_not_hold_yet_is_not_yet_until_it_holds_something_later(site):
    fill(site, (1, {"count": 1}), (20, {"count": 1}))
    days = context_of(site, far=True, period=Period.DAY)
    asked = source(sums=("count",), target=f"{site.server.url}/data/")
    third = Window(JUNE.start + 2 * DAY, JUNE.start + 3 * DAY)
    last = Window(JUNE.start + 20 * DAY, JUNE.start + 21 * DAY)
    assert made(asked, days, third) == []
    with pytest.raises(
        NotYet, match=r"holds nothing of 2026-06-21T00:00Z - .* and nothing after it"
    ):
        made(asked, days, last)


def test_only_groups_need_to_be_allowed(database_url):
    site = Site(database_url, [declared(raw_queries_allowed=False)])
    try:
        fill(site, (1, {"count": 1}))
        assert made(source(sums=("count",)), context_of(site, far=True)) == [
            ("2026-06-01", {}, {"count": 1})
        ]
        assert list(source(sums=("count",)).examine(context_of(site, far=True)))
    finally:
        site.close()


def test_text_is_not_summed(site, context):
    fill(site, (1, {"count": "many"}))
    with pytest.raises(Refused, match="count holds text"):
        made(source(sums=("count",)), context)


def test_an_unknown_data_set_elsewhere_is_refused(site):
    with pytest.raises(Refused, match="404"):
        made(source(sums=("count",), data_set="fishing/nets"), context_of(site, far=True))


def test_check_says_what_is_there_and_what_is_not(site, context):
    with pytest.raises(NotYet, match="holds nothing of what the query asks for"):
        list(source(sums=("count",)).examine(context))
    fill(site, (1, {"count": 1}), (2, {"other": 1}))
    assert list(source(sums=("count",)).examine(context)) == [
        "fishing/catches can be read; the last it holds is of 2026-06-01; its records have count",
    ]
    with pytest.raises(Refused, match="none of its last records has a figure in 'cuont'"):
        list(source(sums=("cuont",)).examine(context))


def test_check_says_one_sentence_however_many_questions_are_asked(site, context):
    fill(site, (1, {"stage": "done", "channel": "paper", "count": 1}))
    rates = {
        "completion": {"field": "stage", "numerator": "done", "count": "count"},
        "takeup": {"field": "channel", "numerator": "digital"},
    }
    assert list(source(sums=("count",), rates=rates).examine(context)) == [
        "fishing/catches can be read; the last it holds is of 2026-06-01; its records have count",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"data": {}},
        {"data": [1]},
        {"data": [{}]},
        {"data": [{"_count": 1}]},
        {"data": [{"_count": 1, "_start_at": "June", "count:sum": 1, "count:count": 1}]},
        {
            "data": [
                {
                    "_count": 1,
                    "_start_at": "2026-06-01T00:00:00+00:00",
                    "count:sum": "1",
                    "count:count": 1,
                }
            ]
        },
        {
            "data": [
                {
                    "_count": "x",
                    "_start_at": "2026-06-01T00:00:00+00:00",
                    "count:sum": 1,
                    "count:count": 1,
                }
            ]
        },
    ],
)
def test_what_is_no_read_api_is_unexpected(site, answer):
    class Other(HttpServer):
        def answer(self, request):
            return json_answer(answer)

    with Other() as server, pytest.raises(Unexpected):
        made(source(sums=("count",), target=server.url), context_of(site, far=True))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "say what to make"),
        ({"sums": ("count",), "data_set": "fishing"}, "is not <data-group>/<data-type>"),
        ({"sums": ("a b",)}, "should match pattern"),
        (
            {
                "dimensions": ("stage",),
                "rates": {"rate_of": {"field": "stage", "numerator": "done"}},
            },
            "so that is no dimension",
        ),
    ],
)
def test_a_query_that_makes_no_sense_is_a_mistake(query, said):
    with pytest.raises(ValidationError, match=said):
        source(**query)
