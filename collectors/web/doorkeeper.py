"""Who may write: bearer tokens, known by their digests alone."""

import hmac
from collections.abc import Callable, Sequence

from flask import Request, Response, abort

from collectors.config.digests import digest_of
from collectors.datasets.catalogue import Served
from collectors.values import DataSet, Secret, counted
from collectors.web.answers import failed
from collectors.web.attempts import Attempts

PREFIX = "Bearer "
EXPECTED = "Expected header of form: Authorization: Bearer <token>"


class Doorkeeper:
    """Lets pass whoever has the token of a data set, and answers all others 401 or 429.

    ``token_of`` gives the token of a data set that was not declared, if there is one;
    ``administrator`` is the digest of the token that may take data sets away.
    """

    def __init__(
        self,
        attempts: Attempts,
        token_of: Callable[[DataSet], Secret | None],
        administrator: bytes | None,
    ) -> None:
        self._attempts = attempts
        self._token_of = token_of
        self._administrator = administrator

    def admit(self, request: Request, served: Served) -> None:
        """Pass a request that writes ``served``."""
        self._check(request, served.name, self._digests(served))

    def admit_administrator(self, request: Request, served: Served) -> None:
        """Pass a request that takes ``served`` away."""
        digests = (self._administrator,) if self._administrator else ()
        self._check(request, f"{served.name}, administrator", digests)

    def _digests(self, served: Served) -> Sequence[bytes]:
        if served.is_declared:
            return served.declared.tokens
        token = self._token_of(served.data_set)
        return (digest_of(token.reveal()),) if token else ()

    def _check(self, request: Request, name: str, digests: Sequence[bytes]) -> None:
        header = request.headers.get("Authorization")
        if header is None:
            abort(_unauthorised(EXPECTED))
        key = (request.remote_addr or "", name)
        if wait := self._attempts.wait(key):
            abort(_too_often(wait))
        token = header.removeprefix(PREFIX) if header.startswith(PREFIX) else ""
        # WSGI gives a header's bytes as Latin-1.
        digest = digest_of(token.encode("latin-1").decode("utf-8", "surrogateescape"))
        matches = [hmac.compare_digest(digest, one) for one in digests]
        if not any(matches):
            self._attempts.wrong(key)
            abort(_unauthorised(f"Unauthorized: Invalid bearer token for '{name}'"))
        self._attempts.right(key)


def _unauthorised(message: str) -> Response:
    response = failed(401, message)
    response.headers["WWW-Authenticate"] = "bearer"
    return response


def _too_often(seconds: int) -> Response:
    response = failed(429, f"Too many wrong tokens: try again in {counted(seconds, 'second')}")
    response.headers["Retry-After"] = str(seconds)
    return response
