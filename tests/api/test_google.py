"""The door to Google: logging in with each kind of key, over the real client, at a local Google."""

import json
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.api import CollectorError, HttpClient, Refused, Secret, Unavailable, Unexpected
from collectors.api.google import GoogleCredential, open_google
from collectors.clock import FixedClock
from collectors.config import Vault
from tests.contexts import NOW, RecordingSleep
from tests.google import google_context
from tests.servers.google import (
    CLIENT,
    KEY,
    REFRESH_TOKEN,
    SCOPE,
    GoogleAccount,
    GoogleServer,
    failed,
)
from tests.servers.http import Answer, HttpServer, html_answer, json_answer

CHECKOUT = Path(__file__).parent.parent.parent
NAME = "properties/94954354/metadata"
PLANTED = (REFRESH_TOKEN, CLIENT["client_secret"], "ya29.", "PRIVATE KEY")


@pytest.fixture
def account():
    return GoogleAccount()


@pytest.fixture
def server(account):
    with GoogleServer(account) as server:
        yield server


def ask(context, scope=SCOPE, **options):
    google = open_google(context, "analyticsdata", "v1beta", scopes=[scope], **options)
    return google.execute(google.service.properties().getMetadata(name=NAME))


def user(server, directory, **changes):
    path = server.authorized_user(directory, **changes)
    return GoogleCredential(kind="authorized_user", key_file=path, base_url=server.url)


def stored(server, directory, **changes):
    secrets, storage = server.stored(directory, **changes)
    return GoogleCredential(
        kind="stored", client_secrets=secrets, storage=storage, base_url=server.url
    )


def refusal(context, **options):
    """The message of the error that asking ends in; it never tells a secret."""
    with pytest.raises(CollectorError) as caught:
        ask(context, **options)
    assert not [one for one in PLANTED if one in f"{caught.value} {vars(caught.value)}"]
    return caught.value


def tokens(server):
    return sum(one.path == "/token" for one in server.requests)


# Kinds of key


@pytest.mark.parametrize("kind", ["service_account", "authorized_user", "stored"])
def test_each_kind_of_key_logs_in(server, tmp_path, kind):
    credentials = {"authorized_user": user, "stored": stored}
    make = credentials.get(kind)
    overrides = {"credential": make(server, tmp_path)} if make else {}
    context = google_context(server, tmp_path, **overrides)
    assert ask(context)["name"] == NAME
    assert [one.path for one in server.requests] == ["/token", f"/v1beta/{NAME}"]
    sent = server.requests[1].headers
    assert sent["authorization"].startswith("Bearer ya29.")
    assert sent["x-goog-api-client"].startswith("gdcl/")
    assert {one for one in context.hide.texts if one.startswith("ya29.planted")}


def test_a_token_is_asked_for_once_by_all_who_share_it(server, tmp_path):
    context = google_context(server, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ask(context), range(8)))
    assert tokens(server) == 1


def test_nothing_is_asked_of_google_but_the_token_and_the_report(server, tmp_path):
    context = google_context(server, tmp_path)
    before = threading.active_count()
    ask(context)
    assert threading.active_count() <= before + 2  # the server's own
    assert len(server.requests) == 2


@pytest.mark.parametrize("make", [user, stored])
def test_a_renewed_token_is_written_back_for_the_next_process(server, tmp_path, make):
    credential = make(server, tmp_path)
    ask(google_context(server, tmp_path, credential=credential))
    written = json.loads(credential.file.read_text())
    assert written["refresh_token"] == REFRESH_TOKEN
    assert credential.file.stat().st_mode & 0o777 == 0o600
    ask(google_context(server, tmp_path, credential=credential))
    assert tokens(server) == 1
    left = [one for one in tmp_path.iterdir() if one.name.startswith(f".{credential.file.name}.")]
    assert [one.name for one in left] == [f".{credential.file.name}.lock"]


def test_what_else_a_key_file_says_stays(server, tmp_path):
    credential = user(server, tmp_path, account="somebody@example.gov.uk")
    ask(google_context(server, tmp_path, credential=credential))
    assert json.loads(credential.file.read_text())["account"] == "somebody@example.gov.uk"


def test_a_storage_that_is_written_back_is_one_that_oauth2client_reads(server, tmp_path):
    credential = stored(server, tmp_path)
    ask(google_context(server, tmp_path, credential=credential))
    written = json.loads(credential.file.read_text())
    assert written["_class"] == "OAuth2Credentials"
    assert written["access_token"] in server.account.tokens
    assert datetime.fromisoformat(written["token_expiry"]) > datetime.now(UTC)


def test_a_token_that_is_good_is_used_without_asking(server, tmp_path):
    expiry = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    server.account.tokens["ya29.kept"] = REFRESH_TOKEN
    ask(
        google_context(
            server, tmp_path, credential=user(server, tmp_path, token="ya29.kept", expiry=expiry)
        )
    )
    ask(
        google_context(
            server,
            tmp_path,
            credential=stored(server, tmp_path, access_token="ya29.kept", token_expiry=expiry),
        )
    )
    assert tokens(server) == 0


def test_processes_that_need_a_token_at_once_renew_it_one_after_the_other(server, tmp_path):
    credential = user(server, tmp_path)
    contexts = [google_context(server, tmp_path, credential=credential) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:  # each context has its own shared things, as a process has
        list(pool.map(ask, contexts))
    assert tokens(server) == 1


def test_a_key_that_cannot_be_written_back_is_used_all_the_same(server, tmp_path, nobody_special):
    folder = tmp_path / "mounted"
    folder.mkdir()
    context = google_context(server, tmp_path, credential=user(server, folder))
    folder.chmod(0o500)
    try:
        ask(context)
        ask(context)
    finally:
        folder.chmod(0o700)
    assert tokens(server) == 1
    assert [event for _, event, _ in context.log.events] == ["renewed token not kept"]


def test_a_token_that_google_forgot_is_renewed_once_and_the_request_made_again(server, tmp_path):
    context = google_context(server, tmp_path)
    ask(context)
    server.account.forget_tokens()
    assert ask(context)["name"] == NAME
    assert tokens(server) == 2


def test_a_file_of_a_new_key_is_read_without_a_restart(server, tmp_path):
    credential = user(server, tmp_path, refresh_token="1//withdrawn")
    context = google_context(server, tmp_path, credential=credential)
    refusal(context)
    user(server, tmp_path)
    assert ask(context)["name"] == NAME


# What can be wrong with a key


def test_a_key_that_is_missing_says_where_it_is_looked_for(server, tmp_path):
    credential = GoogleCredential(kind="service_account", key_file=tmp_path / "none.json")
    error = refusal(google_context(server, tmp_path, credential=credential))
    assert isinstance(error, Refused)
    assert str(error) == (
        f"{tmp_path}/none.json cannot be read: No such file or directory; put the key file there"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "is not JSON; get the key file anew"),
        ("[]", "is not a JSON object; get the key file anew"),
        ("{}", "is no key of Google's; the credential says kind: service_account"),
        ('{"type": "service_account"}', "is damaged: a field of it is missing or wrong"),
        ('{"type": "authorized_user"}', "is of the kind 'authorized_user'; the credential says"),
        (
            '{"installed": {}}',
            "is the client_secrets of an application, which is half of kind: stored",
        ),
        ('{"_class": "OAuth2Credentials", "refresh_token": "x"}', "is a storage of oauth2client"),
    ],
)
def test_a_key_of_another_kind_or_a_damaged_one_says_so(server, tmp_path, content, said):
    path = tmp_path / "wrong.json"
    path.write_text(content)
    credential = GoogleCredential(kind="service_account", key_file=path)
    error = refusal(google_context(server, tmp_path, credential=credential))
    assert isinstance(error, Refused)
    assert said in str(error)


def test_a_private_key_that_is_damaged_is_not_told(server, tmp_path):
    context = google_context(server, tmp_path)
    server.service_account(tmp_path, private_key="-----BEGIN PRIVATE KEY-----\nplanted")
    error = refusal(context)
    assert "is damaged" in str(error)
    assert "planted" not in str(error)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"_class": "SignedJwtAssertionCredentials"},
            "holds SignedJwtAssertionCredentials, not a person's",
        ),
        ({"invalid": True}, "has been refused before"),
        ({"refresh_token": None}, "cannot be renewed"),
        ({"client_id": "other"}, "belongs to another client"),
    ],
)
def test_a_storage_that_cannot_be_used_says_why(server, tmp_path, changes, said):
    credential = stored(server, tmp_path, **changes)
    assert said in str(refusal(google_context(server, tmp_path, credential=credential)))


@pytest.mark.parametrize("text", ["{}", "", '{"_class": "OAuth2Credentials"}'])
def test_a_storage_that_is_damaged_says_so(server, tmp_path, text):
    credential = stored(server, tmp_path)
    credential.file.write_text(text)
    error = refusal(google_context(server, tmp_path, credential=credential))
    assert "is not a storage that oauth2client wrote, or is damaged" in str(error)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "service_account"},
        {"kind": "stored", "storage": "s"},
        {"kind": "stored", "key_file": "k"},
        {"kind": "service_account", "key_file": "k", "storage": "s"},
        {"kind": "other", "key_file": "k"},
        {"kind": "service_account", "key_file": "k", "concurrent": 0},
    ],
)
def test_a_credential_that_makes_no_sense_is_refused(given):
    with pytest.raises(ValidationError):
        GoogleCredential(**given)


def test_the_files_of_a_credential_are_looked_for_beside_it(server, tmp_path):
    server.service_account(tmp_path)
    (tmp_path / "analytics.yaml").write_text(
        "kind: service_account\nkey_file: key.json\nconcurrent: 5\n"
    )
    credential = Vault(tmp_path, {}).credential("analytics", GoogleCredential)
    assert (credential.file, credential.concurrent) == (tmp_path / "key.json", 5)


# What the token endpoint may say


def test_a_consent_that_was_withdrawn_says_what_to_do(server, tmp_path):
    server.account.revoked = True
    error = refusal(google_context(server, tmp_path, credential=user(server, tmp_path)))
    assert isinstance(error, Refused)
    assert str(error) == (
        "Google gives no token for the credential google-analytics (user.json): invalid_grant: "
        "Token has been expired or revoked.; the consent was withdrawn or has run out: give "
        "consent again (credentials google)"
    )
    assert tokens(server) == 1


def test_a_service_account_that_was_deleted_says_what_to_do(server, tmp_path):
    server.account.revoked = True
    error = refusal(google_context(server, tmp_path))
    assert "invalid_grant: Invalid grant: account not found; the key or its account" in str(error)


def test_a_client_that_is_unknown_and_a_scope_that_is_unknown_say_so(server, tmp_path):
    error = refusal(
        google_context(server, tmp_path, credential=user(server, tmp_path, client_secret="x"))
    )
    assert "its client is unknown or deleted" in str(error)
    error = refusal(google_context(server, tmp_path), scope="https://example.org/none")
    assert "the key may not have the scope that is asked for" in str(error)


def test_an_answer_without_an_access_token_is_refused(server, tmp_path):
    server.account.token_faults = [json_answer({"id_token": "ya29.id"})]
    error = refusal(google_context(server, tmp_path))
    assert "its answer has no access token; see the scopes of the key" in str(error)


@pytest.mark.parametrize(
    "fault",
    [
        Answer(503),
        html_answer("<h1>Bad gateway</h1>", 502),
        json_answer({"error": "temporarily_unavailable"}, 400),
        Answer(429),
        Answer(raw=b""),
        Answer(200, b'{"access_token": "x"}', cut=5),
    ],
)
def test_a_token_endpoint_that_fails_in_passing_is_asked_again_by_our_own_rule(
    server, tmp_path, fault
):
    server.account.token_faults = [fault] * 2
    context = google_context(server, tmp_path)
    assert ask(context)["name"] == NAME
    assert len(context.http.sleep.seconds) == 2
    server.account.token_faults = [fault] * 30
    server.account.forget_tokens()
    assert isinstance(refusal(google_context(server, tmp_path)), Unavailable)


def test_a_page_in_the_place_of_a_token_is_unexpected_or_refused(server, tmp_path):
    server.account.token_faults = [html_answer()]
    assert isinstance(refusal(google_context(server, tmp_path)), Unexpected)
    server.account.token_faults = [html_answer(status=403)]
    assert isinstance(refusal(google_context(server, tmp_path)), Refused)


def test_secrets_that_a_token_endpoint_echoes_are_not_told(tmp_path):
    def echo(request):
        return json_answer(
            {"error": "invalid_grant", "error_description": request.body.decode()}, 400
        )

    with GoogleServer(GoogleAccount()) as real, HttpServer(echo) as server:
        credential = user(real, tmp_path, token_uri=f"{server.url}/token")
        context = google_context(real, tmp_path, credential=credential)
        error = str(refusal(context))
    assert "****" in error


# What the API may say


def test_an_api_that_is_not_enabled_says_where_to_enable_it(server, tmp_path):
    server.account.enabled = False
    error = refusal(google_context(server, tmp_path))
    assert isinstance(error, Refused)
    assert str(error).endswith(
        "the API analyticsdata.googleapis.com is not enabled in the project 1234; enable it at "
        "https://console.cloud.google.com/apis/library/analyticsdata.googleapis.com?project=1234 "
        "and wait some minutes"
    )


def test_a_missing_scope_says_what_to_do(server, tmp_path):
    server.account.scope = "openid"
    error = refusal(google_context(server, tmp_path, credential=user(server, tmp_path)))
    assert "does not cover this (missing scope); give consent again" in str(error)


def test_a_token_that_is_never_taken_ends_after_one_new_one(server, tmp_path):
    server.account.faults = [
        failed(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
    ] * 9
    error = refusal(google_context(server, tmp_path))
    assert isinstance(error, Refused)
    assert "not even a new token of the credential google-analytics is taken" in str(error)
    assert tokens(server) == 2


def test_what_somebody_in_between_answers_is_told_as_such(server, tmp_path):
    server.account.faults = [html_answer(status=403)]
    assert "and not as Google does" in str(refusal(google_context(server, tmp_path)))


def test_an_unknown_address_names_base_url(server, tmp_path):
    credential = GoogleCredential(
        kind="service_account",
        key_file=server.service_account(tmp_path),
        base_url=f"{server.url}/wrong",
    )
    error = refusal(google_context(server, tmp_path, credential=credential))
    assert "answered 404" in str(error)
    assert "see base_url in the credential google-analytics" in str(error)


@pytest.mark.parametrize(
    "fault", [failed(500, "Internal", "INTERNAL"), Answer(503), Answer(raw=b"")]
)
def test_a_servers_error_is_tried_twice_more_and_slowly(server, tmp_path, fault):
    server.account.faults = [fault] * 2
    context = google_context(server, tmp_path)
    assert ask(context)["name"] == NAME
    server.account.faults = [fault] * 9
    assert isinstance(refusal(context), Unavailable)
    assert len(server.account.faults) == 6
    if fault.raw is None:
        assert min(context.http.sleep.seconds) >= 5


def test_a_page_with_status_200_is_unexpected_with_a_sample(server, tmp_path):
    server.account.faults = [html_answer()]
    error = refusal(google_context(server, tmp_path))
    assert isinstance(error, Unexpected)
    assert error.sample.startswith("<!DOCTYPE html>")


def test_a_stall_is_unavailable(server, tmp_path):
    http = HttpClient(FixedClock(NOW), sleep=RecordingSleep(), read=0.2, proxies={})
    context = google_context(server, tmp_path, http=http)
    server.account.faults = [Answer(stall=True)] * 9
    assert isinstance(refusal(context), Unavailable)


def test_every_request_is_held_by_what_it_is_given(server, tmp_path):
    held = []

    @contextmanager
    def hold():
        held.append("taken")
        yield
        held.append("given back")

    server.account.faults = [Answer(503)]
    ask(google_context(server, tmp_path), hold=hold)
    assert held == ["taken", "given back"] * 2


def test_the_far_side_may_explain_in_its_own_words(server, tmp_path):
    server.account.faults = [failed(418, "short and stout", "TEAPOT")]
    error = refusal(
        google_context(server, tmp_path), explain=lambda problem: Refused(f"{problem.status}!")
    )
    assert str(error) == "TEAPOT!"


def test_nothing_secret_reaches_a_log(server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    context = google_context(server, tmp_path, credential=user(server, tmp_path))
    ask(context)
    server.account.faults = [failed(403, "no", "PERMISSION_DENIED")]
    refusal(context)
    assert not [one for one in PLANTED if one in f"{caplog.text} {context.log.events}"]


def test_who_does_not_ask_google_does_not_import_its_libraries():
    code = (
        "import sys; import collectors.sources.google_analytics, collectors.cli; "
        "print([m for m in ('googleapiclient', 'google.auth', 'httplib2', 'oauth2client') "
        "if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


def test_what_a_source_hides_is_hidden_by_the_vault(tmp_path):
    vault = Vault(tmp_path, {})
    vault.remember(Secret("ya29.planted"))
    assert vault.scrub("token ya29.planted") == "token ****"
    assert KEY.key_size == 2048
