"""One bad file for each rule in ``bad/``, with its exact messages in the comments at its top.

``# expect:`` gives a message after ``config/<file>:``; ``# as:`` the file's place in ``config/``.
"""

import re
from collections import UserDict
from pathlib import Path

import pytest

from collectors.config import load
from collectors.config.model import Configuration
from collectors.errors import ConfigError
from tests.config.tides import ENVIRONMENT, SOURCES

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))
PROFILE = (HERE / "good/profiles/transaction.yaml").read_text()


def read(config: Path) -> Configuration:
    return load(config, Path("credentials"), sources=SOURCES, environment=ENVIRONMENT)


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("profiles", "services"):
        Path("config", folder).mkdir(parents=True)
    Path("config/profiles/transaction.yaml").write_text(PROFILE)
    return Path("config")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_rule_has_its_message_and_its_place(path, config):
    text = path.read_text()
    kind = re.search("^# as: (.*)$", text, re.MULTILINE)
    name = kind[1] if kind else f"services/{path.name}"
    (config / name).write_text(text)
    expected = re.findall("^# expect: (.*)$", text, re.MULTILINE)
    assert [str(one) for one in read(config).mistakes] == [f"config/{name}:{e}" for e in expected]


def test_no_message_holds_a_secret():
    assert not [path for path in BAD if "planted" in "".join(_expectations(path))]


def _expectations(path):
    return re.findall("^# expect: (.*)$", path.read_text(), re.MULTILINE)


def write(config: Path, files: dict[str, str | bytes]) -> list[str]:
    for name, content in files.items():
        path = config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [str(one) for one in read(config).mistakes]


GOOD = "service: good\ncollectors: {phases: {source: moon, schedule: daily}}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "1:1: the file is empty"),
        (b"service: x\ntitle: \xa3", "2:8: the file is not UTF-8: save it in that encoding"),
        (
            b"title: \x07",
            "1:8: this is not YAML: it holds a character that YAML does not allow",
        ),
        (b"#" * 1_000_001, "1:1: the file is larger than 1,000,000 bytes"),
        (b"[" * 900_000, "1:42: nested deeper than 40 levels"),
        (b"text", "1:1: the service must be a mapping (key: value), not 'text'"),
        (b"~", "1:1: the service must be a mapping (key: value), not nothing"),
    ],
)
def test_a_file_that_is_no_yaml_at_all_has_its_message(content, message, config):
    told = write(config, {"services/x.yaml": content, "services/good.yaml": GOOD})
    assert told == [f"config/services/x.yaml:{message}"]
    assert list(read(config).collectors) == ["good/phases"]


def test_all_mistakes_of_all_files_come_in_one_go_in_their_order(config):
    told = write(
        config,
        {
            "platform.yaml": "workers: none\n",
            "profiles/broken.yaml": "collectors: []\n",
            "services/b.yaml": "service: b\nprofile: brocken\n",
            "services/a.yaml": "service: a\ncollectors: {phases: {source: moon, scedule: daily}}\n",
            "services/good.yaml": GOOD,
        },
    )
    assert told == [
        "config/platform.yaml:1:10: 'workers' in the platform must be a whole number, not 'none'",
        (
            "config/profiles/broken.yaml:1:13: 'collectors' in the profile 'broken' must be a mapping "
            "(key: value), not a list"
        ),
        (
            "config/services/a.yaml:2:37: unknown key 'scedule' in collector 'a/phases' "
            "(did you mean 'schedule'?)"
        ),
        "config/services/b.yaml:2:10: unknown profile 'brocken' (did you mean 'broken'?)",
    ]
    assert list(read(config).collectors) == ["good/phases"]
    assert read(config).platform.workers == 16


def test_a_mistake_in_a_profile_is_told_once_for_all_its_services(config):
    profile = "collectors: {tide: {source: tides, schedule: daily, query: {station: one}}}\n"
    files = {f"services/{name}.yaml": f"service: {name}\nprofile: bad\n" for name in "abc"}
    assert write(config, {"profiles/bad.yaml": profile, **files}) == [
        (
            "config/profiles/bad.yaml:1:70: 'station' in the query of collector 'a/tide' and 2 more "
            "must be a whole number, not 'one'"
        )
    ]


def test_a_broken_profile_is_told_once_and_its_services_are_left_out(config):
    files = {"profiles/bad.yaml": "collectors: {", "services/a.yaml": "service: a\nprofile: bad\n"}
    told = write(config, {**files, "services/good.yaml": GOOD})
    assert told == [
        "config/profiles/bad.yaml:2:1: this is not YAML: did not find expected node content"
    ]
    assert list(read(config).collectors) == ["good/phases"]


def test_two_files_with_one_collector_are_a_mistake_in_the_second(config):
    told = write(config, {"services/a.yaml": GOOD, "services/b.yaml": GOOD})
    assert told == [
        (
            "config/services/b.yaml:2:14: a second collector 'good/phases': "
            "the first is at config/services/a.yaml:2:14"
        )
    ]


def test_two_services_that_write_one_data_set_are_a_mistake_in_the_second(config):
    other = (
        "service: other\ncollectors:\n  p: {source: moon, schedule: daily, data_set: good/phases}"
    )
    told = write(config, {"services/a.yaml": GOOD, "services/b.yaml": other})
    assert told == [
        (
            "config/services/b.yaml:3:3: collector 'other/p' writes the data set good/phases as "
            "'good/phases' does (config/services/a.yaml:2:14): give it its own 'data_set', or a "
            "constant in its 'id'"
        )
    ]


def test_a_disabled_collector_does_not_compete_for_its_data_set(config):
    other = (
        "service: other\ncollectors:\n"
        "  p: {source: moon, schedule: daily, data_set: good/phases, enabled: NO}"
    )
    assert write(config, {"services/a.yaml": GOOD, "services/b.yaml": other}) == []


def test_a_directory_that_is_missing_is_a_mistake(tmp_path):
    told = [str(one) for one in read(tmp_path / "nowhere").mistakes]
    assert told == [f"{tmp_path}/nowhere:1:1: there is no such directory: name it with --config"]


def test_files_that_are_never_read_are_warned_about(config):
    write(config, {"platfrom.yaml": "", "service/x.yaml": "", "services/.x.yaml": "{", "a.csv": ""})
    assert [str(one) for one in read(config).warnings] == [
        "config/platfrom.yaml:1:1: this is not read (did you mean 'platform.yaml'?)",
        "config/service:1:1: this is not read (did you mean 'services'?)",
    ]


def test_a_zone_that_changes_nothing_is_warned_about(config):
    write(config, {"services/a.yaml": GOOD.replace("daily", "daily, zone: Europe/London")})
    assert [str(one) for one in read(config).warnings] == [
        (
            "config/services/a.yaml:2:54: the source 'moon' counts in UTC: 'zone' changes nothing in "
            "collector 'good/phases'"
        )
    ]
    assert read(config).collectors["good/phases"].zone.key == "UTC"


def test_a_value_of_the_environment_is_not_shown_by_a_source_that_repeats_it(config):
    text = (
        "service: x\ncollectors:\n  a: {source: tides, schedule: daily,"
        ' query: {station: 1, note: "${WORD} ${WORD} ${WORD}"}}\n'
    )
    assert write(config, {"services/x.yaml": text}) == [
        (
            "config/services/x.yaml:3:65: 'note' in the query of collector 'x/a': "
            "'${WORD} ${WORD} ${WORD}' is longer than 20 letters"
        )
    ]


def test_what_is_no_directory_or_no_file_is_told(config):
    (config / "services").rmdir()
    (config / "services").write_text("x")
    (config / "platform.yaml").mkdir()
    assert [str(one) for one in read(config).mistakes] == [
        "config/platform.yaml:1:1: this is not a file",
        "config/services:1:1: the directory cannot be read: Not a directory",
    ]


class BrokenPlugin(UserDict):
    def __missing__(self, name):
        raise ConfigError(f"the source {name!r} cannot be imported")

    def __contains__(self, name):
        return True


def test_a_source_that_cannot_be_imported_is_a_mistake(config):
    write(config, {"services/a.yaml": GOOD})
    found = load(config, config, sources=BrokenPlugin(), environment={}).mistakes
    assert [str(one) for one in found] == [
        (
            "config/services/a.yaml:2:31: the source 'moon' cannot be imported "
            "(collector 'good/phases')"
        )
    ]


def test_two_profiles_of_one_name_are_a_mistake(config):
    assert write(config, {"profiles/transaction.yml": PROFILE}) == [
        (
            "config/profiles/transaction.yml:1:1: config/profiles/transaction.yaml has the same name: "
            "remove one"
        )
    ]
