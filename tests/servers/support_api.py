"""A local support-api: the feedback about paths, by day and page, as its controller gives it.

Every row has a comment of which nothing may ever be seen again, see ``COMMENT``. What is in
``faults`` is answered first, in turn.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.servers.http import Answer, HttpServer, Request, json_answer

TOKEN = "support/api+token=="
COMMENT = "My name is Ada Example and I live at 1 Analytical Row"
PAGE_SIZE, MAX_PAGES = 50, 200


@dataclass
class Feedback:
    """What the server knows; a test may change all of it while it serves."""

    token: str = TOKEN
    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Answer | Callable[[Request], Answer]] = field(default_factory=list)

    def single(
        self, created: str, rating: int, comment: str | None = None, path: str = "/done/vote"
    ) -> None:
        """Add what one person said."""
        row = {"slug": path.rpartition("/")[2], "details": comment, "user_agent": "Mozilla/5.0"}
        self._add("service-feedback", created, rating, path, row)

    def aggregated(self, day: str, rating: int, count: int, path: str = "/done/vote") -> None:
        """Add what the night after made of a day."""
        row = {"slug": None, "details": str(count)}
        self._add("aggregated-service-feedback", f"{day}T00:00:00.000Z", rating, path, row)

    def _add(self, kind: str, created: str, rating: int, path: str, more: dict[str, Any]) -> None:
        self.rows.append(
            {
                "type": kind,
                "path": path,
                "id": len(self.rows) + 1,
                "created_at": created,
                "service_satisfaction_rating": rating,
                "url": f"https://www.gov.uk{path}",
                **more,
            }
        )


class SupportApiServer(HttpServer):
    """Serves ``feedback``; its base URL is ``url``."""

    def __init__(self, feedback: Feedback) -> None:
        super().__init__()
        self.feedback = feedback

    def answer(self, request: Request) -> Answer:
        """Log in, fail if told to, and answer: in this order."""
        if request.headers.get("authorization") != f"Bearer {self.feedback.token}":
            return json_answer({"message": "Invalid token"}, 401)
        if self.feedback.faults:
            fault = self.feedback.faults.pop(0)
            return fault if isinstance(fault, Answer) else fault(request)
        if request.path != "/anonymous-feedback":
            return Answer(404)
        if not request.query.get("path_prefixes[]"):
            return Answer(400)
        return json_answer(self._page(request.query))

    def _page(self, query: Any) -> dict[str, Any]:
        first, last = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
        found = sorted(
            (
                row
                for row in self.feedback.rows
                if row["path"].startswith(query["path_prefixes[]"])
                and first <= date.fromisoformat(row["created_at"][:10]) <= last
            ),
            key=lambda row: row["created_at"],
            reverse=True,
        )[: PAGE_SIZE * MAX_PAGES]
        page = max(int(query.get("page", 1)), 1)
        answer = {
            "results": found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
            "total_count": len(found),
            "current_page": page,
            "pages": -(-len(found) // PAGE_SIZE),
            "page_size": PAGE_SIZE,
            "from_date": str(first),
            "to_date": str(last),
        }
        return answer | ({"results_limited": True} if len(found) == PAGE_SIZE * MAX_PAGES else {})
