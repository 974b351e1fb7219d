"""Key files: what is in one as google-auth knows it, and writing a renewed token back."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from collectors.api import Refused, Secret
from collectors.api.google.credential import SERVICE_ACCOUNT, STORED, GoogleCredential

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
EXPIRY = "%Y-%m-%dT%H:%M:%SZ"

Login = service_account.Credentials | Credentials


def load(credential: GoogleCredential, scopes: Sequence[str]) -> Login:
    """Read the key; Refused, with what to do, where it is missing or not of its kind."""
    path = credential.file
    if credential.kind == STORED:
        # Imported here: nobody else pays for oauth2client.
        from collectors.api.google import stored  # noqa: PLC0415

        return stored.read(_text(path), str(path), _client(credential.client_secrets or Path()))
    info = _object(path)
    _check_kind(info, credential)
    try:
        if credential.kind == SERVICE_ACCOUNT:
            found: Login = service_account.Credentials.from_service_account_info(
                info, scopes=scopes
            )
            return found
        return _user(info)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        # What google-auth says may quote the key.
        raise Refused(f"{path} is damaged: a field of it is missing or wrong; get it anew") from exc


def save(credential: GoogleCredential, login: Login) -> None:
    """Write a person's renewed token back, all or nothing, readable to the owner only."""
    path = credential.file
    if isinstance(login, service_account.Credentials):
        return
    if credential.kind == STORED:
        from collectors.api.google import stored  # noqa: PLC0415 - as above

        write(path, stored.renewed(_text(path), str(path), login))
        return
    renewed = {"token": login.token, "refresh_token": login.refresh_token}
    expiry = {"expiry": login.expiry.strftime(EXPIRY)} if login.expiry else {}
    write(path, json.dumps(_object(path) | renewed | expiry, indent=2))


def secrets_of(login: Login) -> Iterator[Secret]:
    """Give whatever of a login must never be seen."""
    names = ("token", "refresh_token", "client_secret")
    yield from (Secret(text) for name in names if (text := getattr(login, name, None)))


def project_of(login: Login) -> str:
    """Give the project that Google counts requests for: its id, or its number."""
    if isinstance(login, service_account.Credentials):
        return str(login.project_id or login.service_account_email)
    return str(login.client_id).partition("-")[0]


def private_key(credential: GoogleCredential) -> Iterator[Secret]:
    """Give the private key of a service account, which google-auth does not hand out again."""
    if credential.kind == SERVICE_ACCOUNT:
        yield Secret(str(_object(credential.file).get("private_key", "")))


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes from renewing the same key; where nothing can be written, do not."""
    beside = path.resolve()
    try:
        file = os.open(beside.with_name(f".{beside.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        yield
        return
    try:
        flock(file, LOCK_EX)
        yield
    finally:
        os.close(file)


def _user(info: Mapping[str, Any]) -> Credentials:
    # Not google-auth's from_authorized_user_info, which overwrites the token's address.
    expiry = info.get("expiry")
    return Credentials(
        token=info.get("token") if expiry else None,
        refresh_token=info["refresh_token"],
        token_uri=info.get("token_uri", TOKEN_URI),
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        expiry=_naive(expiry) if expiry else None,
    )


def _naive(text: str) -> datetime:
    """Read a moment as google-auth wants it: in UTC, and without saying so."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(tzinfo=None)


def _check_kind(info: Mapping[str, Any], credential: GoogleCredential) -> None:
    path, kind = credential.file, info.get("type", "")
    if kind == credential.kind or (not kind and "refresh_token" in info and "_class" not in info):
        return
    if "installed" in info or "web" in info:
        found = "the client_secrets of an application, which is half of kind: stored"
    elif "_class" in info:
        found = "a storage of oauth2client: kind: stored"
    else:
        found = f"of the kind {str(kind)[:40]!r}" if kind else "no key of Google's"
    raise Refused(f"{path} is {found}; the credential says kind: {credential.kind}")


def _client(path: Path) -> Mapping[str, Any]:
    info = _object(path)
    found = info.get("installed") or info.get("web")
    if not isinstance(found, dict):
        raise Refused(f"{path} is no client_secrets: it has neither 'installed' nor 'web'")
    return found


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path))
    except ValueError as exc:
        raise Refused(f"{path} is not JSON; get the key file anew") from exc
    if not isinstance(found, dict):
        raise Refused(f"{path} is not a JSON object; get the key file anew")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {exc.strerror}; put the key file there") from exc
    except ValueError as exc:
        raise Refused(f"{path} is not UTF-8; get the key file anew") from exc


def write(path: Path, text: str) -> None:
    """Put a text in the place of a file, all or nothing, readable to the owner only."""
    whole = path.resolve()
    handle, name = tempfile.mkstemp(dir=whole.parent, prefix=f".{whole.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(whole)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
