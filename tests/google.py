"""What the tests of Google's sources share: a context that logs in at the test's own Google."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from collectors.api import Context, HttpClient, Period
from collectors.api.google import GoogleCredential
from collectors.clock import FixedClock
from tests.contexts import NOW, RecordingSleep, make_context
from tests.servers.google import GoogleServer

LONDON = ZoneInfo("Europe/London")


def service_account_of(server: GoogleServer, directory: Path) -> GoogleCredential:
    """Give a credential with a service account's key of ``server``, kept in ``directory``."""
    key = server.service_account(directory)
    return GoogleCredential(kind="service_account", key_file=key, base_url=server.url)


def google_context(server: GoogleServer, directory: Path, **overrides: Any) -> Context:
    """Give a context with a service account's key of ``server``, kept in ``directory``."""
    clock = overrides.get("clock", FixedClock(NOW))
    credential = service_account_of(server, directory)
    parts = {
        "http": HttpClient(clock, sleep=RecordingSleep(), read=5.0, proxies={}),
        "clock": clock,
        "credential": credential,
        "credential_name": "google-analytics",
        "zone": LONDON,
        "period": Period.DAY,
    }
    return make_context(**(parts | overrides))
