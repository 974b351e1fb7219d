"""The case of Matomo for the kit: two days of browsers."""

from datetime import UTC, datetime

from collectors.api import Period, Window
from collectors.testing import Case
from tests.servers.matomo import TOKEN, Installation, MatomoServer

CASES = {
    "matomo": Case(
        query={
            "site": "7",
            "method": "DevicesDetection.getBrowsers",
            "dimensions": {"label": "browser"},
            "measures": {"nb_visits": "sessions"},
        },
        server=lambda: MatomoServer(Installation()),
        credential={"base_url": "{server}", "token": TOKEN},
        window=Window(datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC)),
        period=Period.DAY,
    )
}
