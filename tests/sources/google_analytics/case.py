from datetime import date, datetime
from zoneinfo import ZoneInfo

from collectors.api import Period, Window, beginning
from collectors.api.google import GoogleCredential
from collectors.testing import Case
from tests.servers.google import Event, GoogleAccount, GoogleServer

LONDON = ZoneInfo("Europe/London")
BEGAN = [
    Event(datetime(2026, 11, day, hour, tzinfo=LONDON), "begin", f"u{hour}", f"{day}-{hour}")
    for day in (9, 10, 12)
    for hour in range(day)
]
FINISHED = [Event(one.at, "complete", one.user, one.session) for one in BEGAN[::2]]


def credential(server, directory):
    return GoogleCredential(
        kind="service_account", key_file=server.service_account(directory), base_url=server.url
    )


CASE = Case(
    query={"property": "94954354", "goals": {"start": "begin", "done": "complete"}},
    credential=credential,
    server=lambda: GoogleServer(GoogleAccount(events=[*BEGAN, *FINISHED], key_events={"complete"})),
    window=Window(beginning(date(2026, 11, 9), LONDON), beginning(date(2026, 11, 16), LONDON)),
    period=Period.DAY,
    zone=LONDON,
)
