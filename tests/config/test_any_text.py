"""Whatever stands in the files, there are only mistakes, never an exception."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors.config import load, reader
from tests.config.tides import ENVIRONMENT, SOURCES

HERE = Path(__file__).parent
GOOD = [
    path.read_text().encode()
    for path in [*(HERE / "bad").glob("*.yaml"), *(HERE / "good/profiles").glob("*.yaml")]
]
KEYS = "service profile profiles with collectors source query schedule period zone id map steps add"
TOKENS = st.sampled_from(
    [
        *KEYS.split(),
        *":-{}[],&*!|>?%@`\"'#~\n\t$",
        "\n  ",
        "\n    ",
        "- ",
        ": ",
        "${A",
        "$(a)",
        "file:x",
        "&a",
        "*a",
        "tides",
        "moon",
        "daily",
        "null",
        "NO",
        "1",
        "<<",
        "---",
        "é",
        "\x85",
    ]
)
SCALARS = (
    st.none() | st.text() | st.sampled_from(["tides", "moon", "daily", "$(a)", "${A:?b}", "1"])
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)


def mistakes_of(content: bytes) -> tuple:
    with TemporaryDirectory() as directory:
        config = Path(directory, "config")
        for name in ("platform.yaml", "profiles/transaction.yaml", "services/x.yaml"):
            path = config / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return load(config, config, sources=SOURCES, environment=ENVIRONMENT).mistakes


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(content):
    assert all("\n" not in str(one) for one in mistakes_of(content))


@given(st.lists(TOKENS).map("".join))
def test_any_pile_of_yaml(text):
    assert all("\n" not in str(one) for one in mistakes_of(text.encode()))


@given(TREES)
def test_any_tree(tree):
    assert mistakes_of(json.dumps(tree).encode())


@given(st.sampled_from(GOOD), st.data())
def test_any_file_with_a_piece_cut_out_or_swapped(content, data):
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    piece = data.draw(st.binary(max_size=3) | TOKENS.map(str.encode))
    mistakes_of(content[:start] + piece + content[end:])


@pytest.mark.parametrize("path", sorted((HERE / "bad").glob("*.yaml")), ids=lambda one: one.stem)
def test_the_pure_loader_finds_mistakes_in_the_same_files(path, monkeypatch):
    fast = len(mistakes_of(path.read_bytes()))
    monkeypatch.setattr(reader, "LOADER", yaml.Loader)
    assert len(mistakes_of(path.read_bytes())) == fast
