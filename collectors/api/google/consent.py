"""A person's consent, given once in a browser, as a key that google-auth knows.

The browser is sent back to an address of this machine, where Google's library waits for it: the
loopback redirect of desktop applications.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import (  # type: ignore[import-untyped] # it has no types
    InstalledAppFlow,
    WSGITimeoutError,
)
from oauthlib.oauth2 import OAuth2Error

from collectors.api import Refused, Unavailable, Unexpected
from collectors.api.google.credential import AUTHORIZED_USER
from collectors.api.google.keys import EXPIRY
from collectors.http_messages import printable

ANALYTICS = "https://www.googleapis.com/auth/analytics.readonly"
SPREADSHEETS = "https://www.googleapis.com/auth/spreadsheets.readonly"
PATIENCE = 600
"""Seconds that a person has."""
_EXCHANGE, _SHOWN = 30, 300
_PAGE = "Thank you: the consent has arrived. You may close this window and go back to the command."
_NEEDED = ("client_id", "client_secret", "auth_uri", "token_uri")

# It logs tokens, and everything else that it is sent, when it is asked for details.
logging.getLogger("requests_oauthlib").setLevel(logging.INFO)


def ask_consent(
    client: Mapping[str, Any],
    scopes: Sequence[str],
    *,
    port: int,
    show: Callable[[str], None],
    patience: float = PATIENCE,
) -> str:
    """Give the key of whoever consents, as the text of an ``authorized_user`` file.

    ``client`` is what a client_secrets file holds; ``show`` is given the address that a browser has
    to open, when this machine waits on ``port`` (0: any that is free) for it to come back. Raises
    Refused where there is no consent in ``patience`` seconds, Unavailable where Google is not.
    """
    installed = client_of(client)
    flow = _Flow.from_client_config(client, scopes=list(scopes))
    flow.show = show
    try:
        granted = flow.run_local_server(
            port=port,
            authorization_prompt_message=None,
            success_message=_PAGE,
            open_browser=False,
            timeout_seconds=patience,
            prompt="consent",  # without it Google gives no refresh token the second time
        )
    except WSGITimeoutError as exc:
        raise Refused(f"nobody consented within {patience / 60:.0f} minutes; try again") from exc
    except requests.RequestException as exc:
        place, what = installed["token_uri"], type(exc).__name__
        raise Unavailable(f"{place} cannot be asked for the token ({what})") from exc
    except OSError as exc:
        raise Refused(f"the port {port} cannot be used: {exc.strerror}; name another") from exc
    except OAuth2Error as exc:
        raise Refused(_refusal(exc, installed["client_secret"])) from exc
    except (KeyError, ValueError) as exc:
        raise Unexpected(f"{installed['token_uri']} gave a token without its time") from exc
    except Warning as exc:
        raise Refused("not all was consented to: try again, and tick every box") from exc
    return _key(granted)


def client_of(client: Mapping[str, Any]) -> Mapping[str, str]:
    """Give what a client_secrets file says of its application; Refused where that is not enough."""
    found = client.get("installed") or client.get("web")
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in _NEEDED):
        raise Refused(
            "this is no client_secrets file: make an OAuth client of the type 'Desktop app' in the "
            "Google Cloud console (APIs & Services > Credentials), and download its JSON"
        )
    return found


class _Flow(InstalledAppFlow):  # type: ignore[misc] # as above
    """Google's flow, which leaves it to others to open a browser, and does not wait for ever."""

    show: Callable[[str], None]

    def authorization_url(self, **options: Any) -> tuple[str, str]:
        url, state = super().authorization_url(**options)
        self.show(url)
        return url, state

    def fetch_token(self, **options: Any) -> Any:
        return super().fetch_token(timeout=_EXCHANGE, **options)


def _refusal(exc: OAuth2Error, secret: str) -> str:
    if exc.error == "access_denied":
        return "the consent was not given: whoever was asked has said no"
    said = printable(f"{exc.error}: {exc.description or ''}").replace(secret, "****")
    advice = "see the client in the Google Cloud console, and try again"
    return f"Google gives no token ({said[:_SHOWN].rstrip(': ')}): {advice}"


def _key(granted: Credentials) -> str:
    if not granted.refresh_token:
        raise Refused(
            "Google gave a token that cannot be renewed: take the application's access away at "
            "https://myaccount.google.com/permissions and try again"
        )
    expiry = {"expiry": granted.expiry.strftime(EXPIRY)} if granted.expiry else {}
    key = {
        "type": AUTHORIZED_USER,
        "client_id": granted.client_id,
        "client_secret": granted.client_secret,
        "refresh_token": granted.refresh_token,
        "token": granted.token,
        "token_uri": granted.token_uri,
        "scopes": granted.scopes,
        **expiry,
    }
    return json.dumps(key, indent=2) + "\n"
