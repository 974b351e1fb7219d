"""The credentials that oauth2client has stored, of operators who have them: read and renewed.

The only place that knows oauth2client, which nobody keeps up any more: it reads and writes its own
format here, and nothing else. Its ways to see whether a token is still good use datetime.utcnow,
which Python 3.12 and later warn of; google-auth sees to that.
"""

import json
from collections.abc import Mapping
from typing import Any

from google.oauth2.credentials import Credentials
from oauth2client import client  # type: ignore[import-untyped] # it has no types

from collectors.api import Refused

KIND = "OAuth2Credentials"


def read(text: str, place: str, secrets: Mapping[str, Any]) -> Credentials:
    """Give what is stored as google-auth knows it; ``secrets`` are those of its client.

    google-auth's own conversion is not used: it loses the token's expiry. Raises Refused.
    """
    stored = _stored(text, place)
    if stored.client_id != secrets.get("client_id"):
        raise Refused(
            f"{place} belongs to another client than the one that client_secrets names; give the "
            "two that were made together"
        )
    return Credentials(
        token=stored.access_token if stored.token_expiry else None,
        refresh_token=stored.refresh_token,
        token_uri=stored.token_uri,
        client_id=stored.client_id,
        client_secret=secrets.get("client_secret") or stored.client_secret,
        expiry=stored.token_expiry,
    )


def renewed(text: str, place: str, credentials: Credentials) -> str:
    """Give the stored text again, with the token that ``credentials`` have now."""
    stored = _stored(text, place)
    stored.access_token = credentials.token
    stored.refresh_token = credentials.refresh_token
    stored.token_expiry = credentials.expiry
    stored.token_response = {"access_token": credentials.token, "token_type": "Bearer"}
    written: str = stored.to_json()
    return written


def _stored(text: str, place: str) -> Any:
    try:
        found = json.loads(text)
        kind = found["_class"]
        stored = client.OAuth2Credentials.from_json(text) if kind == KIND else None
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise Refused(f"{place} is not a storage that oauth2client wrote, or is damaged") from exc
    if stored is None:
        raise Refused(
            f"{place} holds {str(kind)[:60]}, not a person's {KIND}: of a service account take its "
            "key, with kind: service_account"
        )
    if stored.invalid or not stored.refresh_token:
        raise Refused(
            f"{place} holds a consent that has been refused before or cannot be renewed; give "
            "consent again"
        )
    return stored
