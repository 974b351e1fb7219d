"""How to log in at a JSON endpoint."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from collectors.api.web_login import WebCredential


class JsonCredential(WebCredential):
    """A bearer token, a user and password, a header, or a parameter of the URL.

    ``base_url`` is another address for the host of the query's ``url``.
    """

    ways: ClassVar[Sequence[tuple[str, ...]]] = (*WebCredential.ways, ("parameter", "value"))
    besides: ClassVar[frozenset[str]] = frozenset({"base_url"})

    parameter: str | None = None
    base_url: str | None = None

    def params(self) -> Mapping[str, str]:
        """Give the parameter of the URL that a request needs."""
        if self.value is None or not self.parameter:
            return {}
        return {self.parameter: self.value.reveal()}
