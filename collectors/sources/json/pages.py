"""The key ``pages``: how an API that gives its records in pages is asked for the next one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from collectors.api import Reply
from collectors.sources.json.expressions import MISSING, Expression, compiled

AT_MOST = 1000
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?[^\";,]*\bnext\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page is asked for: its ``number`` or ``offset``, a ``cursor``, or its own ``url``."""

    number: int
    offset: int
    cursor: str | None = None
    url: str | None = None


class Pages(BaseModel):
    """How to come from one page to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["page", "offset", "cursor", "link", "header"] = Field(
        description="What leads on: a number, a cursor, a link in the reply, or its Link header."
    )
    first: int | None = Field(None, description="`page` 1, `offset` 0, unless it is said here.")
    size: PositiveInt | None = Field(None, description="A page with fewer records is the last.")
    next: Expression | None = Field(None, description="Where the next cursor or link is.")
    at_most: PositiveInt = Field(AT_MOST, description="More pages than this are a mistake.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.by in ("cursor", "link")) != (self.next is not None):
            raise ValueError("`next` says where a `cursor` or a `link` is, and those need it")
        if self.by not in ("page", "offset") and (self.first is not None or self.size):
            raise ValueError("`first` and `size` are for `page` and `offset`")
        return self

    @property
    def placeholder(self) -> str | None:
        """What has to stand somewhere in the request."""
        return self.by if self.by in ("page", "offset", "cursor") else None

    def begin(self) -> Turn:
        """Give the first page."""
        first = self.first or 0
        return Turn(number=1 if self.first is None else first, offset=first)

    def after(self, turn: Turn, reply: Reply, answer: Any, url: str, count: int) -> Turn | None:
        """Give the page after ``turn``, whose reply of ``count`` records came from ``url``.

        None where it was the last. Raises ValueError where the next cannot be told.
        """
        match self.by:
            case "page" | "offset":
                if not count or (self.size and count < self.size):
                    return None
                return replace(turn, number=turn.number + 1, offset=turn.offset + count)
            case "cursor":
                cursor = self._found(answer)
                return None if cursor is None else replace(turn, cursor=cursor)
            case "link":
                link = self._found(answer)
            case "header":
                link = _linked(reply.headers)
        return None if link is None else replace(turn, url=urljoin(url, link))

    def _found(self, answer: Any) -> str | None:
        value = compiled(self.next or "")(answer)
        if value is MISSING or value is None or value is False or value == "":
            return None
        if type(value) not in (str, int):
            raise ValueError(f"`pages.next` ({self.next}) finds neither a text nor a number")
        return str(value)


def _linked(headers: Mapping[str, str]) -> str | None:
    for url, parameters in _LINK.findall(headers.get("Link", "")):
        if _NEXT.search(parameters):
            return str(url)
    return None
