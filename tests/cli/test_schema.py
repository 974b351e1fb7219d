"""``schema``: what editors are given."""

import json
import re

import pytest
from jsonschema import Draft202012Validator

from collectors.config.json_schema import KINDS
from tests.cli.test_sources import with_a_broken_source
from tests.config.editors import places


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints_the_schema_of_one_kind_of_file(place, kind):
    done = place.run("schema", kind)

    assert (done.code, done.err) == (0, "")
    Draft202012Validator.check_schema(done.json)


def test_installed_sources_take_part(place):
    text = "service: x\ncollectors: {y: {source: feed, query: {{{}: a}}}}"

    schema = place.run("schema", "service").json

    assert places(schema, text.replace("{{{}: a}}", "{url: a}")) == set()
    assert places(schema, text.replace("{{{}: a}}", "{ulr: a}"))


def test_it_writes_all_and_says_how_to_connect_them(place, tmp_path):
    there = tmp_path / "my" / "schemas"

    done = place.run("schema", "--to", str(there))

    assert done.code == 0
    assert done.out.split() == [f"{there}/{kind}.json" for kind in KINDS]
    assert json.loads((there / "service.json").read_text())["required"] == ["service"]
    settings = json.loads(re.search(r"^\{.*^\}", done.err, re.DOTALL | re.MULTILINE)[0])
    assert settings["yaml.schemas"][f"{there}/service.json"] == f"{place.config}/services/*.yaml"
    line = re.search(r"# yaml-language-server: \$schema=(.+)", done.err)[1]
    assert (place.config / "services" / line).resolve() == there / "service.json"


def test_it_writes_one_alone(place, tmp_path):
    assert place.run("schema", "profile", "--to", str(tmp_path / "there")).code == 0
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["profile.json"]


def test_neither_a_kind_nor_a_directory_is_wrong_usage(place):
    done = place.run("schema")

    assert done.code == 2
    assert "name a kind (platform, profile, service, credential, tokens) or a directory" in done.err


def test_a_directory_that_cannot_be_made_is_told(place, tmp_path):
    (tmp_path / "file").write_text("")

    done = place.run("schema", "--to", str(tmp_path / "file" / "schemas"))

    assert done.code == 2
    assert "file/schemas/platform.json cannot be written: Not a directory" in done.err


def test_a_source_that_cannot_be_imported_is_told_and_left_out(place):
    with_a_broken_source(place)

    done = place.run("schema", "service")

    assert done.code == 1
    assert "the source 'tides' (no_such_package:Tides) cannot be imported" in done.err
    known = done.json["$defs"]["Collector.part"]["properties"]["source"]["anyOf"]
    assert [one["const"] for one in known if "const" in one] == ["pingdom"]
