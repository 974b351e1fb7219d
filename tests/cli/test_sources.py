"""``sources``: which there are, and the manual page of one."""

from importlib.metadata import EntryPoint

import pytest

from collectors.api import Source
from collectors.sources import BUILT_IN, GROUP, Offer, Registry, registry


def with_a_broken_source(place):
    """Let the place have Pingdom, and a source whose package is gone."""
    named = {"pingdom": BUILT_IN["pingdom"], "tides": "no_such_package:Tides"}
    place.sources = Registry(
        {name: [Offer.of(EntryPoint(name, value, GROUP))] for name, value in named.items()}
    )


def test_they_are_listed_with_what_they_are(place):
    place.sources = registry()

    done = place.run("sources")

    assert done.code == 0
    (pingdom,) = [line for line in done.out.splitlines() if line.startswith("pingdom ")]
    assert "Uptime and response time of one check, hour by hour" in pingdom
    assert pingdom.split()[-5:] == ["hour", "token,", "base_url", "built", "in"]


def test_as_json_too(place):
    with_a_broken_source(place)

    done = place.run("sources", "--json")

    assert done.code == 1
    assert done.json["sources"] == [
        {
            "source": "pingdom",
            "what": "Uptime and response time of one check, hour by hour (API 3.1).",
            "read": "windows",
            "periods": ["hour"],
            "credential": ["token", "base_url"],
            "from": "built in",
        }
    ]
    (broken,) = done.json["broken"]
    assert broken["source"] == "tides"
    assert "No module named 'no_such_package'" in broken["reason"]


def test_one_that_cannot_be_imported_is_told_and_the_others_are_listed(place):
    with_a_broken_source(place)

    done = place.run("sources")

    assert done.code == 1
    assert done.out.splitlines()[1].startswith("pingdom ")
    assert done.err == (
        "the source 'tides' (no_such_package:Tides) cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_package'\n"
    )
    assert place.run("sources", "tides").code == 2


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_page_of_one_has_its_manual_a_sample_and_every_key(place, name):
    source = registry()[name]

    done = place.run("sources", name)

    assert done.code == 0
    assert f"source: {name}" in done.out
    query = done.out.partition("query:\nkey ")[2]
    assert [key for key in source.model_fields if f"\n{key} " not in query] == []
    if source.credential:
        file = f"credentials/{source.credential_file or name}.yaml"
        login = query.partition(f"{file}:\n")[2]
        assert [key for key in source.credential.model_fields if f"\n{key} " not in login] == []


def test_the_page_of_one_as_json(place):
    page = place.run("sources", "pingdom", "--json").json

    assert page["query"] == [
        {
            "name": "check",
            "kind": "text",
            "required": True,
            "default": None,
            "text": page["query"][0]["text"],
        }
    ]
    assert page["query"][0]["text"].startswith("the check's id")
    assert [key["kind"] for key in page["login"]] == ["secret", "text"]
    assert page["manual"].startswith("Pingdom: ")
    assert "source: pingdom" in page["samples"][0]


def test_kinds_are_told_in_words_and_keys_inside_others_too(place):
    keys = {one["name"]: one for one in place.run("sources", "spreadsheet", "--json").json["query"]}

    assert keys["measures"]["kind"] == "mapping of text or list of text"
    assert keys["labels.shift"]["kind"] == "text"
    assert keys["file"]["required"]


def test_an_unknown_name_is_answered_with_the_nearest(place):
    done = place.run("sources", "pingdon")

    assert done.code == 2
    assert "no source is called 'pingdon' (did you mean 'pingdom'?)" in done.err


def test_a_source_without_a_manual_has_its_keys(place):
    class Tides(Source):
        """The height of the water."""

        name = "tides"
        station: int

    Tides.__module__ = "builtins"
    place.sources = {"tides": Tides}

    done = place.run("sources", "tides")

    assert done.code == 0
    assert "station  whole number  required" in done.out
