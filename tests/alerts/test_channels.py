"""The channels, each against the real thing: a mail server, a program, a URL."""

import json
import os
import ssl
import sys
import time
from datetime import timedelta

import psutil
import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from collectors.alerts import Heartbeat
from collectors.alerts.channels import Command, MailCredential, Mailer
from collectors.alerts.messages import Message
from collectors.clock import FixedClock
from collectors.config.alerts import Mail
from collectors.errors import CollectorError
from collectors.http_client import HttpClient
from collectors.values import Secret
from tests.alerts.worlds import NOW
from tests.servers.http import LONGEST, Answer, HttpServer
from tests.servers.tls import certificate

PASSWORD = "planted-password-of-ops"
MESSAGE = Message(
    subject="Trouble: Ärger\nBcc: all@example.gov.uk",
    text="short",
    full="all 700 data sets: a/b, c/d",
    events=[{"event": "opened", "subject": "pingdom"}],
)


class Inbox:
    """Takes mails in, but for one address."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd calls it so
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the same
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 taken"


class MailServer(Controller):
    """Listens on any port that is free; aiosmtpd itself looks for it at the one it was given."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox(tmp_path, monkeypatch):
    """A mail server that wants TLS and a password, and its port."""
    shown = certificate(tmp_path / "mail.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(shown)

    def judged(_server, _session, _envelope, _mechanism, login):
        return AuthResult(success=login.password.decode() == PASSWORD, handled=False)

    box = Inbox()
    controller = MailServer(
        box,
        hostname="127.0.0.1",
        port=0,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        authenticator=judged,
    )
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


def mailer(
    port, *, password=PASSWORD, to=("ops@example.gov.uk", "boss@example.gov.uk"), tls="starttls"
):
    mail = Mail(to=to, sender="alerts@example.gov.uk", host="127.0.0.1", port=port, tls=tls)
    login = MailCredential(user="ops", password=Secret(password))
    return Mailer(mail, lambda: login, FixedClock(NOW))


def test_a_mail_goes_to_all_over_tls_and_after_logging_in(inbox):
    mailer(inbox.port).send(MESSAGE)

    ((to, mail),) = inbox.mails
    assert to == ["ops@example.gov.uk", "boss@example.gov.uk"]
    assert "all 700 data sets" in mail
    assert "Date: Fri, 20 Nov 2026 12:30:00 +0000" in mail
    assert "\nBcc:" not in mail


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"password": "wrong-password-here"}, "answered 535: "),
        ({"to": ("nobody@example.gov.uk",)}, "takes no mail for nobody@example.gov.uk"),
        ({"tls": "none"}, "cannot be used so: "),
        ({"tls": "tls"}, "cannot be trusted: "),
    ],
)
def test_what_a_mail_server_refuses_is_told_without_the_password(inbox, changed, told):
    with pytest.raises(CollectorError) as raised:
        mailer(inbox.port, **changed).send(MESSAGE)

    assert f"the mail server 127.0.0.1:{inbox.port} {told}" in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert "wrong-password-here" not in str(raised.value)
    assert inbox.mails == []


def test_a_mail_server_whose_certificate_nobody_vouches_for_gets_nothing(inbox, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(CollectorError, match=r"cannot be trusted: .*not valid"):
        mailer(inbox.port).send(MESSAGE)


def test_a_mail_server_that_is_not_there_is_told():
    with pytest.raises(
        CollectorError, match=r"127\.0\.0\.1:1 cannot be reached: Connection refused"
    ):
        mailer(1).send(MESSAGE)


def command(tmp_path, script):
    return Command([sys.executable, "-c", script, "$HOME; `id`"], tmp_path)


def test_a_command_gets_json_on_its_stdin_its_arguments_as_they_are_and_no_secret(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
    script = (
        "import json, os, sys; json.dump([json.load(sys.stdin), sys.argv, dict(os.environ)],"
        " open('told.json', 'w'))"
    )
    command(tmp_path, script).send(MESSAGE)

    told, arguments, environment = json.loads((tmp_path / "told.json").read_text())
    assert told["events"] == MESSAGE.events
    assert told["text"] == MESSAGE.full
    assert arguments[1:] == ["$HOME; `id`"]
    assert PASSWORD not in environment.values()
    assert environment["PATH"] == os.environ["PATH"]


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path):
    with pytest.raises(CollectorError, match="ended with 3: no pager"):
        command(tmp_path, "import sys; print('no pager', file=sys.stderr); sys.exit(3)").send(
            MESSAGE
        )
    with pytest.raises(CollectorError, match="no-such-program cannot be run: No such file"):
        Command(["no-such-program"], tmp_path).send(MESSAGE)


def test_a_command_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path, monkeypatch):
    started = tmp_path / "started"
    script = (
        "import subprocess, sys, time; child = subprocess.Popen(['sleep', '60']);"
        f"open({str(started)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )
    with pytest.raises(CollectorError, match="took over 1 seconds"):
        Command([sys.executable, "-c", script], tmp_path, seconds=1.0).send(MESSAGE)

    child = int(started.read_text())
    gone = time.monotonic() + LONGEST
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < gone, "it still runs"


def test_a_heart_beats_once_a_minute_and_only_while_all_is_well():
    clock = FixedClock(NOW)
    with HttpServer(lambda _: Answer(200)) as server:
        heart = Heartbeat(HttpClient(clock, proxies={}), Secret(f"{server.url}/planted-heart"))
        for second in range(180):
            heart.beat(second < 120)
            clock.advance(timedelta(seconds=1))

    assert [one.path for one in server.requests] == ["/planted-heart"] * 2


def test_a_heartbeat_that_fails_is_logged_once_without_its_secret():
    clock = FixedClock(NOW)
    with HttpServer(lambda _: Answer(500)) as server, structlog.testing.capture_logs() as lines:
        heart = Heartbeat(HttpClient(clock, proxies={}), Secret(f"{server.url}/planted-heart"))
        for _ in range(3):
            heart.beat(True)
            clock.advance(timedelta(minutes=1))

    assert [one["event"] for one in lines] == ["heartbeat failed"]
    assert lines[0]["reason"] == "the heartbeat answered 500 (127.0.0.1)"
    assert len(server.requests) == 3


def test_without_a_url_no_heart_beats():
    Heartbeat(HttpClient(FixedClock(NOW), proxies={}), None).beat(True)
