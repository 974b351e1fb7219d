from datetime import UTC, datetime, timedelta

from collectors.api import Period, Window
from collectors.testing import Case
from tests.google import service_account_of
from tests.servers.google import Event, GoogleAccount, GoogleServer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def seen(minutes_ago, user, title="Apply", name="page_view", device="mobile"):
    """Somebody's event, so many minutes before noon."""
    texts = {"unifiedScreenName": title, "deviceCategory": device}
    return Event(NOON - timedelta(minutes=minutes_ago), name, user, user, texts)


EVENTS = [
    seen(1, "ann"),
    seen(2, "ann", "Done"),
    seen(3, "bob", device="desktop"),
    seen(20, "cat"),
    seen(31, "dan"),
]

CASE = Case(
    query={"property": "94954354", "dimensions": ["unifiedScreenName"]},
    credential=service_account_of,
    server=lambda: GoogleServer(GoogleAccount(events=EVENTS, now=NOON)),
    window=Window(NOON, NOON + timedelta(minutes=2)),
    period=Period.INSTANT,
    now=NOON + timedelta(seconds=5),
)
