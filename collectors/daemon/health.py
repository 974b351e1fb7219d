"""Health and metrics over HTTP, for who watches the daemon: systemd, containers, Prometheus.

=====================  ===========================================================================
``GET``                says
=====================  ===========================================================================
``/health/live``       200 while the loops move, 503 with the names of those that do not
``/health/ready``      200 while the store can be written, the loops move and this process is the
                       daemon of its store, else 503 and what is wrong; with ``?late=fail`` also
                       where a collector is late
``/metrics``           metrics for Prometheus
=====================  ===========================================================================
"""

from dataclasses import dataclass
from typing import Any

import orjson
from flask import Blueprint, Response, request

from collectors.daemon.lookout import Lookout, Sight
from collectors.daemon.metrics import Metrics
from collectors.daemon.pulse import Pulse
from collectors.errors import StoreError
from collectors.values import counted

ASKED = "asked whether ready"
"""The notice that is written to see whether the store can be."""
NAMED_AT_MOST = 100
"""How many late collectors an answer names; it counts them all."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """What the health of a daemon is judged on."""

    pulse: Pulse
    lookout: Lookout
    metrics: Metrics

    def live(self) -> dict[str, Any]:
        """Tell whether the loops move: ``ok``, who is ``stuck``, seconds since each moved."""
        stuck = self.pulse.stuck()
        loops = {name: round(age, 1) for name, age in self.pulse.ages().items()}
        return {"ok": not stuck, "stuck": stuck, "seconds_since": loops}

    def ready(self, *, late_fails: bool) -> dict[str, Any]:
        """Tell whether the daemon does its work: ``ok``, and of each check what is wrong, if so."""
        checks: dict[str, str | None] = {"store": None, "loops": self._loops()}
        late: dict[str, Any] = {}
        try:
            self.lookout.parts().store.post.tell(ASKED, {})
            checks["daemon"] = self._daemon()
            late = _late(self.lookout.look())
        except StoreError as exc:
            checks["store"] = self.lookout.parts().vault.scrub(str(exc))
        if late_fails and late.get("count"):
            checks["late"] = f"{counted(late['count'], 'collector is', 'collectors are')} late"
        return {"ok": not any(checks.values()), "checks": checks, "late": late}

    def _loops(self) -> str | None:
        ages = self.pulse.ages()
        stuck = (f"the {name} has not moved for {ages[name]:.0f} s" for name in self.pulse.stuck())
        return "; ".join(stuck) or None

    def _daemon(self) -> str | None:
        post = self.lookout.parts().store.post
        holder = post.holder()
        if holder is not None and holder.owner == post.owner:
            return None
        return "this process is not the daemon of its store"


def _late(sight: Sight) -> dict[str, Any]:
    return {"count": len(sight.late), "collectors": sight.late[:NAMED_AT_MOST]}


def blueprint(health: Health) -> Blueprint:
    """Give the routes that tell of ``health``."""
    routes = Blueprint("health", __name__)

    @routes.get("/health/live")
    def live() -> Response:
        return _answer(health.live())

    @routes.get("/health/ready")
    def ready() -> Response:
        return _answer(health.ready(late_fails=request.args.get("late") == "fail"))

    @routes.get("/metrics")
    def metrics() -> Response:
        content, content_type = health.metrics.page(request.headers.get("Accept", ""))
        return _fresh(Response(content, content_type=content_type))

    return routes


def _answer(body: dict[str, Any]) -> Response:
    content = orjson.dumps(body)
    return _fresh(Response(content, 200 if body["ok"] else 503, mimetype="application/json"))


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
