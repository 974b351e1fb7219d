from datetime import UTC, datetime, timedelta

from collectors.api import Window
from collectors.testing import NOW, Case
from tests.servers.pingdom import TOKEN, Account, PingdomServer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

CASE = Case(
    query={"check": "Carers"},
    credential={"token": TOKEN, "base_url": "{server}"},
    server=lambda: PingdomServer(Account(now=NOW)),
    window=Window(NOON - timedelta(days=60), NOON),
)
