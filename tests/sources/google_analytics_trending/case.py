from datetime import date, datetime
from zoneinfo import ZoneInfo

from collectors.api import Period, Window, beginning
from collectors.testing import Case
from tests.google import service_account_of
from tests.servers.google import Event, GoogleAccount, GoogleServer

LONDON = ZoneInfo("Europe/London")


def views(day, count, title, path):
    """So many views of a page, on a day of November."""
    at = datetime(2026, 11, day, 12, tzinfo=LONDON)
    texts = {"pageTitle": title, "pagePath": path}
    return [
        Event(at, "page_view", f"u{number}", f"{day}-{number}", texts) for number in range(count)
    ]


EVENTS = [
    *views(5, 99, "Apply", "/apply"),
    *views(6, 10, "Apply", "/apply"),
    *views(12, 6, "Apply", "/apply/step"),
    *views(12, 4, "Help", "/help"),
    *views(13, 5, "Apply", "/apply"),
    *views(19, 9, "Apply", "/apply/step"),
    *views(16, 16, "Help", "/help"),
    *views(20, 99, "Help", "/help"),
    *views(14, 2, "Rare", "/rare"),
]
"""Of 6 to 12 November, and of 13 to 19; there are more before and after."""

CASE = Case(
    query={
        "property": "94954354",
        "dimension": "pageTitle",
        "beside": ["pagePath"],
        "floor": 8,
    },
    credential=service_account_of,
    server=lambda: GoogleServer(GoogleAccount(events=EVENTS, custom={"pageTitle"})),
    window=Window(beginning(date(2026, 11, 19), LONDON), beginning(date(2026, 11, 20), LONDON)),
    period=Period.DAY,
    zone=LONDON,
)
