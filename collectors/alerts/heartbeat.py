"""The heartbeat: tells somebody outside that the daemon works, by asking for a URL."""

from datetime import datetime, timedelta

import structlog

from collectors.alerts.channels import hidden, impatient
from collectors.errors import CollectorError, Refused
from collectors.http_client import HttpClient
from collectors.values import Secret

EVERY = timedelta(minutes=1)

log = structlog.get_logger()


class Heartbeat:
    """Asks for ``url`` once ``every`` while all is well; whoever waits there misses it otherwise.

    Not for use by several threads at once.
    """

    def __init__(self, http: HttpClient, url: Secret | None, every: timedelta = EVERY) -> None:
        self._http = impatient(http)
        self._url = url
        self._every = every
        self._beaten: datetime | None = None
        self._failing = False

    def beat(self, healthy: bool) -> None:
        """Ask for the URL where it is time, if ``healthy``; a failure is logged, once in a row."""
        now = self._http.clock.now()
        if self._url is None or not healthy:
            return
        if self._beaten is not None and now - self._beaten < self._every:
            return
        self._beaten = now
        try:
            self._ask(self._url)
        except CollectorError as exc:
            if not self._failing:
                log.warning("heartbeat failed", reason=str(exc))
            self._failing = True
        else:
            self._failing = False

    def _ask(self, url: Secret) -> None:
        with hidden(url, "the heartbeat"):
            reply = self._http.send("GET", url.reveal())
            if not 200 <= reply.status < 300:
                raise Refused(f"{reply.url} answered {reply.status}")
