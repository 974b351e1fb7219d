"""The cases of satisfaction and support-api for the kit."""

from datetime import UTC, datetime

from collectors.api import Period, Window
from collectors.testing import Case, HttpServer, json_answer, scripted
from tests.servers.support_api import COMMENT, TOKEN, Feedback, SupportApiServer

DAYS = [
    {
        "date": f"2026-11-{day}",
        "slug": "vote",
        **{f"rating_{rating}": day + rating for rating in range(1, 6)},
    }
    for day in (17, 18)
]


def feedback() -> Feedback:
    """Give a day with many comments, on two pages, and one with none."""
    said = Feedback()
    for second in range(60):
        said.single(f"2026-11-18T09:12:{second:02}.000Z", 5, COMMENT)
    said.aggregated("2026-11-18", 5, 100)
    said.aggregated("2026-11-18", 1, 7)
    said.aggregated("2026-11-19", 2, 1)
    return said


CASES = {
    "satisfaction": Case(
        query={"file": "{server}/counts.json", "slug": "vote"},
        server=lambda: HttpServer(scripted(json_answer(DAYS))),
        credential={"token": "satisfaction/token+1=="},
        period=Period.DAY,
    ),
    "support-api": Case(
        query={"slug": "vote"},
        server=lambda: SupportApiServer(feedback()),
        credential={"base_url": "{server}", "token": TOKEN},
        window=Window(datetime(2026, 11, 18, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),
        period=Period.DAY,
        planted=(COMMENT,),
    ),
}
