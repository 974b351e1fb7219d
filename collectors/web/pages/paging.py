"""A page of a long list, as the query string asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

AT_ONCE = 100
LARGEST = 2**62
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some of ``total`` items: those of page ``number`` (from 1) of ``pages``."""

    items: Sequence[Item]
    number: int
    pages: int
    total: int


def page_of(items: Sequence[Item]) -> Page[Item]:
    """Give the page that is asked for, the last one where there are not so many."""
    pages = max(1, -(-len(items) // AT_ONCE))
    number = min(max(request.args.get("page", 1, type=int), 1), pages)
    shown = items[(number - 1) * AT_ONCE : number * AT_ONCE]
    return Page(items=shown, number=number, pages=pages, total=len(items))


def before() -> int | None:
    """Give the id that the query string wants what is older than, if it does."""
    asked = request.args.get("before", type=int)
    return None if asked is None else max(0, min(asked, LARGEST))
