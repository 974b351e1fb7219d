import pytest
from pydantic import ValidationError

from collectors.config.mapping import IdentitySpec, MappingSpec
from collectors.config.steps import Step


@pytest.mark.parametrize("said", ["safe", {"scheme": "safe"}, {}])
def test_an_identity_is_written_as_a_name_or_as_a_mapping(said):
    assert MappingSpec.model_validate({"id": said}).id == IdentitySpec()


def test_an_identity_may_have_constants():
    spec = MappingSpec.model_validate({"id": {"constants": {"channel": "digital"}}})

    assert spec.id == IdentitySpec(scheme="safe", constants={"channel": "digital"})


@pytest.mark.parametrize(
    ("step", "values"),
    [
        ({"drop": ["a", "b"]}, ("a", "b")),
        (
            {"rank": {"by": "visitors", "descending": "false", "group": ["a"], "over": "run"}},
            {
                "field": "rank",
                "by": "visitors",
                "descending": False,
                "group": ("a",),
                "over": "run",
            },
        ),
        (
            {"timestamp": {"date": "day", "hour": "hour"}},
            {"field": "datetime", "date": "day", "hour": "hour"},
        ),
        (
            {"aggregate": {"by": ["a"], "sum": ["b"], "rate": {"c": "b"}}},
            {"by": ("a",), "sum": ("b",), "rate": {"c": "b"}},
        ),
        (
            {"department": {"field": "code", "to": "agency"}},
            {"field": "code", "to": "agency"},
        ),
        (
            {"rate": {"field": "take_up", "of": "digital", "over": "total"}},
            {"field": "take_up", "of": "digital", "over": "total"},
        ),
        (
            {"product": {"field": "total_cost", "of": ["volume", "cost"]}},
            {"field": "total_cost", "of": ("volume", "cost")},
        ),
        (
            {"convert": {"field": "time", "to": "integer", "factor": "0.001"}},
            {"field": "time", "to": "integer", "factor": 0.001},
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_step_is_a_mapping_of_one_key_with_scalars_as_text(step, values):
    spec = Step.model_validate(step)

    assert spec.name == next(iter(step))
    held = spec.spec if isinstance(spec.spec, tuple) else spec.spec.model_dump()
    assert held == values


def test_what_is_added_is_text_unless_it_is_written_as_a_number_or_a_truth_value():
    added = {
        "one": "1",
        "two": {"number": "2"},
        "half": {"number": "0.5"},
        "yes": {"boolean": "true"},
    }
    spec = MappingSpec.model_validate({"add": added})

    assert spec.add == {"one": "1", "two": 2, "half": 0.5, "yes": True}
    assert type(spec.add["two"]) is int


def test_no_mapping_is_every_field_under_its_own_name():
    assert MappingSpec() == MappingSpec(map={}, add={}, steps=(), id=IdentitySpec())


def test_a_mapping_has_a_json_schema():
    added = MappingSpec.model_json_schema()["properties"]["add"]["additionalProperties"]

    assert [one["type"] for one in added["anyOf"]] == ["string", "object"]


@pytest.mark.parametrize(
    ("said", "place", "message"),
    [
        ({"map": {"a": "b-c"}}, ("map", "a"), "Value error, b-c is not a valid key"),
        (
            {"map": {"_timestamp": "when"}},
            ("map", "_timestamp", "[key]"),
            "Value error, every observation needs its _timestamp",
        ),
        (
            {"map": {"a": "_id"}},
            ("map", "a"),
            "Value error, _id is made by the collector and cannot be set",
        ),
        ({"add": {"x": "1"}}, ("add", "x", "[key]"), "Value error, x is not a valid key"),
        ({"add": {"aa": {"number": "one"}}}, ("add", "aa", "number", "int"), None),
        ({"add": {"aa": {}}}, ("add", "aa"), "Value error, say either number or boolean"),
        (
            {"steps": [{"drop": ["a"], "rank": {}}]},
            ("steps", 0),
            (
                "Value error, a step has one key:"
                " drop, rank, aggregate, department, rate, product, convert, timestamp"
            ),
        ),
        ({"steps": [{"shuffle": {}}]}, ("steps", 0, "shuffle"), "Extra inputs are not permitted"),
        (
            {"steps": [{"drop": ["_id"]}]},
            ("steps", 0, "drop", 0),
            "Value error, every observation needs its _id",
        ),
        (
            {"steps": [{"aggregate": {"by": ["aa"], "sum": ["aa"]}}]},
            ("steps", 0, "aggregate"),
            "Value error, aa: a field is grouped by, summed or a rate, once",
        ),
        (
            {"steps": [{"convert": {"field": "a", "to": "text", "factor": "2"}}]},
            ("steps", 0, "convert"),
            "Value error, a factor makes a number or an integer, not text",
        ),
        ({"id": "unsafe"}, ("id", "scheme"), "Input should be 'safe' or 'legacy'"),
        ({"maps": {}}, ("maps",), "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_told_at_its_place(said, place, message):
    with pytest.raises(ValidationError) as error:
        MappingSpec.model_validate(said)

    first = error.value.errors()[0]
    assert first["loc"] == place
    assert message is None or first["msg"] == message
