"""The kit finds what is wrong with a source, and leaves alone one that is right."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from collectors.api import (
    CollectorError,
    Context,
    Credential,
    Period,
    Reading,
    Refused,
    Secret,
    Source,
    Unexpected,
    Window,
)
from collectors.testing import (
    FAULTS,
    Case,
    HttpServer,
    days_of_change,
    golden_case,
    golden_cases,
    json_answer,
    keep_time,
    leaks,
    scrubbed,
    withstand,
)

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SESSION = "planted-session-8"
TOKEN = "planted/token+of-tides=="


class TidesCredential(Credential):
    """A token for the tides."""

    token: Secret


class Tides(Source):
    """Heights by the hour, two a page."""

    name: ClassVar[str] = "tides"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.HOUR})
    credential: ClassVar[type[Credential] | None] = TidesCredential

    url: str

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        page: int | None = 1
        while page is not None:
            said = self.asked(window, page, context)
            try:
                rows, page = said["rows"], said["next"]
                yield from [self.reading(one) for one in rows]
            except (KeyError, TypeError, ValueError) as exc:
                raise Unexpected(f"not as tides are: {exc}", str(said)) from exc

    def asked(self, window: Window, page: int, context: Context) -> dict:
        params = {"from": window.start.isoformat(), "to": window.end.isoformat(), "page": page}
        bearer = context.credential.token if context.credential else None
        return context.http.get(self.url, params=params, bearer=bearer).json()

    def reading(self, row: dict) -> Reading:
        return Reading(datetime.fromisoformat(row["at"]).astimezone(UTC), {"height": row["height"]})


class TidesServer(HttpServer):
    """Four hours at least, if they are asked for."""

    def answer(self, request):
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
        hours = [start + n * HOUR for n in range((end - start) // HOUR)]
        page = int(request.query["page"])
        rows = [{"at": at.isoformat(), "height": at.hour + 1} for at in hours]
        return json_answer(
            {
                "rows": rows[2 * page - 2 : 2 * page],
                "next": page + 1 if len(rows) > 2 * page else None,
            }
        )


CASE = Case(
    query={"url": "{server}/tides"},
    credential={"token": TOKEN},
    server=TidesServer,
    window=Window(NOON - 5 * HOUR, NOON),
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_good_source_withstands_every_fault(fault):
    withstand(Tides, CASE, fault)


def failures(source, case=CASE):
    """Give what is said of a source under each fault that it does not withstand."""
    found = {}
    for fault, one in FAULTS.items():
        if not one.slow:
            try:
                withstand(source, case, fault)
            except AssertionError as exc:
                found[fault] = str(exc)
    return found


class Broken(Tides):
    def asked(self, window, page, context):
        said = super().asked(window, page, context)
        return {"rows": said["rows"], "next": said["next"]}


def test_a_source_that_breaks_is_found():
    said = failures(Broken)

    assert said["null"] == (
        "null, once, at request 1: the source broke: TypeError: 'NoneType' object is not "
        "subscriptable"
    )
    assert "429" not in said


class HalfDone(Tides):
    def asked(self, window, page, context):
        try:
            return super().asked(window, page, context)
        except CollectorError:
            return {"rows": [], "next": None}


def test_a_source_that_leaves_a_window_half_done_is_found():
    said = failures(HalfDone)

    assert said["404"] == ("404, once, at request 1: the window is done with 0 of 5 readings")
    assert "500" in said
    assert "half a page" in said


class Zeros(Tides):
    def reading(self, row):
        return Reading(
            datetime.fromisoformat(row["at"]).astimezone(UTC), {"height": row["height"] or 0}
        )


def test_a_source_that_takes_the_unknown_for_zero_is_found():
    assert failures(Zeros) == {
        "numbers gone": "numbers gone, once, at request 1: height is 0 where it is 8: "
        "(datetime.datetime(2026, 11, 20, 7, 0, tzinfo=datetime.timezone.utc), None)"
    }


class Forgetful(Tides):
    def asked(self, window, page, context):
        return context.shared.get(
            ("page", page), lambda: super(Forgetful, self).asked(window, page, context)
        )


def test_a_source_that_remembers_a_bad_answer_is_found():
    assert "the server has recovered, the source has not" in failures(Forgetful)["an empty object"]


class Chatty(Tides):
    """Tells the token of its session, which the server has given it."""

    def asked(self, window, page, context):
        session = SESSION if page == 1 else ""
        try:
            return super().asked(window, page, context)
        except CollectorError as exc:
            raise Refused(f"no luck in the session {session}") from exc


class Discreet(Chatty):
    """The same, but it tells the house what to hide."""

    def asked(self, window, page, context):
        context.hide(Secret(SESSION))
        return super().asked(window, page, context)


def test_a_secret_that_is_told_is_found_unless_it_is_hidden():
    case = replace(CASE, planted=(SESSION,))

    assert failures(Chatty, case)["404"] == (
        f"404, once, at request 1: a secret was told: {SESSION}"
    )
    assert failures(Discreet, case) == {}


def test_secrets_are_found_in_every_spelling_and_hidden():
    coded = "Basic " + "cGxhbnRlZC90b2tlbitvZi10aWRlcz09Og=="
    for text in (TOKEN, "planted%2Ftoken%2Bof-tides%3D%3D", coded):
        assert leaks(f"no: {text}", TOKEN)
        assert not leaks(scrubbed(f"no: {text}", TOKEN), TOKEN)


class Local(Tides):
    def reading(self, row):
        at, values, *_ = super().reading(row)
        return Reading(at + timedelta(minutes=30), values)


def test_a_reading_where_no_period_begins_is_found():
    with pytest.raises(AssertionError, match="where no hour begins in"):
        keep_time(Local, CASE)


def test_a_source_that_keeps_time_passes():
    keep_time(Tides, CASE)


def test_the_days_of_change_have_23_and_25_hours():
    spring, autumn = days_of_change(ZoneInfo("Europe/London"), 2026)

    assert f"{spring.start:%m-%d} {autumn.end:%m-%d}" == "03-29 10-26"
    assert (spring.end - spring.start, autumn.end - autumn.start) == (23 * HOUR, 25 * HOUR)
    assert days_of_change(ZoneInfo("UTC"), 2026) == []


def test_a_case_of_which_nothing_comes_is_of_no_use():
    case = Case(
        query={"url": "{server}"},
        server=lambda: HttpServer(lambda _: json_answer({"rows": [], "next": None})),
    )

    with pytest.raises(AssertionError, match="nothing comes of it where all is well"):
        withstand(Tides, case, "500")


@pytest.fixture
def recorded(tmp_path):
    directory = tmp_path / "cases" / "two-pages"
    directory.mkdir(parents=True)
    (directory / "query.yaml").write_text(
        "query: {url: '{server}/tides'}\ncredential: {token: planted}\n"
        "window: [2026-11-20T10:00Z, 2026-11-20T12:00Z]\n"
    )
    for page, (hour, following) in enumerate(((10, 2), (11, None)), 1):
        reply = {"rows": [{"at": f"2026-11-20T{hour}:00Z", "height": hour}], "next": following}
        (directory / f"reply-{page}.json").write_text(json.dumps(reply))
    readings = [
        {"at": f"2026-11-20T{hour}:00:00+00:00", "measures": {"height": hour}} for hour in (10, 11)
    ]
    (directory / "readings.json").write_text(json.dumps(readings))
    return directory


def test_a_recorded_case_is_played_and_compared(recorded):
    (case,) = golden_cases(recorded.parent)

    assert str(case) == "two-pages"
    case.check(Tides)
    withstand(Tides, case, "cut off")


def test_the_difference_is_shown(recorded):
    readings = recorded / "readings.json"
    readings.write_text(readings.read_text().replace('"height": 11', '"height": 12'))

    with pytest.raises(AssertionError) as caught:
        golden_case(recorded).check(Tides)

    assert '-{"at": "2026-11-20T11:00:00+00:00", "measures": {"height": 12}}' in str(caught.value)
    assert '+{"at": "2026-11-20T11:00:00+00:00", "measures": {"height": 11}}' in str(caught.value)


def test_an_error_may_be_what_should_come(recorded):
    (recorded / "reply-1.json").write_text('{"rows": [{}]}')
    (recorded / "error.txt").write_text("not as tides are: 'next'\n")

    golden_case(recorded).check(Tides)

    (recorded / "error.txt").write_text("something else\n")
    with pytest.raises(AssertionError, match="something else"):
        golden_case(recorded).check(Tides)


def test_an_error_that_should_not_come_is_raised(recorded):
    (recorded / "reply-1.json").write_text("[]")

    with pytest.raises(Unexpected):
        golden_case(recorded).check(Tides)


def test_a_folder_without_cases_is_no_set_of_cases(tmp_path):
    with pytest.raises(AssertionError, match="no folder in it holds a query"):
        golden_cases(tmp_path)
