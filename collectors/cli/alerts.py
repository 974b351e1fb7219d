"""``alerts``: what is wrong just now, what was told of it, and whether telling works."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import click

from collectors.alerts import AlertLoop
from collectors.alerts.messages import name_of
from collectors.cli.choosing import usable
from collectors.cli.output import moment, show_rows
from collectors.cli.settings import Settings
from collectors.store import Alert, Incident

SHOWN = 100
"""How many incidents ``--all`` goes back."""


@click.group()
def alerts() -> None:
    """Tell what is wrong, and try whether alerts arrive."""


@alerts.command("list")
@click.option("--all", "closed_too", is_flag=True, help="Those that are over too.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def list_alerts(settings: Settings, *, closed_too: bool, as_json: bool) -> int:
    """Tell what is wrong just now, as the daemon saw it last, and who was told."""
    with settings.store() as store:
        known = store.incidents.listed(SHOWN) if closed_too else store.incidents.open_ones()
        told = defaultdict[int, list[Alert]](list)
        for alert in store.incidents.told([one.id for one in known]):
            told[alert.incident.id].append(alert)
    rows = [_row(one, told[one.id], whole=as_json) for one in known]
    show_rows(rows, as_json=as_json, empty="nothing is wrong")
    return 0


@alerts.command("test")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def test_alerts(settings: Settings, *, as_json: bool) -> int:
    """Send a test over each channel, also in quiet hours, and tell what came of it."""
    configuration = usable(settings)
    with settings.store() as store, settings.look_only(store) as parts:
        platform = configuration.platform
        tried = AlertLoop(parts, configuration.collectors, platform.alerts).test()
    rows = [
        {"channel": name, "result": "failed" if reason else "sent", "reason": reason}
        for name, reason in tried.items()
    ]
    show_rows(rows, as_json=as_json, empty="no channel is set: see 'alerts' in platform.yaml")
    return 0 if tried and not any(tried.values()) else 1


def _row(incident: Incident, told: Sequence[Alert], *, whole: bool) -> dict[str, Any]:
    failing = {one.channel: one.reason for one in told if one.sent_at is None}
    return {
        "what": name_of(incident),
        "kind": incident.kind,
        "since": moment(incident.opened_at),
        "until": moment(incident.closed_at),
        "data_sets": incident.data_sets if whole else len(incident.data_sets),
        "told": sorted({one.channel for one in told if one.sent_at is not None}),
        "not_told": [f"{name}: {reason or 'waits'}" for name, reason in sorted(failing.items())],
        "reason": incident.reason,
    }
