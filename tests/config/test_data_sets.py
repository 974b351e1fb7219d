"""What ``data_sets`` in platform.yaml says, as values."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.config import load
from collectors.values import DataSet
from tests.config.tides import ENVIRONMENT, SOURCES

SCHEMA = {
    "properties": {
        "count": {"type": "integer", "minimum": 1, "multipleOf": 0.5, "exclusiveMinimum": True},
        "kind": {"enum": ["1", 1, 1.5, True, "true", None, "no", "-", "1.2.3"]},
    }
}
AS_YAML = """
properties:
  count: {type: integer, minimum: 1, multipleOf: .5, exclusiveMinimum: true}
  kind: {enum: ["1", 1, 1.5, true, "true", ~, no, -, 1.2.3]}
"""
AS_JSON = """{"properties": {
  "count": {"type": "integer", "minimum": 1, "multipleOf": 0.5, "exclusiveMinimum": true},
  "kind": {"enum": ["1", 1, 1.5, true, "true", null, "no", "-", "1.2.3"]}}}
"""


@pytest.fixture
def declared(tmp_path):
    """Give the one data set that a platform.yaml declares, beside some files."""

    def read(text, **files):
        for name, content in {"platform.yaml": text, **files}.items():
            (tmp_path / name).write_text(content)
        found = load(tmp_path, tmp_path, sources=SOURCES, environment=ENVIRONMENT)
        assert found.mistakes == ()
        (one,) = found.platform.data_sets
        return one

    return read


def digest(token):
    return hashlib.sha256(token.encode()).digest()


def test_all_of_it(declared):
    one = declared(
        "data_sets:\n  a/b-c: {token: '${TOKEN}', name: old, auto_ids: [x, y], queryable: no, realtime: yes,"
        " capped_size: 4 MB, max_age_expected: 2 hours, published: no, raw_queries_allowed: no}"
    )
    assert one.data_set == DataSet("a", "b-c")
    assert (one.name, one.auto_ids, one.tokens) == ("old", ("x", "y"), (digest("planted-token"),))
    assert (one.capped_size, one.max_age_expected) == (4_000_000, timedelta(hours=2))
    assert (one.realtime, one.queryable, one.published, one.raw_queries_allowed) == (
        True,
        False,
        False,
        False,
    )


def test_what_is_not_said(declared):
    one = declared("data_sets: {a/b-c: {}}")
    assert (one.name, one.tokens, one.schema, one.capped_size) == ("a_b_c", (), None, None)
    assert one.raw_queries_allowed is one.queryable is one.published is True


def test_a_token_may_be_a_digest_a_file_or_a_variable(declared):
    one = declared(
        f"data_sets: {{a/b: {{tokens: ['sha256:{digest('x').hex()}', file:secret, '${{TOKEN}}']}}}}",
        secret="of-the-file\n",
    )
    assert one.tokens == (digest("x"), digest("of-the-file"), digest("planted-token"))
    assert "planted" not in repr(one)


@pytest.mark.parametrize("name", ["schema.yaml", "schema.json"])
def test_a_schema_in_a_file_has_its_types(declared, name):
    content = AS_JSON if name.endswith("json") else AS_YAML
    assert declared(f"data_sets: {{a/b: {{schema: {name}}}}}", **{name: content}).schema == SCHEMA


def test_a_schema_in_the_platform_has_its_types(declared):
    inner = "".join(f"      {line}\n" for line in AS_YAML.strip().splitlines())
    assert declared(f"data_sets:\n  a/b:\n    schema:\n{inner}").schema == SCHEMA


def test_the_schemas_have_a_folder_of_their_own(tmp_path):
    (tmp_path / "schemas").mkdir()
    found = load(tmp_path, Path("credentials"), sources=SOURCES, environment=ENVIRONMENT)
    assert found.warnings == ()
