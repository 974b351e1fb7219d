"""The JSON Schemas of the files, as a real validator and an editor see them."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from typing_extensions import TypeAliasType

from collectors.api import Source
from collectors.config.json_schema import KINDS, query, schema
from collectors.config.json_schema_fields import keys_of
from collectors.errors import ConfigError
from collectors.sources import BUILT_IN, manual, registry
from tests.config.editors import offered, places
from tests.config.tides import SOURCES

CHECKOUT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))
GOOD = [
    *sorted((CHECKOUT / "config").glob("**/*.yaml")),
    *sorted((HERE / "good").glob("**/*.yaml")),
    *sorted((CHECKOUT / "credentials").glob("*.example")),
]
NOT_SEEN = {
    "anchor-in-itself": "no tree can be made of it",
    "anchor-unknown": "no tree can be made of it",
    "bad-cron": "what a field of cron text may hold is no pattern",
    "cron-without-period": "the period may come from a profile",
    "data-sets-schemas": "whether a schema is one, another validator has to say",
    "data-sets-that-contradict-themselves": "it is a rule about two keys",
    "duplicate-key": "the parser has dropped one of them",
    "key-not-text": "JSON has no such keys",
    "missing-parameter": "the parameter is declared in another file",
    "names-of-fields": "the name may be mapped in another file",
    "null-removes-nothing": "the collector would be in another file",
    "parameter-in-service": "it stands in a text, where any text may",
    "parameter-of-wrong-type": "it is used in another file",
    "parameter-without-profile": "it is a rule about two keys",
    "platform-databases": "what names a database, SQLAlchemy has to say",
    "profile-and-profiles": "it is a rule about two keys",
    "reference-unset": "the environment is known to the machine",
    "referenced-values-are-not-shown": "the environment is known to the machine",
    "replace-not-alone": "it is a rule about two collectors",
    "splay-too-long": "it is a rule about two keys",
    "same-data-set": "it is a rule about two collectors",
    "syntax-error": "no tree can be made of it",
    "tag": "no tree can be made of it",
    "two-documents": "the other document is another tree",
    "unknown-parameter": "the parameter is declared in another file",
    "unknown-profile": "the profile is another file",
    "unquoted-reference": "no tree can be made of it",
}
"""The bad files that no schema can refuse, and why."""


@cache
def made(kind, tides=False):
    sources = SOURCES if tides else {name: registry()[name] for name in BUILT_IN}
    return schema(kind, sources, manual)


def kind_of(path):
    if path.suffix == ".example":
        return "tokens" if path.name.startswith("tokens") else "credential"
    return path.stem if path.stem == "platform" else path.parent.name.removesuffix("s")


@pytest.mark.parametrize("tides", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_is_one(kind, tides):
    Draft202012Validator.check_schema(made(kind, tides))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_good_file_is_valid(path):
    assert places(made(kind_of(path), "good" in path.parts), path.read_text()) == set()


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_sample_of_a_manual_is_valid(name):
    samples = [
        block.sample for block in manual.blocks(registry()[name]) if "source:" in block.sample
    ]
    assert samples
    for sample in samples:
        inner = sample.replace("\n", "\n    ")
        text = sample if "collectors:" in sample else f"service: x\ncollectors:\n  y:\n    {inner}"
        assert places(made("service"), text) == set()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_unless_no_schema_can_see_what_is_wrong(path):
    text = path.read_text()
    found = re.search("^# as: (platform|profile)", text, re.MULTILINE)
    try:
        refused = bool(places(made(found[1] if found else "service", tides=True), text))
    except (yaml.YAMLError, RecursionError):
        refused = False
    assert refused == (path.stem not in NOT_SEEN)


def test_the_bad_files_that_are_not_seen_are_there():
    assert set(NOT_SEEN) <= {path.stem for path in BAD}


def collector(line):
    text = f"service: x\ncollectors:\n  y:\n    source: tides\n    {line}\n"
    return {place.removeprefix("collectors.y.") for place in places(made("service", True), text)}


@pytest.mark.parametrize(
    "line",
    [
        "query: {station: 7, level: high, exact: yes, note: 12, parts: [{pattern: a}]}",
        'query: {station: "7", exact: "true", note: true, either: {pattern: b}, tags: [1, a]}',
        "query: {station: '${STATION}', level: '${LEVEL:-low}', exact: '${EXACT}', note: file:x}",
        "query: {token: '${TOKEN}', day: 2014-01-01, either: 3, ports: [1, '2']}",
        "query: {note: null, parts: null}",
        "query: null",
        "query: {}",
        "since: 2014-01-01",
        "deadline: 90 minutes",
        "schedule: 30 6 * * 1-5",
        "schedule: every 2 minutes",
        "schedule: daily at 06:30",
        "schedule: weekly on monday at 06:30 in Europe/London",
        "schedule: monthly on 15 in UTC",
        "schedule: 30 6 * * MON-FRI in Asia/Kolkata",
        "splay: 90 minutes",
        "schedule: '${SCHEDULE}'",
        "enabled: no",
        "batch: 500",
        "batch: '500'",
        "id: safe",
        "id: {constants: {channel: 1}}",
        "add: {channel: digital, weight: {number: 3}, year: 2014}",
        "steps: [{drop: [a]}, {rate: {field: a, of: b, over: c}}]",
        "credentials: other",
        "period: hour",
    ],
)
def test_a_value_may_be_written_as_it_is_read(line):
    assert collector(line) == set()


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("query: {staton: 7}", "query"),
        ("query: {station: seven}", "query.station"),
        ("query: {station: [7]}", "query.station"),
        ("query: {level: middle}", "query.level"),
        ("query: {parts: [{weight: 1}]}", "query.parts.0"),
        ("query: {parts: {pattern: a}}", "query.parts"),
        ("query: {token: planted}", "query.token"),
        ("schedule: 5", "schedule"),
        ("schedule: dayly", "schedule"),
        ("schedule: daily at 6:30", "schedule"),
        ("schedule: weekly on mondy at 06:30", "schedule"),
        ("deadline: 3", "deadline"),
        ("since: 2014", "since"),
        ("enabled: perhaps", "enabled"),
        ("batch: 0", "batch"),
        ("batch: many", "batch"),
        ("steps: [{drop: [a], rank: {}}]", "steps.0"),
        ("steps: [{rate: {field: a}}]", "steps.0.rate"),
        ("id: saef", "id"),
        ("credentials: a/b", "credentials"),
        ("period: fortnight", "period"),
    ],
)
def test_a_mistake_is_found_in_its_place(line, place):
    assert place in collector(line)


def test_the_source_decides_what_period_and_credentials_there_are():
    moon = "service: x\ncollectors:\n  y: {{source: moon, {}}}\n"
    assert places(made("service", True), moon.format("period: day")) == set()
    assert "collectors.y.period" in places(made("service", True), moon.format("period: month"))
    assert "collectors.y.credentials" in places(
        made("service", True), moon.format("credentials: z")
    )


def test_without_a_source_a_query_may_be_that_of_any():
    text = "service: x\ncollectors: {{y: {{query: {{{}}}}}}}"
    assert places(made("service", True), text.format("station: 7")) == set()
    assert places(made("service", True), text.format("staton: 7"))


def test_in_a_profile_a_parameter_may_stand_for_anything():
    text = "collectors: {y: {source: $(s), labels: $(l), query: $(q), enabled: $(e), id: $(i)}}"
    assert places(made("profile", True), text) == set()
    assert "collectors.y.labels" in places(made("service", True), f"service: x\n{text}")


def test_an_editor_completes_the_keys_of_a_query_with_their_texts():
    text = "service: x\ncollectors:\n  y:\n    source: pingdom\n    query:\n"
    assert offered(made("service"), text, "collectors", "y", "query") == {
        "check": (
            "the check's id, which is in its address in the console, or its exact name. An id is "
            "better: names need not be unique, and a check that is renamed is no longer found by "
            "its old one."
        )
    }
    assert {"file", "where", "measures"} <= offered(
        made("service"), text.replace("pingdom", "spreadsheet"), "collectors", "y", "query"
    ).keys()


def test_an_editor_completes_the_keys_of_every_level():
    text = "service: x\ncollectors:\n  y:\n    source: tides\n    steps: []\n"
    assert {"service", "profile", "with"} <= offered(made("service"), text).keys()
    keys = offered(made("service", tides=True), text, "collectors", "y")
    assert keys["deadline"].startswith("How long after its end")
    assert {"source", "query", "steps", "id"} <= keys.keys()
    assert {"limit"} == offered(made("platform"), "", "outbox").keys()


def properties(part):
    """Each property that is described somewhere in the schema, with its name."""
    if isinstance(part, list):
        for one in part:
            yield from properties(one)
    elif isinstance(part, dict):
        for name, inner in part.items():
            if name == "properties":
                yield from inner.items()
            yield from properties(inner)


@pytest.mark.parametrize("kind", ["platform", "profile", "service"])
def test_every_key_is_explained(kind):
    whole = {name: one for name, one in made(kind).items() if name != "$defs"}
    definitions = {
        name: {key: inner for key, inner in one.items() if key != "allOf"}
        for name, one in made(kind)["$defs"].items()
        if "query" not in name or name.endswith(".query.part")
    }
    found = list(properties([whole, definitions]))
    assert len(found) > 10
    assert [name for name, one in found if not one.get("description")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_default_is_valid(kind):
    whole = made(kind, tides=True)
    for name, one in properties(whole):
        if "default" in one:
            validator = Draft202012Validator({**one, "$defs": whole["$defs"]})
            assert validator.is_valid(one["default"]), name


def test_a_plain_secret_is_for_the_credentials():
    sources = made("credential", tides=True)
    assert places(sources, "token: planted") == set()
    assert places(sources, "token: 123\nbase_url: https://a.example") == set()
    assert places(sources, "tokne: planted")
    assert places(made("tokens"), "a/b: planted\n'*/c': file:x\n") == set()
    assert places(made("tokens"), "ab: planted")


class Odd(Source):
    name: ClassVar[str] = "odd"
    thing: object
    place: frozenset[complex] = frozenset()


class Reach(BaseModel):
    model_config = ConfigDict(extra="forbid")
    metres: int

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, value):
        return {"metres": value.removesuffix(" m")} if isinstance(value, str) else value


class Rivers(Source):
    name: ClassVar[str] = "rivers"
    reach: Reach | None = None
    banks: Annotated[tuple[str, ...], BeforeValidator(str.split)] = ()


def test_what_a_model_makes_of_a_text_may_be_one():
    rivers = schema("service", {"rivers": Rivers}, manual)
    text = "service: x\ncollectors: {{y: {{source: rivers, query: {{{}}}}}}}"
    assert places(rivers, text.format("reach: 7 m, banks: left right")) == set()
    assert places(rivers, text.format("reach: {metres: 7}")) == set()
    assert places(rivers, text.format("reach: {meters: 7}"))


Trees = TypeAliasType("Trees", "list[Trees] | str")


class Branch(BaseModel):
    branches: list["Branch"] = []


class Forest(Source):
    name: ClassVar[str] = "forest"
    trees: Trees = ""
    branch: Branch | None = None


def test_what_holds_itself_is_described_once():
    forest = schema("service", {"forest": Forest}, manual)
    text = "service: x\ncollectors: {{y: {{source: forest, query: {{{}}}}}}}"
    assert places(forest, text.format("trees: [[a, [b]]]")) == set()
    assert places(forest, text.format("trees: {}")) != set()
    assert places(forest, text.format("branch: {branches: [{branches: []}]}")) == set()
    assert places(forest, text.format("branch: {branches: [{branches: 7}]}")) != set()
    assert [key.name for key in keys_of(query("forest", Forest, manual))] == [
        "trees",
        "branch",
        "branch.branches",
    ]


class Broken(Source):
    name: ClassVar[str] = "broken"

    @classmethod
    def __get_pydantic_json_schema__(cls, core, handler):
        raise RuntimeError("planted")


def test_what_has_no_schema_may_be_anything():
    text = "service: x\ncollectors: {y: {source: odd, query: {thing: [{a: 1}], place: [1j]}}}"
    assert places(schema("service", {"odd": Odd}, manual), text) == set()


def test_a_source_that_cannot_be_described_is_told():
    with pytest.raises(ConfigError, match="source 'broken' cannot be described: RuntimeError"):
        schema("service", {"broken": Broken}, manual)
