"""Lays one tree over another: maps are merged deep, all else is replaced, ``null`` removes."""

from collectors.config.nodes import Entry, Null, Table


def merge(base: Table, over: Table) -> Table:
    """Give ``base`` with ``over`` laid on it; a value and its place come from whoever said it."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = entries.get(key)
        if isinstance(entry.value, Null):
            entries.pop(key, None)
        elif below and isinstance(below.value, Table) and isinstance(entry.value, Table):
            entries[key] = Entry(entry.key, merge(below.value, entry.value))
        else:
            entries[key] = entry
    return Table(entries, over.place)
