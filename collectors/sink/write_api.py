"""The Performance Platform's write API over HTTP: one bearer token a data set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from collectors.errors import CollectorError, Refused, Unavailable, Unexpected
from collectors.http_client import HttpClient, Reply
from collectors.packing import pack
from collectors.values import Batch, DataSet, Receipt, Secret

HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "Content-Encoding": "gzip",
}
NOTHING, _ = pack([])
ADVICE = {
    401: "its token was not accepted; mend it in credentials/, then run 'outbox retry'",
    403: "its token may not write there; mend it in credentials/, then run 'outbox retry'",
    404: "there is no such data set; have it made, or mend data_set or target",
}


@dataclass(frozen=True, kw_only=True)
class WriteApi:
    """A target at ``url`` (which ends in ``/data``); ``token`` is asked anew on every try."""

    url: str
    http: HttpClient
    token: Callable[[DataSet], Secret]

    def send(self, batch: Batch) -> Receipt:
        """POST one batch; see the table of answers in the architecture notes.

        A refusal of records by their content, or of the size, is a receipt; anything else that
        is not acceptance raises Unavailable, Refused or Unexpected.
        """
        reply = self.http.send(
            "POST",
            self._url(batch.data_set),
            body=batch.body,
            headers=HEADERS,
            bearer=self.token(batch.data_set),
        )
        if reply.status == 413:
            return Receipt(too_large=True)
        if reply.status == 400 and (messages := _messages(reply)):
            return Receipt(refusal=messages)
        self._expect_ok(reply, batch.data_set)
        return Receipt(accepted=batch.count)

    def retract(self, data_set: DataSet, ids: Sequence[str]) -> Receipt:
        """DELETE each id; one that is not there is gone already.

        A target that does not know DELETE answers 405 or 501: then nothing can be retracted
        there, which the receipt says.
        """
        token = self.token(data_set)
        for name in ids:
            url = f"{self._url(data_set)}/{quote(name, safe='')}"
            reply = self.http.send("DELETE", url, bearer=token)
            if reply.status in (405, 501):
                return Receipt(refusal=f"{reply.url} cannot take observations back")
            if reply.status == 400 and "No record found" in (_messages(reply) or ""):
                continue
            self._expect_ok(reply, data_set)
        return Receipt(accepted=len(ids))

    def empty(self, data_set: DataSet) -> Receipt:
        """PUT an empty list; Refused where the target does not know that."""
        reply = self.http.send(
            "PUT",
            self._url(data_set),
            body=NOTHING,
            headers=HEADERS,
            bearer=self.token(data_set),
        )
        if reply.status in (400, 405, 501):
            message = f"{reply.url} answered {reply.status} to PUT"
            raise Refused(f"{message}: {data_set} cannot be emptied there")
        self._expect_ok(reply, data_set)
        return Receipt()

    def _url(self, data_set: DataSet) -> str:
        return f"{self.url.rstrip('/')}/{data_set.group}/{data_set.type}"

    def _expect_ok(self, reply: Reply, data_set: DataSet) -> None:
        if not 200 <= reply.status < 300:
            raise self._error(reply, data_set)
        answer = reply.json()
        if not isinstance(answer, dict) or answer.get("status") != "ok":
            raise Unexpected(f"{reply.url} answered {reply.status} without 'status: ok'")

    def _error(self, reply: Reply, data_set: DataSet) -> CollectorError:
        message = f"{reply.url} answered {reply.status}"
        if reply.status == 429 or reply.status >= 500:
            wait = reply.retry_after(self.http.clock.now())
            return Unavailable(message, wait, reply.status)
        # The body of a 401 may echo the token, so no body is ever repeated here.
        advice = ADVICE.get(reply.status, "which is not an answer of a write API")
        return Refused(f"{message} for {data_set}: {advice}")


def _messages(reply: Reply) -> str | None:
    try:
        answer: Any = reply.json()
    except Unexpected:
        return None
    messages = answer.get("messages") if isinstance(answer, dict) else None
    if not messages:
        return None
    return messages if isinstance(messages, str) else "; ".join(map(str, messages))
