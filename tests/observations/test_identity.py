from datetime import timedelta
from hashlib import blake2b

from hypothesis import assume, example, given
from hypothesis import strategies as st

from collectors.config.mapping import IdentitySpec
from collectors.observations.identity.safe import safe
from collectors.periods import Period
from tests.observations.mappings import DAY, observe, reading

TRICKY = st.text(
    st.sampled_from(["\n", "\\", "n", "=", "|", ":", "_", " ", "a", "\ud800", "é"]), max_size=6
)
LINES = st.sampled_from(["dimension a", "constant a", "is a", "type a", "span day", "\\='a'"])
TEXT = TRICKY | LINES | st.text(max_size=5)
FIELDS = st.dictionaries(TEXT, TEXT, max_size=3)
WHOLE = st.tuples(
    TEXT,
    st.sampled_from(["2026-06-01T00:00:00+00:00", "2026-06-02T00:00:00+00:00"]),
    st.sampled_from(["", "day", "year"]),
    FIELDS,
    st.dictionaries(TEXT, TEXT | st.none() | st.integers() | st.booleans(), max_size=3),
)


def identity_of(data_type, start, span, constants, dimensions):
    return safe(IdentitySpec(constants=constants), data_type)(start)(dimensions, span, {})


def typed(fields):
    return {name: (type(value), value) for name, value in fields.items()}


@given(WHOLE)
def test_the_same_figure_has_the_same_id_in_whatever_order_its_dimensions_come(whole):
    *rest, dimensions = whole
    turned = dict(reversed(dimensions.items()))

    assert identity_of(*whole) == identity_of(*rest, turned)


@given(WHOLE, WHOLE)
@example(
    ("t", "2026-06-01T00:00:00+00:00", "day", {}, {"a": "x\ny"}),
    ("t", "2026-06-01T00:00:00+00:00", "day", {}, {"a": "x", "y": ""}),
)
def test_different_figures_have_different_ids(one, other):
    assume([*one[:4], typed(one[4])] != [*other[:4], typed(other[4])])

    assert identity_of(*one) != identity_of(*other)


@given(FIELDS, FIELDS)
def test_dimensions_alone_tell_figures_apart(one, other):
    assume(one != other)
    rest = ("journey", "2026-06-01T00:00:00+00:00", "day", {})

    assert identity_of(*rest, one) != identity_of(*rest, other)


@given(st.lists(TEXT, min_size=2, max_size=2), st.lists(TEXT, min_size=2, max_size=2))
def test_a_separator_within_a_value_moves_nothing_into_its_neighbour(one, other):
    assume(one != other)
    rest = ("journey", "2026-06-01T00:00:00+00:00", "day", {})

    assert identity_of(*rest, dict(zip("ab", one, strict=True))) != identity_of(
        *rest, dict(zip("ab", other, strict=True))
    )


def test_an_id_is_the_hash_of_what_it_names_and_never_changes():
    result = observe(
        [reading(page="/a", device="mobile", visits=1)],
        {"id": {"scheme": "safe", "constants": {"channel": "digital"}}},
    )

    said = (
        "type journey\nstart 2026-06-01T00:00:00+00:00\nspan day\nconstant channel\nis digital\n"
        "dimension device\ndimension page\nmobile\n/a"
    )
    assert result.ids == ["1380482569190446ac49bb476ff35a36"]
    assert result.ids == [blake2b(said.encode(), digest_size=16).hexdigest()]


def test_period_span_data_type_and_constants_all_count():
    ids = [
        *observe([reading(visits=1)]).ids,
        *observe([reading(DAY + timedelta(days=1), visits=1)]).ids,
        *observe([reading(visits=1, span=Period.YEAR)]).ids,
        *observe([reading(visits=1)], period=Period.INSTANT).ids,
        *observe([reading(visits=1)], data_set="carers-allowance/other").ids,
        *observe([reading(visits=1)], {"id": {"constants": {"channel": "digital"}}}).ids,
        *observe([reading(visits=1)], {"id": {"constants": {"channel": "paper"}}}).ids,
        *observe([reading(channel="digital", visits=1)]).ids,
    ]

    assert len(set(ids)) == len(ids)


def test_the_figures_do_not_count():
    assert observe([reading(visits=1)]).ids == observe([reading(visits=2, views=3)]).ids


@given(FIELDS.filter(lambda fields: not {"_timestamp", "timeSpan", "dataType"} & fields.keys()))
def test_neither_new_names_nor_constants_nor_dropped_fields_move_a_record(fields):
    name = next(iter(fields), "page")
    mapping = {
        "add": {"added": "a"},
        "map": {name: "renamed"} if name != "_id" else {},
        "steps": [{"drop": ["renamed"]}, {"rank": {}}],
    }
    figures = {**fields, "visits": 1}

    plain = observe([reading(**figures)])
    mapped = observe([reading(**figures)], mapping)

    assert known_ids(plain) == known_ids(mapped)


def known_ids(result):
    rejected = [one.observation for one in result.rejected]
    return [one["_id"] for one in [*result.observations, *rejected]]


def test_an_aggregate_is_what_it_is_grouped_by_under_the_names_of_the_source():
    readings = [reading(page="/a", k="1", visits=1), reading(page="/a", k="2", visits=1)]
    step = {"by": ["page"], "sum": ["visits"]}

    merged = observe(readings, {"steps": [{"aggregate": step}]})
    renamed = observe(
        readings,
        {"map": {"page": "path"}, "steps": [{"aggregate": step | {"by": ["path"]}}]},
    )
    alone = observe([reading(page="/a", visits=2)])

    assert merged.ids == renamed.ids == alone.ids


def test_the_unknown_is_not_the_word_none():
    step = {"steps": [{"aggregate": {"by": ["page"], "sum": ["visits"]}}]}

    assert observe([reading(visits=1)], step).ids != observe([reading(page="None", visits=1)]).ids
