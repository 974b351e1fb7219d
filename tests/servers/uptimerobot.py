"""An UptimeRobot on loopback (API v3): monitors in pages, and the statistics of one."""

from collections.abc import Sequence
from datetime import datetime

from collectors.testing import Answer, HttpServer, Request, json_answer

TOKEN = "ur1234567-0123456789abcdef01234567"
MONITORS = tuple(
    {"id": 800 + n, "friendlyName": f"Monitor {n}", "type": "HTTP", "status": status}
    for n, status in enumerate(("UP", "DOWN", "UP", "PAUSED", "UP"))
)
MOST_DAYS = 90


class UptimeRobotServer(HttpServer):
    """Checks the token first, then the path, then what is asked."""

    def __init__(self, monitors: Sequence[dict[str, object]] = MONITORS, page: int = 2) -> None:
        super().__init__()
        self.monitors = list(monitors)
        self.page = page

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return failed(401, "Unauthorized", "000-001")
        match request.path.strip("/").split("/"):
            case ["v3", "monitors"]:
                return self._listing(int(request.query.get("cursor", 0)))
            case ["v3", "monitors", monitor, "stats", "uptime"]:
                return self._uptime(monitor, request)
        return failed(404, "Cannot GET", "000-004")

    def _listing(self, cursor: int) -> Answer:
        left = [one for one in self.monitors if int(str(one["id"])) > cursor]
        shown = left[: self.page]
        more = len(left) > len(shown)
        # The real one has been seen to leave out the s of https.
        link = f"{self.url}/v3/monitors?cursor={shown[-1]['id']}" if more else None
        return json_answer({"data": shown, "nextLink": link})

    def _uptime(self, monitor: str, request: Request) -> Answer:
        if monitor not in {str(one["id"]) for one in self.monitors}:
            return failed(404, "Monitor not found", "000-004")
        since, until = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
        if not 0 < (until - since).days <= MOST_DAYS:
            return failed(400, "Validation failed", "000-002")
        down = since.day * 60
        total = (until - since).total_seconds()
        return json_answer(
            {
                "uptime": round(100 - down * 100 / total, 3),
                "totalDowntimeSeconds": down,
                "incidentCount": since.day % 3,
            }
        )


def failed(status: int, message: str, code: str) -> Answer:
    """Give an error as UptimeRobot says it."""
    return json_answer({"message": message, "code": code}, status)
