"""Who is told when data is late, and how: ``alerts`` of ``platform.yaml`` as frozen values."""

from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from collectors.config.files import AlertKeys, MailKeys, QuietKeys
from collectors.values import Secret

PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, kw_only=True)
class Mail:
    """How mails are sent; ``tls`` is ``starttls``, ``tls`` or ``none``.

    ``credentials`` names the file in ``credentials/`` to log in with; None where nobody does.
    """

    to: tuple[str, ...]
    sender: str
    host: str
    port: int
    tls: str
    credentials: str | None = None


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """The local hours from ``start`` to before ``end`` in which nothing is told."""

    start: time
    end: time
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """Who is told when data is late, and how; what is None or empty is not used.

    ``repeat`` is how often what goes on is told again; ``heartbeat`` is asked for while the daemon
    truly works; ``deadline`` is that of every collector that has none of its own.
    """

    webhook: Secret | None = None
    mail: Mail | None = None
    command: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None
    repeat: timedelta | None = None
    heartbeat: Secret | None = None
    deadline: timedelta | None = None


def alerts_of(keys: AlertKeys, timezone: ZoneInfo) -> Alerts:
    """Give the values of what the file says."""
    return Alerts(
        webhook=keys.webhook,
        mail=_mail(keys.email),
        command=tuple(keys.command),
        quiet_hours=_quiet_hours(keys.quiet_hours, timezone),
        repeat=keys.repeat,
        heartbeat=keys.heartbeat,
        deadline=keys.deadline,
    )


def _mail(keys: MailKeys | None) -> Mail | None:
    if keys is None or not keys.host:
        return None
    return Mail(
        to=tuple(keys.to),
        sender=keys.from_,
        host=keys.host,
        port=keys.port or PORTS[keys.tls],
        tls=keys.tls,
        credentials=keys.credentials,
    )


def _quiet_hours(keys: QuietKeys | None, timezone: ZoneInfo) -> QuietHours | None:
    if keys is None:
        return None
    return QuietHours(start=keys.from_, end=keys.until, zone=keys.zone or timezone)
