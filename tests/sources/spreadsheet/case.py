from datetime import date

from collectors.api import Period
from collectors.api.google import GoogleCredential
from collectors.testing import Answer, Case, HttpServer, scripted
from tests.servers.sheets import NUMBER, SheetsServer, Tab

ROWS = "day,tolls\n2026-11-17,5\n2026-11-18,6\n2026-11-19,7\n"
TAB = Tab("Tolls", [["day", "tolls"], *([date(2026, 11, 16 + n), 4 + n] for n in (1, 2, 3))])


def credential(server, directory):
    return GoogleCredential(
        kind="service_account", key_file=server.service_account(directory), base_url=server.url
    )


CASES = {
    "spreadsheet": Case(
        query={"file": "{server}/tolls.csv", "date": "day", "measures": ["tolls"]},
        server=lambda: HttpServer(
            scripted(Answer(200, ROWS.encode(), {"Content-Type": "text/csv"}))
        ),
        period=Period.DAY,
    ),
    "google-sheets": Case(
        query={"google_sheet": NUMBER, "date": "day", "measures": ["tolls"]},
        credential=credential,
        server=lambda: SheetsServer(TAB),
        period=Period.DAY,
    ),
}
