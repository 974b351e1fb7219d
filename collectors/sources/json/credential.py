"""How to log in at a JSON endpoint."""

import base64
from collections.abc import Mapping
from typing import Self

from pydantic import model_validator

from collectors.api import Credential, Secret

_WAYS: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"token"}),
    frozenset({"user", "password"}),
    frozenset({"header", "value"}),
    frozenset({"parameter", "value"}),
)


class JsonCredential(Credential):
    """A bearer token, a user and password, a header, or a parameter of the URL.

    ``base_url`` is another address for the host of the query's ``url``.
    """

    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    header: str | None = None
    parameter: str | None = None
    value: Secret | None = None
    base_url: str | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        given = {name for name in type(self).model_fields if getattr(self, name)} - {"base_url"}
        if given not in _WAYS or not (given or self.base_url):
            raise ValueError(
                "say `token`, or `user` and `password`, or `value` and its `header` or `parameter`"
            )
        return self

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What an answer may not repeat."""
        return tuple(one for one in (self.token, self.password, self.value) if one is not None)

    def headers(self) -> Mapping[str, str]:
        """Give the header that a request needs, other than for a token."""
        if self.value is not None and self.header:
            return {self.header: self.value.reveal()}
        if self.password is None:
            return {}
        pair = f"{self.user}:{self.password.reveal()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def params(self) -> Mapping[str, str]:
        """Give the parameter of the URL that a request needs."""
        if self.value is None or not self.parameter:
            return {}
        return {self.parameter: self.value.reveal()}
