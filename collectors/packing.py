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
    """Give bytes as gzip, packed quickly rather than small.

    zlib's tables are made no larger than what they are for: clearing those of 300 kB takes ten
    times as long as packing a few rows. Their sizes are said in zlib's ``zconf.h``.
    """
    window = min(max(len(plain).bit_length(), 9), 15)
    packer = zlib.compressobj(1, zlib.DEFLATED, GZIP - 15 + window, max(window - 7, 1))
    return packer.compress(plain) + packer.flush()


def unpack(body: bytes) -> list[Any]:
    """Give the list that ``pack`` packed."""
    items: list[Any] = orjson.loads(zlib.decompress(body, wbits=GZIP))
    return items
