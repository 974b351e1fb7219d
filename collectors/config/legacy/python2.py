"""The order in which Python 2.7 gives the keys of a dict, on which the old default ids depend.

On 64 bits, with ASCII keys and the hash unseeded, as it was unless somebody asked for it.
"""

from collections.abc import Iterable

_WORD = (1 << 64) - 1
_SMALLEST = 8


def dict_order(names: Iterable[str]) -> list[str]:
    """Give ``names``, put into a dict in this order, as that dict gives them back."""
    table: dict[int, str] = {}
    size = _SMALLEST
    for name in names:
        _put(table, size, name)
        if len(table) * 3 >= size * 2:
            kept = _in_order(table)
            while size <= len(kept) * 4:
                size *= 2
            table = {}
            for other in kept:
                _put(table, size, other)
    return _in_order(table)


def _in_order(table: dict[int, str]) -> list[str]:
    return [table[slot] for slot in sorted(table)]


def _put(table: dict[int, str], size: int, name: str) -> None:
    place = perturbed = _hash(name)
    while table.get(place % size, name) != name:
        place = place * 5 + perturbed + 1
        perturbed >>= 5
    table[place % size] = name


def _hash(text: str) -> int:
    if not text:
        return 0
    value = ord(text[0]) << 7
    for letter in text:
        value = (1000003 * value ^ ord(letter)) & _WORD
    value ^= len(text)
    return _WORD - 1 if value == _WORD else value
