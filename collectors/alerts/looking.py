"""One look at everything: judge, keep what changed, tell who is to be told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from collectors.alerts.channels import Channel, channels_of
from collectors.alerts.judging import judge
from collectors.alerts.messages import TEST, message_of
from collectors.alerts.quiet import is_quiet
from collectors.config.alerts import Alerts
from collectors.config.model import Collector
from collectors.errors import CollectorError
from collectors.runner import Parts
from collectors.runner.inputs import fed_by
from collectors.standing import Standing, standings
from collectors.store.incidents import Problem

log = structlog.get_logger()


class AlertLoop:
    """Looks, whenever it is told to, at these collectors and tells who is to be told.

    It holds nothing: all that is to be remembered is in the store, so that another one, after a
    restart or a reload, goes on where this one was. One process at a time may look.
    """

    def __init__(self, parts: Parts, collectors: Mapping[str, Collector], settings: Alerts) -> None:
        self._parts = parts
        self._collectors = {name: one for name, one in collectors.items() if one.enabled}
        self._settings = settings
        self._channels = channels_of(parts, settings)
        for url in (settings.webhook, settings.heartbeat):
            if url is not None:
                parts.vault.remember(url)

    def look(self, others: Iterable[Problem] = (), known: Sequence[Standing] | None = None) -> None:
        """Make one pass; ``others`` are problems that no collector's standing shows.

        ``known`` are the standings of the enabled collectors, where they have just been made.
        Raises StoreError; a channel that fails is tried again in a later pass.
        """
        store = self._parts.store
        if known is None:
            known = standings(self._parts, self._collectors, ask=False)
        open_ones = {(one.kind, one.subject) for one in store.incidents.open_ones()}
        lanes = store.view.lanes() if any(one.queued for one in known) else []
        now = self._parts.clock.now()
        problems = [*judge(known, lanes, open_ones, now, self._feeders), *others]
        scrub = self._parts.vault.scrub
        store.incidents.see(
            [replace(one, reason=scrub(one.reason)) for one in problems],
            [one.name for one in self._channels],
            self._settings.repeat,
        )
        self.tell()

    def tell(self) -> None:
        """Tell what waits to be told, unless it is quiet now. Raises StoreError."""
        if is_quiet(self._settings.quiet_hours, self._parts.clock.now()):
            return
        incidents = self._parts.store.incidents
        for channel in self._channels:
            waiting = incidents.waiting(channel.name)
            if not waiting:
                continue
            try:
                channel.send(message_of(waiting))
            except CollectorError as exc:
                reason = self._parts.vault.scrub(str(exc))
                log.warning("alert not sent", channel=channel.name, reason=reason)
                incidents.note_failed(waiting, reason)
            else:
                incidents.note_sent(waiting)

    def test(self) -> dict[str, str | None]:
        """Send a test over each channel, quiet or not; gives by channel why it failed, or None."""
        return {channel.name: self._tried(channel) for channel in self._channels}

    def _tried(self, channel: Channel) -> str | None:
        try:
            channel.send(TEST)
        except CollectorError as exc:
            return self._parts.vault.scrub(str(exc))
        return None

    def _feeders(self, collector: Collector) -> Collection[str]:
        """Name the collectors that write what a collector reads."""
        try:
            fed = fed_by(self._parts, collector)
        except CollectorError:
            return ()
        return [writer.name for one in fed for writer in one.writers]
