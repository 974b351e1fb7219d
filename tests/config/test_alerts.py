"""The key ``alerts`` of platform.yaml: what it means, and each mistake in it."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from collectors.config import load
from collectors.config.alerts import Mail, QuietHours
from collectors.sources import registry
from collectors.values import Secret

ENVIRONMENT = {"HOOK": "https://hooks.example/T0/planted-token", "NO_URL": "planted-no-url"}


@pytest.fixture
def read(tmp_path):
    def loaded(alerts, service=""):
        (tmp_path / "services").mkdir(exist_ok=True)
        (tmp_path / "platform.yaml").write_text(f"timezone: Europe/Paris\nalerts: {alerts}\n")
        if service:
            (tmp_path / "services" / "toll.yaml").write_text(service)
        return load(tmp_path, tmp_path, sources=registry(), environment=ENVIRONMENT)

    return loaded


def test_what_is_said_is_what_is_meant(read):
    alerts = read(
        """{webhook: "${HOOK}", command: [page, --now], repeat: 1 day, deadline: 3 hours,
        email: {to: [a@b.uk], from: c@d.uk, host: mail, tls: tls, credentials: smtp},
        quiet_hours: {from: "22:00", until: "07:30"}, heartbeat: "${HEARTBEAT:-}"}"""
    ).platform.alerts

    assert alerts.webhook == Secret(ENVIRONMENT["HOOK"])
    assert alerts.heartbeat is None
    assert alerts.command == ("page", "--now")
    assert (alerts.repeat, alerts.deadline) == (timedelta(days=1), timedelta(hours=3))
    assert alerts.mail == Mail(
        to=("a@b.uk",), sender="c@d.uk", host="mail", port=465, tls="tls", credentials="smtp"
    )
    zone = ZoneInfo("Europe/Paris")
    assert alerts.quiet_hours == QuietHours(start=time(22), end=time(7, 30), zone=zone)


def test_a_mail_server_without_a_name_is_none(read):
    email = '{to: [a@b.uk], from: c@d.uk, host: "${SMTP:-}"}'
    assert read(f"{{email: {email}}}").platform.alerts.mail is None


@pytest.mark.parametrize(
    ("alerts", "told"),
    [
        ('{webhook: "https://hooks.example/x"}', "holds a plain secret: use ${VAR}"),
        ('{webhook: "${NO_URL}"}', "is not a URL: it begins with https:// or http://"),
        ("{email: {to: [nobody], from: c@d.uk, host: mail}}", "'nobody' is not an e-mail address"),
        ("{email: {to: [], from: c@d.uk, host: mail}}", "'to'"),
        (
            "{email: {to: [a@b.uk], from: c@d.uk, host: mail, tls: none, credentials: smtp}}",
            "would send the password for all to read",
        ),
        ('{quiet_hours: {from: "22:00", until: "22:00"}}', "would never end"),
        ('{quiet_hours: {from: "24:00", until: "07:00"}}', "'24:00' is not a time of day"),
        ("{webhok: x}", "did you mean 'webhook'?"),
    ],
)
def test_each_mistake_is_told_where_it_stands_and_shows_no_secret(read, alerts, told):
    (mistake,) = read(alerts).mistakes
    assert told in mistake.message
    assert mistake.line == 2
    assert "planted" not in str(mistake)


def test_the_deadline_of_all_gives_way_to_a_collectors_own(read):
    service = """service: toll
collectors:
  a: {source: pingdom, schedule: hourly, query: {check: "1"}}
  b: {source: pingdom, schedule: hourly, deadline: 2 days, query: {check: "2"}}
"""
    found = read("{deadline: 3 hours}", service).collectors

    assert [one.deadline for one in found.values()] == [timedelta(hours=3), timedelta(days=2)]
