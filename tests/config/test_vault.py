"""Credentials and tokens."""

from pathlib import Path

import pytest

from collectors.config import Vault
from collectors.errors import ConfigError
from collectors.values import DataSet, Secret
from tests.config.tides import ENVIRONMENT, Login

JOURNEY = DataSet("carers-allowance", "journey")


@pytest.fixture
def vault(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("credentials").mkdir()
    return Vault(Path("credentials"), ENVIRONMENT)


def put(name: str, text: str) -> None:
    path = Path("credentials", name)
    path.write_text(text)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tides.yaml", "token: planted-token\nbase_url: http://localhost:1\n"),
        ("tides.yml", "token: ${TOKEN}\nbase_url: http://localhost:1\n"),
        ("tides.json", '{"token": "planted\\u002dtoken", "base_url": "http:\\/\\/localhost:1"}'),
    ],
)
def test_a_credential_is_plain_or_a_reference_and_its_secrets_are_wrapped(name, text, vault):
    put(name, text)
    login = vault.credential("tides", Login)
    assert login == Login(token=Secret("planted-token"), base_url="http://localhost:1")
    assert "planted" not in f"{login} {login!r} {login.model_dump_json()}"


def test_a_rotated_credential_counts_at_once(vault):
    put("tides.yaml", "token: planted-first\n")
    assert vault.credential("tides", Login).token == Secret("planted-first")
    put("tides.yaml", "token: planted-second\n")
    assert vault.credential("tides", Login).token == Secret("planted-second")
    put("tokens.yaml", "'*': planted-third")
    assert vault.token("tokens", JOURNEY) == Secret("planted-third")
    put("tokens.yaml", "'*': planted-fourth")
    assert vault.token("tokens", JOURNEY) == Secret("planted-fourth")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "toke: planted-x\n",
            ":1:1: unknown key 'toke' in the credential 'tides' (did you mean 'token'?)",
        ),
        ("token: [planted-x]\n", ":1:8: 'token' in the credential 'tides' holds a plain secret"),
        ("token: ${NO_SUCH}\n", ":1:8: the environment variable 'NO_SUCH' is not set"),
        ("token: ''\n", ":1:8: 'token' in the credential 'tides' is empty: a secret is expected"),
        ("token: {", ":2:1: this is not YAML: "),
        ("planted-x", ":1:1: the credential 'tides' must be a mapping (key: value)"),
        ("token: !planted-x", ":1:8: a tag is not used here"),
        ("token: *planted-x", ":1:8: no such anchor before this"),
        (
            "token: ${TOKEN}\nbase_url: [pl$$anted-x, planted]",
            ":2:11: 'base_url' in the credential 'tides' must be a text, not a list",
        ),
    ],
)
def test_a_wrong_credential_is_told_with_its_place_and_without_its_secret(text, message, vault):
    put("tides.yaml", text)
    with pytest.raises(ConfigError) as caught:
        vault.credential("tides", Login)
    assert str(caught.value).startswith(f"credentials/tides.yaml{message}")
    assert "planted" not in str(caught.value)


def test_a_missing_credential_says_what_to_do(vault):
    with pytest.raises(ConfigError) as caught:
        vault.credential("tides", Login)
    assert str(caught.value) == "credentials/tides.yaml is missing: write it"
    put("tides.yaml.example", "token: x")
    with pytest.raises(ConfigError) as caught:
        vault.credential("tides", Login)
    assert str(caught.value) == (
        "credentials/tides.yaml is missing: "
        "copy credentials/tides.yaml.example to it and fill it in"
    )


@pytest.mark.parametrize(
    ("tokens", "chosen"),
    [
        ("{carers-allowance/journey: exact-one, 'carers-allowance/journe?': other}", "exact-one"),
        ("{'*': any, 'carers-a*/*': group, '*/journey': kind}", "group"),
        ("{'*': any, '*/jo*': kind}", "kind"),
        ("{'[a-d]*/journey': some, '*': any}", "some"),
        ("{'*': '${TOKEN}'}", "planted-token"),
        ("{'*': file:token}", "planted-file"),
    ],
)
def test_the_most_specific_token_wins(tokens, chosen, vault):
    put("tokens.yaml", tokens)
    put("token", "planted-file\n")
    assert vault.token("tokens", JOURNEY) == Secret(chosen)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (
            "{other/journey: planted-x}",
            (
                "credentials/tokens.yaml: no token for the data set carers-allowance/journey: "
                "add 'carers-allowance/journey: <token>'"
            ),
        ),
        (
            "{'carers-*/journey': planted-x, 'carers-a*/journe?': planted-y}",
            (
                "credentials/tokens.yaml:1:54: the patterns 'carers-*/journey' and 'carers-a*/journe?' "
                "fit the data set carers-allowance/journey equally well: "
                "add 'carers-allowance/journey: <token>'"
            ),
        ),
        (
            "{carers: planted-x}",
            "credentials/tokens.yaml:1:2: this key is not <data-group>/<data-type> nor a pattern of them",
        ),
        ("{'*': [planted-x]}", "credentials/tokens.yaml:1:2: the token of '*' must be a text"),
        ("[planted-x]", "credentials/tokens.yaml:1:1: tokens must be a mapping"),
        (
            "{'*': '${EMPTY}'}",
            "credentials/tokens.yaml:1:7: the token of carers-allowance/journey is empty",
        ),
        ("{'*': '${NO_SUCH}'}", "credentials/tokens.yaml:1:7: the environment variable 'NO_SUCH'"),
    ],
)
def test_a_token_that_is_not_there_is_told(tokens, message, vault):
    put("tokens.yaml", tokens)
    with pytest.raises(ConfigError) as caught:
        vault.token("tokens", JOURNEY)
    assert str(caught.value).startswith(message)
    assert "planted" not in str(caught.value)


def test_what_was_given_out_is_scrubbed_however_it_is_spelt(vault):
    put("tides.yaml", """token: 'planted/"secret" one'\n""")
    vault.credential("tides", Login)
    vault.remember(Secret("abc"), Secret("planted-elsewhere"))
    said = """a planted/"secret" one, planted%2F%22secret%22%20one, planted/\\"secret\\" one, abc"""
    assert vault.scrub(said) == "a ****, ****, ****, abc"
    assert vault.scrub("planted-elsewhere") == "****"


def test_files_that_others_may_read_are_named(vault):
    for name, mode in {"a.yaml": 0o600, "b.yaml": 0o640, "c": 0o604, "README.md": 0o644}.items():
        put(name, "x")
        Path("credentials", name).chmod(mode)
    assert [str(one) for one in vault.exposed()] == [
        "credentials/b.yaml:1:1: others may read this file (mode 640): chmod 600 credentials/b.yaml",
        "credentials/c:1:1: others may read this file (mode 604): chmod 600 credentials/c",
    ]


def test_the_examples_can_be_copied_as_they_are(vault):
    examples = Path(__file__).parents[2] / "credentials"
    put("tokens.yaml", (examples / "tokens.yaml.example").read_text())
    put("pingdom.yaml", (examples / "pingdom.yaml.example").read_text())
    put("monitoring-token", "planted-token\n")
    assert vault.token("tokens", JOURNEY) == Secret("write-the-token-here")
    assert vault.token("tokens", DataSet("x", "monitoring")) == Secret("planted-token")
    assert vault.credential("pingdom", Login).token == Secret("write-the-token-here")
