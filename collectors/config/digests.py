"""Tokens that this program compares and never shows: nothing but their digests is kept."""

import hashlib
import re
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from collectors.values import Referenced

_DIGEST = re.compile("sha256:([0-9A-Fa-f]{64})")


def digest_of(token: str) -> bytes:
    """Give the digest (SHA-256) that a token is known by."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _read(value: Any) -> bytes:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "must be a text")
    if match := _DIGEST.fullmatch(value):
        return bytes.fromhex(match[1])
    if value.startswith("sha256:"):
        raise ValueError("'sha256:' is followed by 64 hexadecimal digits")
    if not value.strip():
        raise PydanticCustomError("empty_secret", "is empty: a token is expected")
    if not isinstance(value, Referenced):
        message = "holds a plain secret: use ${VAR}, file:name or sha256:<digest> instead"
        raise PydanticCustomError("plain_secret", message)
    return digest_of(value.strip())


TokenDigest = Annotated[bytes, BeforeValidator(_read, json_schema_input_type=str)]
"""A token by reference, or its digest as ``sha256:<64 hexadecimal digits>``; read as the digest."""
