"""One bad file for each rule in ``bad/``, with its exact messages in the comments at its top.

``# expect:`` gives a message after ``config/<file>:``; ``# as:`` the file's place in ``config/``.
"""

import re
from pathlib import Path

import pytest

from collectors.config import load
from collectors.config.model import Configuration
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
