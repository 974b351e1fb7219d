from collectors.api import Period
from collectors.testing import Answer, Case, HttpServer, scripted

ROWS = "day,tolls\n2026-11-17,5\n2026-11-18,6\n2026-11-19,7\n"

CASE = Case(
    query={"file": "{server}/tolls.csv", "date": "day", "measures": ["tolls"]},
    server=lambda: HttpServer(scripted(Answer(200, ROWS.encode(), {"Content-Type": "text/csv"}))),
    period=Period.DAY,
)
