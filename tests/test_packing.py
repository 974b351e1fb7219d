"""What is packed is what is unpacked, of whatever size, and is gzip to anybody."""

import gzip

from hypothesis import given
from hypothesis import strategies as st

from collectors.packing import compress, pack, unpack

BYTES = st.integers(0, 200_000).flatmap(
    lambda size: st.sampled_from([b"0" * size, bytes(n * n % 251 for n in range(size))])
)


@given(BYTES)
def test_anybody_can_read_what_is_packed(plain: bytes):
    assert gzip.decompress(compress(plain)) == plain


@given(st.lists(st.dictionaries(st.text(), st.integers(-(2**53), 2**53) | st.text())))
def test_what_is_packed_is_unpacked(items: list[dict[str, object]]):
    body, _ = pack(items)
    assert unpack(body) == items
