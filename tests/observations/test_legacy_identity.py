import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.config.mapping import IdentitySpec
from collectors.errors import Unexpected
from collectors.observations.identity.legacy import legacy
from tests.observations.mappings import observe, reading

START = "2013-04-01T00:00:00+00:00"


def said(record, dimensions=None, **spec):
    """The text of which a record's id is made."""
    identify = legacy(IdentitySpec(scheme="legacy", **spec), "test")(START)
    made = dict(record)
    identity = identify(dimensions or {}, "", made)
    if spec.get("encoding") == "plain":
        assert made == record
        return identity
    assert base64.urlsafe_b64decode(identity).decode(errors="surrogatepass") == made["humanId"]
    return made["humanId"]


def test_without_fields_it_is_type_start_span_and_the_only_dimension():
    record = {"_timestamp": START, "timeSpan": "week", "dataType": "test", "name": "Jane"}

    assert said(record, {"customVarValue1": "Jane"}) == "test_20130401000000_week_Jane"
    assert said(record) == "test_20130401000000_week"


def test_without_fields_a_time_span_that_has_another_name_is_left_out():
    record = {"_timestamp": START, "period": "week", "dataType": "people"}

    assert said(record) == "people_20130401000000"


def test_the_order_of_several_dimensions_has_to_be_written_down():
    result = {"browser": "Safari", "browserVersion": "8.0"}

    with pytest.raises(Unexpected, match="browser, browserVersion is not said"):
        said({"_timestamp": START}, result)


def test_fields_are_called_by_the_names_they_are_sent_with_or_else_as_the_source_has_them():
    record = {"page": "/new", "pagePath": "/sent"}
    dimensions = {"pagePath": "/seen", "keyword": "k"}

    assert said(record, dimensions, fields=["page", "pagePath", "keyword"]) == "/new_/sent_k"


def test_a_field_that_is_missing_stops_unless_it_is_optional():
    fields = ["page", "detail"]

    assert said({"page": "/a"}, fields=fields, optional=["detail"], separator="|") == "/a|"
    with pytest.raises(Unexpected, match="'detail', and an observation has no such field"):
        said({"page": "/a"}, fields=fields)


def test_a_time_is_spelt_as_configured_and_else_as_it_is_sent():
    record = {"_timestamp": START, "datetime": "2013-04-02T09:00:00+00:00"}
    fields = ["_timestamp", "datetime"]
    forms = {"_timestamp": "%Y-%m-%d %H:%M:%S+00:00", "datetime": "%Y-%m-%d %H:%M:%S"}

    assert (
        said(record, fields=fields, separator="", timestamps=forms)
        == "2013-04-01 00:00:00+00:002013-04-02 09:00:00"
    )
    assert said(record, fields=fields, timestamps={}) == f"{START}_2013-04-02T09:00:00+00:00"
    with pytest.raises(Unexpected, match="the time 'soon', which cannot be read"):
        said({"datetime": "soon"}, fields=["datetime"], timestamps=forms)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (5.0, "5.0"),
        (-5.0, "-5.0"),
        (2 / 3, "0.666666666667"),
        (35.0002927679335, "35.0002927679"),
        (1234567890123.0, "1.23456789012e+12"),
        (123456789012.0, "123456789012.0"),
        (1e16, "1e+16"),
        (1e-07, "1e-07"),
        (float("inf"), "inf"),
        (2**70, "1180591620717411303424"),
        (True, "True"),
        (None, "None"),
        ("Düsseldorf \u2192", "Düsseldorf \u2192"),
        ("\ud800", "\ud800"),
        ("", ""),
    ],
)
def test_values_are_spelt_as_python_2_spelt_them(value, text):
    assert said({"field": value}, fields=["field"]) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_in_an_id_is_the_same_to_twelve_digits(number):
    assert float(said({"rate": number}, fields=["rate"])) == pytest.approx(number, rel=1e-11)


def test_a_plain_id_is_its_text_with_something_for_blanks():
    record = {"check": "name with blanks", "_timestamp": START}
    spec = {"fields": ["check", "_timestamp"], "separator": ".", "blank": "_"}

    assert said(record, encoding="plain", timestamps={}, **spec) == f"name_with_blanks.{START}"


def test_the_id_is_made_of_what_the_steps_leave():
    mapping = {
        "map": {"page": "path"},
        "steps": [{"rank": {}}],
        "id": {"scheme": "legacy", "fields": ["_timestamp", "rank"]},
    }
    result = observe([reading(page="/a", visits=1), reading(page="/b", visits=1)], mapping)

    assert [one["humanId"] for one in result.observations] == [
        "20260601000000_1",
        "20260601000000_2",
    ]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"fields": ["a"]}, "the scheme safe has no fields"),
        ({"scheme": "legacy", "constants": {"a": "b"}}, "the scheme legacy has no constants"),
        ({"scheme": "legacy", "fields": []}, "at least 1 item"),
        (
            {"scheme": "legacy", "fields": ["a"], "optional": ["b"]},
            "b: optional, but not among the fields",
        ),
        (
            {"scheme": "legacy", "timestamps": {"_timestamp": "compact"}},
            "'compact' is not a format of a time, such as %Y-%m-%d",
        ),
    ],
)
def test_a_mistake_in_an_identity_is_told(said, message):
    with pytest.raises(ValueError, match=message):
        IdentitySpec.model_validate(said)
