"""Looks for secrets where none may be, in whatever spelling; and hides them as the house does."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import BaseModel

from collectors.config import Vault
from collectors.values import Secret


def spellings(secret: str) -> Iterator[str]:
    """Give the ways a secret may turn up: as it is, for a URL, for JSON, in base64."""
    yield secret
    yield from {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + secret.encode()).decode()
        yield coded[4 if shift else 0 : len(coded) - 6]


def leaks(text: str, *secrets: str) -> list[tuple[str, str]]:
    """Give the secrets that ``text`` holds, each with the spelling in which it does."""
    return [(secret, spelt) for secret in secrets for spelt in spellings(secret) if spelt in text]


def secrets_in(value: Any) -> list[str]:
    """Give the texts of all secrets in a credential or a query."""
    if isinstance(value, Secret):
        return [value.reveal()]
    if isinstance(value, BaseModel):
        return [
            text for name in type(value).model_fields for text in secrets_in(getattr(value, name))
        ]
    if isinstance(value, dict):
        return [text for one in value.values() for text in secrets_in(one)]
    if isinstance(value, list | tuple):
        return [text for one in value for text in secrets_in(one)]
    return []


def scrubbed(text: str, *secrets: str) -> str:
    """Give ``text`` as the house tells it once it has given these secrets out."""
    vault = Vault(Path(), {})
    vault.remember(*map(Secret, secrets))
    return vault.scrub(text)
