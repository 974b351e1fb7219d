"""Lists of observations as gzipped JSON: what the outbox holds, and what a request carries."""

import zlib
from collections.abc import Sequence
from typing import Any

import orjson

GZIP = 31
"""The ``wbits`` that make zlib read and write gzip, as HTTP wants it."""


def pack(items: Sequence[Any]) -> tuple[bytes, int]:
    """Give a list as gzipped JSON, and its size before compression in bytes."""
    plain = orjson.dumps(items)
    return compress(plain), len(plain)


def compress(plain: bytes) -> bytes:
    """Give bytes as gzip, packed quickly rather than small."""
    packer = zlib.compressobj(1, wbits=GZIP)
    return packer.compress(plain) + packer.flush()


def unpack(body: bytes) -> list[Any]:
    """Give the list that ``pack`` packed."""
    items: list[Any] = orjson.loads(zlib.decompress(body, wbits=GZIP))
    return items
