"""Logging in at whatever answers over HTTP: the ways that need nothing but a request."""

import base64
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from pydantic import model_validator

from collectors.api import Credential, Secret

__all__ = ["WebCredential"]


class WebCredential(Credential):
    """A bearer token, a user and password (Basic, RFC 7617), or a header with its value.

    A source that knows more ``ways`` adds fields and names them; exactly one way must be said.
    Fields of ``besides`` may be said too, or alone.
    """

    ways: ClassVar[Sequence[tuple[str, ...]]] = (
        ("token",),
        ("user", "password"),
        ("header", "value"),
    )
    besides: ClassVar[frozenset[str]] = frozenset()

    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    header: str | None = None
    value: Secret | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        said = {name for name in type(self).model_fields if getattr(self, name)}
        way = said - self.besides
        if not said or (way and way not in map(set, self.ways)):
            known = (" and ".join(f"`{name}`" for name in one) for one in self.ways)
            raise ValueError(f"say {', or '.join(known)}")
        return self

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What an answer may not repeat."""
        return tuple(one for one in (self.token, self.password, self.value) if one is not None)

    def headers(self) -> Mapping[str, str]:
        """Give the header that a request needs; a token is given to the client as ``bearer``."""
        if self.value is not None and self.header:
            return {self.header: self.value.reveal()}
        if self.password is None:
            return {}
        pair = f"{self.user}:{self.password.reveal()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
