"""``credentials google``: a consent in a browser, at a local Google; plain HTTP is the browser."""

import json
import logging
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from collectors.api import Refused
from collectors.api.google import GoogleCredential, open_google
from collectors.api.google.consent import ANALYTICS, SPREADSHEETS, ask_consent
from collectors.config import Vault
from tests.google import google_context
from tests.servers.google import (
    CLIENT,
    REFRESH_TOKEN,
    SCOPE,
    GoogleAccount,
    GoogleServer,
)
from tests.servers.http import Answer, HttpServer

CHECKOUT = Path(__file__).parent.parent.parent
PLANTED = (CLIENT["client_secret"], REFRESH_TOKEN, "ya29.", "4/planted-code")


@pytest.fixture
def account():
    return GoogleAccount()


@pytest.fixture
def server(account):
    with GoogleServer(account) as server:
        yield server


@pytest.fixture
def browsed(place, monkeypatch):
    """A place with a browser that consents at once; gives what it was shown."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # Google's fake speaks plain HTTP
    shown = []
    with ThreadPoolExecutor(2) as pool:

        def browse(url):
            shown.append(pool.submit(visit, url))
            return True

        place.browse = browse
        yield shown


def visit(url):
    """Open an address as a browser does, and give the page on which it ends."""
    with urlopen(url, timeout=10) as page:
        return page.read().decode()


def consent(place, server, *options, name="google-analytics", **changes):
    secrets = server.client_secrets(place.directory, **changes)
    return place.run("credentials", "google", name, "--client-secrets", str(secrets), *options)


def mode(path):
    return path.stat().st_mode & 0o777


def assert_silent(*said):
    assert [one for one in PLANTED for text in said if one in text] == []


def test_a_consent_becomes_a_credential_that_logs_in(place, browsed, server, tmp_path):
    done = consent(place, server)

    path, key = place.credentials / "google-analytics.yaml", "google-analytics-user.json"
    assert done.code == 0
    assert done.out == f"{path} and {place.credentials / key} are written\n"
    assert "next: python run_collector.py check" in done.err
    assert browsed[0].result().startswith("Thank you")
    assert yaml.safe_load(path.read_text()) == {"kind": "authorized_user", "key_file": key}
    assert mode(path) == mode(place.credentials / key) == 0o600
    assert sorted(one.name for one in place.credentials.iterdir()) == [key, path.name]

    credential = Vault(place.credentials, {}).credential("google-analytics", GoogleCredential)
    at_google = credential.model_copy(update={"base_url": server.url})
    context = google_context(server, tmp_path, credential=at_google)
    google = open_google(context, "analyticsdata", "v1beta", scopes=[SCOPE])
    asked = google.service.properties().getMetadata(name="properties/94954354/metadata")
    assert "dimensions" in google.execute(asked)


def test_leave_is_asked_for_to_read_figures_for_good_and_nothing_else(place, browsed, server):
    consent(place, server)
    (asked,) = server.account.consents
    assert asked["scope"] == ANALYTICS
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
    assert asked["code_challenge_method"] == "S256"


def test_leave_to_read_spreadsheets_is_asked_for_where_wanted(place, browsed, server, account):
    account.scope = f"{SPREADSHEETS} {ANALYTICS}"
    done = consent(place, server, "--spreadsheets", name="sheets")
    assert done.code == 0
    assert "say `credentials: sheets` in a collector" in done.err
    key = json.loads((place.credentials / "sheets-user.json").read_text())
    assert key["scopes"] == [ANALYTICS, SPREADSHEETS]


def test_a_consent_is_given_again_and_what_else_the_credential_says_stays(place, browsed, server):
    place.secret("google-analytics.yaml", "kind: authorized_user\nkey_file: my.json\nconcurrent: 3")
    place.secret("my.json", "{}")
    assert consent(place, server).code == 0
    assert "concurrent: 3" in (place.credentials / "google-analytics.yaml").read_text()
    assert json.loads((place.credentials / "my.json").read_text())["refresh_token"] == REFRESH_TOKEN
    assert not (place.credentials / "google-analytics-user.json").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: service_account\nkey_file: key.json", "of kind service_account: take another name"),
        ("token: planted", "is no credential of Google's"),
    ],
)
def test_another_credential_is_not_written_over(place, browsed, server, text, said):
    place.secret("google-analytics.yaml", text)
    done = consent(place, server)
    assert done.code == 1
    assert said in done.err
    assert browsed == []
    assert (place.credentials / "google-analytics.yaml").read_text() == text


def test_no_secret_is_told(place, browsed, server, caplog):
    caplog.set_level(logging.DEBUG)
    done = consent(place, server)
    assert done.code == 0
    assert_silent(done.out, done.err, caplog.text)


def test_without_a_browser_the_address_is_printed(place, server, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    secrets = server.client_secrets(place.directory)
    command = [sys.executable, "run_collector.py", "--credentials", str(place.credentials), "-vv"]
    command += ["--config", str(place.config), "credentials", "google", "analytics"]
    command += ["--client-secrets", str(secrets), "--no-browser"]
    with subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        lines = iter(process.stderr.readline, "")
        url = next(line.strip() for line in lines if line.strip().startswith("http"))
        page = visit(url)
        out, err = process.communicate(timeout=30)
    assert page.startswith("Thank you")
    assert process.returncode == 0
    assert "analytics-user.json are written" in out
    assert_silent(out, err)


def test_a_machine_without_a_browser_says_what_to_open(place, server, browsed):
    real = place.browse
    place.browse = lambda url: not real(url)
    assert "open this in a browser:\n\n  http" in consent(place, server).err


def failed(place, server, *options, **changes):
    """What is told, once it is seen that nothing was written and nothing secret said."""
    done = consent(place, server, *options, **changes)
    assert done.code == 1
    assert list(place.credentials.iterdir()) == []
    assert_silent(done.out, done.err)
    return done.err


def test_whoever_says_no_is_heard(place, browsed, server, account):
    account.denied = True
    assert "whoever was asked has said no" in failed(place, server)


def test_who_consents_to_less_is_told_to_tick_every_box(place, browsed, server):
    assert "tick every box" in failed(place, server, "--spreadsheets")


def test_a_wrong_secret_is_google_s_to_tell(place, browsed, server):
    said = failed(place, server, client_secret="planted-client-secret-2")
    assert "Google gives no token (invalid_client: Unauthorized: ****" in said


def test_an_address_that_is_not_encrypted_gets_no_token(place, browsed, server, monkeypatch):
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT")
    assert "insecure_transport" in failed(place, server)


def test_google_may_be_out_of_reach(place, browsed, server):
    said = failed(place, server, token_uri="http://127.0.0.1:9/token")
    assert "http://127.0.0.1:9/token cannot be asked for the token (ConnectionError)" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, b"<html>no</html>"), "missing_token"),
        (Answer(500, b""), "missing_token"),
        (Answer(200, b'{"access_token": "ya29.x"}'), "without its time"),
        (
            Answer(200, b'{"access_token": "ya29.x", "expires_in": 9, "token_type": "Bearer"}'),
            "a token that cannot be renewed",
        ),
    ],
)
def test_an_answer_that_is_no_lasting_token_is_told(place, browsed, server, account, answer, said):
    account.token_faults = [answer]
    assert said in failed(place, server)


def test_a_port_that_is_taken_is_told(place, browsed, server):
    with HttpServer(lambda _: Answer()) as other:
        port = other.url.rpartition(":")[2]
        assert f"the port {port} cannot be used" in failed(place, server, "--port", port)


def test_a_port_may_be_chosen(place, browsed, server):
    with HttpServer(lambda _: Answer()) as other:
        port = other.url.rpartition(":")[2]
    assert consent(place, server, "--port", port).code == 0
    assert server.account.consents[0]["redirect_uri"] == f"http://localhost:{port}/"


def test_nobody_is_waited_for_for_ever(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client = json.loads(server.client_secrets(tmp_path).read_text())
    shown = threading.Event()
    with pytest.raises(Refused, match="nobody consented within 0 minutes"):
        ask_consent(client, [ANALYTICS], port=0, show=lambda _: shown.set(), patience=0.01)
    assert shown.is_set()


@pytest.mark.parametrize("text", ["{}", "[]", '{"installed": {"client_id": "x"}}'])
def test_a_file_that_is_no_client_secrets_is_told(place, text):
    secrets = place.directory / "other.json"
    secrets.write_text(text)
    done = place.run("credentials", "google", "x", "--client-secrets", str(secrets))
    assert done.code == 1
    assert "this is no client_secrets file: make an OAuth client" in done.err


def test_a_file_that_is_no_json_is_told(place):
    secrets = place.directory / "other.json"
    secrets.write_text("{")
    done = place.run("credentials", "google", "x", "--client-secrets", str(secrets))
    assert (done.code, "cannot be read as JSON" in done.err) == (1, True)


def test_a_name_that_is_none_of_a_file_is_wrong_usage(place, server):
    done = consent(place, server, name="../x")
    assert done.code == 2
    assert "is not the name of a file in credentials/" in done.err
