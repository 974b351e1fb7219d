"""Google's own client, speaking through ours: one pool, one rule of retries, one scrubber."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

import httplib2
import orjson
from googleapiclient.discovery import build
from googleapiclient.model import JsonModel

from collectors.api import CollectorError, Context, Reply, Secret, Unexpected
from collectors.api.google.problems import Problem, explained, problem_of
from collectors.api.google.tokens import Tokens

ATTEMPTS = 3
"""Tries in all: what fails at Google costs quota too."""
SLOW = 5.0
"""Seconds that are waited before a server's error is tried again."""

Explain = Callable[[Problem], CollectorError | None]
Hold = Callable[[], AbstractContextManager[Any]]
Note = Callable[[Any, Any], None]


class Model(JsonModel):
    """JSON as Google's client wants it read, and as fast as we read it."""

    def serialize(self, body_value: Any) -> Any:
        """Give the body to send."""
        return orjson.dumps(body_value)

    def deserialize(self, content: bytes) -> Any:
        """Give the answer; Unexpected, with a sample, where it is not JSON."""
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as exc:
            sample = Reply(200, {}, content, "").text()
            raise Unexpected("Google's answer is not JSON; see the sample", sample) from exc


@dataclass(frozen=True, kw_only=True)
class Google:
    """One API of Google's, for one run. Safe to share between threads.

    ``service`` is what ``googleapiclient.discovery.build`` gives; pass its requests to
    ``execute``. ``explain`` may say what a problem means, before the general words are used;
    ``hold`` is held around every single request, for its quota: ``context.quota.request(…)``.
    """

    service: Any
    context: Context
    tokens: Tokens = field(repr=False)
    explain: Explain
    hold: Hold

    @property
    def project(self) -> str:
        """The project that requests are counted for."""
        return self.tokens.project(self.context)

    @property
    def account(self) -> str:
        """Who asks, as its owner would recognise it."""
        return self.tokens.account(self.context)

    def log_in(self) -> None:
        """See that a token can be had. Raises as ``execute`` does."""
        self.tokens.get(self.context)

    def execute(self, request: Any, note: Note | None = None) -> Any:
        """Give the answer to a request of ``service``.

        ``note`` is called with the answer and with what ``hold`` gave, which is still held. Raises
        Unavailable, Refused, QuotaSpent or Unexpected.
        """
        with ExitStack() as held:
            sending = _Sending(self, held)
            answer = request.execute(http=sending, num_retries=0)
            if note is not None:
                note(answer, sending.asked)
            return answer


@dataclass
class _Sending:
    """One request, tried until it succeeds, in the shape of ``httplib2.Http``.

    What ``hold`` gives is held in ``held`` until the reply has been read.
    """

    google: Google
    held: ExitStack
    asked: Any = None

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,
        connection_type: Any = None,
    ) -> tuple[httplib2.Response, bytes]:
        """Send what Google's client asks for."""
        content = body.encode() if isinstance(body, str) else body
        sent = {**(headers or {}), "accept-encoding": "gzip"}

        def once() -> Reply:
            return self._once(method, uri, content, sent)

        reply = self.google.context.http.try_again(once, self._judge, ATTEMPTS)
        return httplib2.Response({"status": str(reply.status)}), reply.body

    def _once(self, method: str, uri: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        tokens, context = self.google.tokens, self.google.context
        token = tokens.get(context)
        reply = self._send(method, uri, body, headers, token)
        if reply.status != 401:
            return reply
        return self._send(method, uri, body, headers, tokens.get(context, token))

    def _send(
        self, method: str, uri: str, body: bytes | None, headers: Mapping[str, str], token: Secret
    ) -> Reply:
        http = self.google.context.http
        with ExitStack() as held:
            self.asked = held.enter_context(self.google.hold())
            reply = http.send(method, uri, body=body, headers=headers, bearer=token)
            if reply.status < 300:
                self.held.push(held.pop_all())
        return reply

    def _judge(self, reply: Reply) -> CollectorError | None:
        if 200 <= reply.status < 300:
            return None
        context = self.google.context
        if 300 <= reply.status < 400:
            return context.http.default_judge(reply)
        problem = problem_of(reply)
        wait = reply.retry_after(context.clock.now()) or SLOW
        return self.google.explain(problem) or explained(problem, context.credential_name, wait)


def make(
    context: Context, api: str, version: str, scopes: tuple[str, ...], explain: Explain, hold: Hold
) -> Google:
    """Give the API, with the parts of it that are costly to make shared by the process."""
    credential = context.credential
    address = credential.base_url

    def built() -> Any:
        options = {"api_endpoint": address} if address else None
        # This http is never asked: execute() is given ours.
        return build(
            api,
            version,
            http=httplib2.Http(),
            model=Model(),
            client_options=options,
            static_discovery=True,
            cache_discovery=False,
        )

    return Google(
        service=context.shared.get(("google service", api, version, address), built),
        context=context,
        tokens=context.shared.get(
            ("google tokens", credential, scopes), lambda: Tokens(credential, scopes)
        ),
        explain=explain,
        hold=hold,
    )
