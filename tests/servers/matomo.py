"""A local Matomo: its Reporting API, as version 5 answers.

The figures of a day follow from the day alone, see ``figures``. What is in ``faults`` is answered
first, in turn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.servers.http import Answer, HttpServer, Request, json_answer

TOKEN = "matomo0token0of0the0tests0000001"
BROWSERS = ("Chrome", "Safari", "Lynx")


def failed(message: str, status: int = 200) -> Answer:
    """Give an error in Matomo's own form, which mostly comes with status 200."""
    return json_answer({"result": "error", "message": message}, status)


def figures(day: date) -> list[dict[str, Any]]:
    """Give the browsers of a day; on Sundays nobody comes."""
    if day.weekday() == 6:
        return []
    return [
        {"label": name, "nb_visits": day.day * 10 + number, "nb_actions": 7, "bounce_rate": 0.25}
        for number, name in enumerate(BROWSERS)
    ]


@dataclass
class Installation:
    """What the server knows; a test may change all of it while it serves."""

    token: str = TOKEN
    sites: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"7": {"name": "Visas", "timezone": "Europe/London"}}
    )
    reports: dict[str, Any] = field(default_factory=dict)
    """What a method answers, whatever is asked."""
    faults: list[Answer | Callable[[Request], Answer]] = field(default_factory=list)


class MatomoServer(HttpServer):
    """Serves one ``installation``; its base URL is ``url``."""

    def __init__(self, installation: Installation) -> None:
        super().__init__()
        self.installation = installation

    @property
    def asked(self) -> list[dict[str, str]]:
        """What the body of each request said."""
        return [dict(parse_qsl(request.body.decode())) for request in self.requests]

    def answer(self, request: Request) -> Answer:
        """Fail if told to; else check the token, the site and the method, in this order."""
        installation = self.installation
        if installation.faults:
            fault = installation.faults.pop(0)
            return fault if isinstance(fault, Answer) else fault(request)
        if (request.method, request.path) != ("POST", "/index.php") or request.query:
            return failed("A token for secure requests only came in a URL.", 401)
        said = dict(parse_qsl(request.body.decode()))
        if said.pop("token_auth", "") != installation.token:
            return failed(
                "Unable to authenticate with the provided token. It is either invalid, expired or "
                "is required to be sent as a POST parameter.",
                401,
            )
        if said.get("idSite") not in installation.sites:
            return failed(
                "You can't access this resource as it requires 'view' access for the website id = "
                f"{said.get('idSite')}."
            )
        return self._report(said)

    def _report(self, said: Mapping[str, str]) -> Answer:
        method = said["method"]
        if method in self.installation.reports:
            return json_answer(self.installation.reports[method])
        if method == "SitesManager.getSiteFromId":
            return json_answer({"idsite": said["idSite"]} | self.installation.sites[said["idSite"]])
        if method == "Live.getCounters":
            counts = {"visits": "54", "actions": "90", "visitors": "53", "visitsConverted": "0"}
            return json_answer([counts])
        if method == "DevicesDetection.getBrowsers" and said["period"] == "day":
            first, last = map(date.fromisoformat, said["date"].split(","))
            days = (first + timedelta(number) for number in range((last - first).days + 1))
            return json_answer({str(day): figures(day) for day in days})
        module, _, name = method.partition(".")
        return failed(
            f"The method '{name}' does not exist or is not available in the module "
            f"'\\Piwik\\Plugins\\{module}\\API'."
        )
