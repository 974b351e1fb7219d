"""The ways to tell somebody: a webhook, e-mail, a command."""

import smtplib
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from os import environ, killpg
from pathlib import Path
from signal import SIGKILL
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import orjson

from collectors.alerts.messages import Message
from collectors.api import Credential, Secret
from collectors.clock import Clock
from collectors.config.alerts import Alerts, Mail
from collectors.errors import CollectorError, Refused, Unavailable
from collectors.http_client import HttpClient, Reply
from collectors.http_messages import describe, printable, scrub
from collectors.runner import Parts

SECONDS = 20.0
"""How long a channel may take: the others wait for it."""
ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")
"""What a command gets of the environment; whatever else is there may be a secret."""
_SHOWN = 200
_SHORTEST = 8


class Channel(Protocol):
    """One way to tell somebody."""

    name: ClassVar[str]

    def send(self, message: Message) -> None:
        """Tell it. Raises CollectorError, without any secret, where that did not work."""
        ...


class MailCredential(Credential):
    """What to log in at a mail server with."""

    user: str
    password: Secret


def channels_of(parts: Parts, settings: Alerts) -> list[Channel]:
    """Give the channels that are set."""
    found: list[Channel] = []
    if settings.webhook is not None:
        found.append(WebHook(impatient(parts.http), settings.webhook))
    if settings.mail is not None:
        mail, vault = settings.mail, parts.vault

        def login() -> MailCredential | None:
            return vault.credential(mail.credentials, MailCredential) if mail.credentials else None

        found.append(Mailer(mail, login, parts.clock))
    if settings.command:
        found.append(Command(settings.command, parts.directory))
    return found


def impatient(http: HttpClient) -> HttpClient:
    """Give a client that does not wait long: an alert is tried again later anyway."""
    return replace(http, connect=SECONDS / 4, read=SECONDS / 2, total=SECONDS, pool_size=1)


@dataclass(frozen=True)
class WebHook:
    """Posts JSON that Slack and those like it understand, with the fields for others."""

    http: HttpClient
    url: Secret = field(repr=False)
    name: ClassVar[str] = "webhook"

    def send(self, message: Message) -> None:
        """Post it once."""
        body = orjson.dumps({"text": _for_slack(message.text), "events": list(message.events)})
        headers = {"Content-Type": "application/json"}
        with hidden(self.url, "the webhook"):
            reply = self.http.send("POST", self.url.reveal(), body=body, headers=headers)
            if not 200 <= reply.status < 300:
                raise Refused(f"{reply.url} answered {reply.status}: {_said(reply)}")


@contextmanager
def hidden(url: Secret, what: str) -> Iterator[None]:
    """Let errors name the host of a secret URL, and nothing else of it."""
    parts = urlsplit(url.reveal())
    pieces = [one for one in (*parts.path.split("/"), parts.query) if len(one) >= _SHORTEST]
    try:
        yield
    except CollectorError as exc:
        said = str(exc).replace(f"{parts.scheme}://{parts.netloc}{parts.path}", what)
        said = scrub(said.encode(), url, *map(Secret, pieces)).decode()
        raise Unavailable(f"{said} ({parts.hostname})") from None


@dataclass(frozen=True)
class Mailer:
    """Sends e-mails; ``login`` gives what to log in with, as it is now."""

    mail: Mail
    login: Callable[[], MailCredential | None]
    clock: Clock
    name: ClassVar[str] = "email"

    def send(self, message: Message) -> None:
        """Hand one mail over to the server."""
        login = self.login()
        try:
            with self._connected() as smtp:
                if login is not None:
                    smtp.login(login.user, login.password.reveal())
                smtp.send_message(self._written(message))
        except (smtplib.SMTPException, OSError) as exc:
            server = f"the mail server {self.mail.host}:{self.mail.port}"
            raise Unavailable(f"{server} {_smtp_trouble(exc)}") from exc

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        where = (self.mail.host, self.mail.port)
        if self.mail.tls == "tls":
            secure = ssl.create_default_context()
            with smtplib.SMTP_SSL(*where, timeout=SECONDS, context=secure) as smtp:
                yield smtp
            return
        with smtplib.SMTP(*where, timeout=SECONDS) as smtp:
            if self.mail.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            yield smtp

    def _written(self, message: Message) -> EmailMessage:
        written = EmailMessage()
        written["Subject"] = printable(message.subject)
        written["From"] = self.mail.sender
        written["To"] = ", ".join(self.mail.to)
        written["Date"] = format_datetime(self.clock.now())
        written["Message-ID"] = make_msgid(domain=self.mail.sender.rpartition("@")[2])
        written["Auto-Submitted"] = "auto-generated"
        written.set_content(message.full)
        return written


@dataclass(frozen=True)
class Command:
    """Runs a program, never through a shell, with the message as JSON on its stdin."""

    arguments: Sequence[str]
    directory: Path
    seconds: float = SECONDS
    name: ClassVar[str] = "command"

    def send(self, message: Message) -> None:
        """Run it to its end; what is not done in time is killed, with all that it started."""
        told = {"subject": message.subject, "text": message.full, "events": list(message.events)}
        # Files rather than pipes: whatever it leaves running cannot keep us waiting.
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
            stdin.write(orjson.dumps(told))
            stdin.seek(0)
            code = self._run(stdin=stdin, stderr=stderr, stdout=subprocess.DEVNULL)
            if code:
                stderr.seek(0)
                said = printable(stderr.read(_SHOWN * 4).decode("utf-8", "replace"))[:_SHOWN]
                raise Refused(f"{self.arguments[0]} ended with {code}: {said or 'it said nothing'}")

    def _run(self, **files: Any) -> int:
        kept: Mapping[str, str] = {name: environ[name] for name in ENVIRONMENT if name in environ}
        try:
            process = subprocess.Popen(  # noqa: S603 - what platform.yaml names, as a list
                self.arguments, cwd=self.directory, env=kept, start_new_session=True, **files
            )
        except OSError as exc:
            raise Refused(f"{self.arguments[0]} cannot be run: {exc.strerror}") from None
        try:
            return process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            killpg(process.pid, SIGKILL)
            process.wait()
            raise Unavailable(f"{self.arguments[0]} took over {self.seconds:g} seconds") from None


def _smtp_trouble(exc: Exception) -> str:
    match exc:
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=text):
            said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
            return f"answered {code}: {printable(said)[:_SHOWN]}"
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            return f"takes no mail for {', '.join(refused)}"
        case smtplib.SMTPException():
            return f"cannot be used so: {printable(str(exc))[:_SHOWN]}"
        case TimeoutError():
            return "gave no answer in time"
        case ssl.SSLError():
            return f"cannot be trusted: {describe(exc)}"
    return f"cannot be reached: {getattr(exc, 'strerror', None) or type(exc).__name__}"


def _for_slack(text: str) -> str:
    """Let nothing in ``text`` be taken for a link, or for a call to a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _said(reply: Reply) -> str:
    return reply.text()[:_SHOWN] or "with no explanation"
