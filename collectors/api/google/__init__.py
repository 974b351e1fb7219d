"""The door to Google: its credentials, and its own client over our HTTP client.

    google = open_google(context, "analyticsdata", "v1beta", scopes=[SCOPE])
    reply = google.execute(google.service.properties().runReport(property=..., body=...))

The descriptions of the APIs are those that ship with Google's client: nothing is asked to make it.
Tokens, retries, proxies, limits of size and the hiding of secrets are ours.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from collectors.api import CollectorError, Context
from collectors.api.google.credential import GoogleCredential

if TYPE_CHECKING:
    from collectors.api.google.client import Google
    from collectors.api.google.problems import Problem

__all__ = ["Google", "GoogleCredential", "Problem", "open_google", "project_of"]


def _in_general(_problem: "Problem") -> CollectorError | None:
    return None


def open_google(
    context: Context,
    api: str,
    version: str,
    *,
    scopes: Sequence[str],
    explain: "Callable[[Problem], CollectorError | None]" = _in_general,
    hold: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> "Google":
    """Give an API of Google's for one run, logged in with the run's ``GoogleCredential``.

    ``explain`` may give the error for a problem that this API has words of its own for; ``hold``
    is held around every single request, for its quota. Raises Refused where the key is wrong.
    """
    # Imported here: Google's libraries take 0.3 s, and who does not ask Google shall not pay.
    from collectors.api.google.client import make  # noqa: PLC0415

    return make(context, api, version, tuple(scopes), explain, hold)


def project_of(credential: GoogleCredential) -> str:
    """Give the project that requests are counted for; Refused where the key is not there."""
    from collectors.api.google import keys  # noqa: PLC0415 - as above

    return keys.project_of(keys.load(credential, ()))
