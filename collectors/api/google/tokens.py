"""The access token of one credential, renewed when it is needed, over threads and processes."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from google.auth import transport
from google.auth.exceptions import GoogleAuthError

from collectors.api import CollectorError, Context, HttpClient, Reply, Secret
from collectors.api.google import keys
from collectors.api.google.credential import SERVICE_ACCOUNT, GoogleCredential
from collectors.api.google.problems import no_token, refused_token
from collectors.http_messages import scrub

_SECRET_FIELDS = ("assertion", "client_secret", "refresh_token")


class Tokens:
    """The tokens of one credential. Safe to share between threads."""

    def __init__(self, credential: GoogleCredential, scopes: Sequence[str]) -> None:
        self._credential = credential
        self._scopes = scopes
        self._guard = threading.Lock()
        self._login: keys.Login | None = None
        self._stamp: tuple[int, int] | None = None

    def get(self, context: Context, refused: Secret | None = None) -> Secret:
        """Give a token that is good, and is not the ``refused`` one.

        Raises Refused where the key is missing, wrong, or no longer good, else as HTTP does.
        """
        with self._guard:
            login = self._loaded(context)
            if not _is_good(login, refused):
                login = self._renewed(context, refused)
            return Secret(str(login.token))

    def project(self, context: Context) -> str:
        """Give the project that requests are counted for."""
        with self._guard:
            return keys.project_of(self._loaded(context))

    def account(self, context: Context) -> str:
        """Give who asks, as its owner would recognise it."""
        with self._guard:
            email = getattr(self._loaded(context), "service_account_email", "")
        return email or f"the account behind the credential {context.credential_name}"

    def _loaded(self, context: Context) -> keys.Login:
        stamp = self._stamp_now()
        if self._login is None or stamp != self._stamp:
            for secret in keys.private_key(self._credential):
                context.hide(secret)
            self._login = keys.load(self._credential, self._scopes)
            self._stamp = stamp
            _hide(context, self._login)
        return self._login

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            status = self._credential.file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _renewed(self, context: Context, refused: Secret | None) -> keys.Login:
        if self._credential.kind == SERVICE_ACCOUNT:
            return self._renew(context)
        with keys.alone(self._credential.file):
            login = self._loaded(context)  # another process may have been faster
            return login if _is_good(login, refused) else self._renew(context)

    def _renew(self, context: Context) -> keys.Login:
        login = self._loaded(context)
        try:
            login.refresh(Exchange(context.http))  # type: ignore[no-untyped-call] # of a union
        except GoogleAuthError as exc:
            raise refused_token(exc, self._credential, context.credential_name) from exc
        _hide(context, login)
        self._save(context, login)
        return login

    def _save(self, context: Context, login: keys.Login) -> None:
        try:
            keys.save(self._credential, login)
            self._stamp = self._stamp_now()
        except OSError as exc:
            # A key that is mounted read-only is renewed again by the next process.
            file = str(self._credential.file)
            context.log.warning("renewed token not kept", file=file, reason=exc.strerror)


class Exchange(transport.Request):
    """Our HTTP client in the shape in which google-auth asks for tokens."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_options: Any,
    ) -> transport.Response:
        """Send it, and try again as we do; google-auth sees only what is final."""

        def once() -> Reply:
            reply = self._http.send(method, url, body=body, headers=headers)
            return reply if reply.status < 400 else _without_echo(reply, body or b"")

        return _Response(self._http.try_again(once, self._judge))

    def _judge(self, reply: Reply) -> CollectorError | None:
        return no_token(reply, self._http)


class _Response(transport.Response):
    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._reply.headers

    @property
    def data(self) -> bytes:
        return self._reply.body


def _is_good(login: keys.Login, refused: Secret | None) -> bool:
    return bool(login.valid) and (refused is None or login.token != refused.reveal())


def _hide(context: Context, login: keys.Login) -> None:
    for secret in keys.secrets_of(login):
        context.hide(secret)


def _without_echo(reply: Reply, body: bytes) -> Reply:
    """Give an error's reply without the secrets that were sent, where it repeats them."""
    sent = parse_qs(body.decode("ascii", "replace"))
    secrets = [Secret(text) for name in _SECRET_FIELDS for text in sent.get(name, ())]
    return replace(reply, body=scrub(reply.body, *secrets))
