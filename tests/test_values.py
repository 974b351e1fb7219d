"""How so many of something are spelt."""

from collectors.values import counted


def test_one_is_no_plural():
    told = [counted(number, "mistake") for number in (0, 1, 2_000)]
    assert told == ["0 mistakes", "1 mistake", "2,000 mistakes"]
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2, "entry", "entries") == "2 entries"
