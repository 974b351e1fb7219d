"""A merged tree becomes a ``Collector``, or a list of mistakes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from collectors.api import Probing, Source
from collectors.config.checks import check, got, near
from collectors.config.files import MAPPING_KEYS, CollectorKeys
from collectors.config.findings import THIS, Reporter
from collectors.config.fingerprints import fingerprint
from collectors.config.mapping import MappingSpec
from collectors.config.model import Collector, Place, Service
from collectors.config.nodes import Entry, Report, Table, Text
from collectors.config.quantities import spell_duration
from collectors.config.references import References
from collectors.config.sent import check_names
from collectors.errors import ConfigError
from collectors.periods import Period
from collectors.values import DataSet

WHAT = f"collector {THIS}"
_AS_READ = MappingSpec()
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Builds collectors, with the platform's ``timezone`` and ``deadline``.

    ``doubt`` takes a place, what works there but should be looked at, and the collector's name.
    """

    sources: Mapping[str, type[Source]]
    references: References
    timezone: ZoneInfo
    deadline: timedelta | None
    doubt: Callable[[Place, str, str], None]

    def build(
        self, service: Service, key: str, entry: Entry, place: Place, report: Reporter
    ) -> Collector | None:
        """Give the collector under ``key``, or report each mistake in it and give None."""
        entry = Entry(entry.key, self.references.resolve(entry.value, report))
        keys = check(CollectorKeys, entry, WHAT, report)
        if not isinstance(entry.value, Table):
            return None
        source = self._source(entry, entry.value, report)
        mapping = _mapping(entry, entry.value, report)
        if keys is None or source is None or mapping is None:
            return None
        if query := entry.value.entries.get("query"):
            check_names(source, mapping, query, report)
        period = _period(keys, source, entry, entry.value, report)
        _check_ticks(keys, source, entry.value, report)
        credentials = _credentials(keys, source, entry.value, report)
        splay = _splay(keys, entry.value, report)
        _check_expectation(keys, period, entry.value, report)
        if period is None or not report.clean:
            return None
        name = f"{service.name}/{key}"
        zone = self._zone(keys, source, entry.value, name)
        return Collector(
            name=name,
            service=service.name,
            key=key,
            source=source,
            schedule=keys.schedule,
            period=period,
            zone=zone,
            data_set=DataSet.parse(keys.data_set or name),
            mapping=mapping,
            settle=source.settle if keys.settle is None else keys.settle,
            fingerprint=fingerprint(source, mapping, period, zone),
            place=place,
            credentials=credentials,
            title=keys.title,
            description=keys.description,
            units=keys.units,
            since=self._since(keys, source, entry.value, name),
            deadline=keys.deadline or self.deadline,
            expect=keys.expect,
            splay=splay,
            tick_zone=keys.schedule.zone or self.timezone,
            enabled=keys.enabled,
            labels=keys.labels | service.labels,
            replace=keys.replace,
            batch=keys.batch,
        )

    def _zone(self, keys: CollectorKeys, source: Source, node: Table, collector: str) -> ZoneInfo:
        zone = source.fixed_zone or keys.zone or self.timezone
        if keys.zone not in (None, zone):
            message = (
                f"the source {source.name!r} counts in {zone}: 'zone' changes nothing in {WHAT}"
            )
            self.doubt(node.entries["zone"].key, message, collector)
        return zone

    def _since(
        self, keys: CollectorKeys, source: Source, node: Table, collector: str
    ) -> date | None:
        if keys.since is None or not isinstance(source, Probing):
            return keys.since
        message = f"the source {source.name!r} has no past: 'since' changes nothing in {WHAT}"
        self.doubt(node.entries["since"].key, message, collector)
        return None

    def _source(self, entry: Entry, node: Table, report: Report) -> Source | None:
        named = node.entries.get("source")
        if named is None or not isinstance(named.value, Text) or named.value.broken:
            return None
        try:
            model = self.sources.get(named.value.text)
        except ConfigError as exc:
            report(named.value.place, f"{exc} ({WHAT})")
            return None
        if model is None:
            known = near(named.value, self.sources)
            report(named.value.place, f"unknown source {got(named.value)} in {WHAT}{known}")
            return None
        query = node.entries.get("query", Entry(entry.key, Table({}, entry.key)))
        if not isinstance(query.value, Table):
            return None
        return check(model, query, f"the query of {WHAT}", report)


def _mapping(entry: Entry, node: Table, report: Report) -> MappingSpec | None:
    said = {key: node.entries[key] for key in MAPPING_KEYS if key in node.entries}
    if not said:
        return _AS_READ
    return check(MappingSpec, Entry(entry.key, Table(said, node.place)), WHAT, report)


def _period(
    keys: CollectorKeys, source: Source, entry: Entry, node: Table, report: Report
) -> Period | None:
    usual = Period.HOUR if isinstance(source, Probing) else keys.schedule.period
    period = keys.period or usual
    said = node.entries.get("period") or node.entries.get("schedule") or entry
    place = said.value.place
    if period is None:
        report(place, f"cron text does not say the period: add 'period' to {WHAT}")
    elif period not in source.periods:
        known = ", ".join(one for one in Period if one in source.periods)
        message = f"the source {source.name!r} has no figures by {period.value!r} in {WHAT}"
        report(place, f"{message}: set 'period' to one of {known}")
    elif period is Period.INSTANT and keys.schedule.every is None:
        report(place, f"the period 'instant' in {WHAT} needs a schedule like 'every 2 minutes'")
    else:
        return period
    return None


def _check_expectation(
    keys: CollectorKeys, period: Period | None, node: Table, report: Report
) -> None:
    if period is Period.INSTANT and keys.expect and keys.expect.compares:
        message = f"'expect' in {WHAT}: an instant is compared with no other, so leave out"
        report(node.entries["expect"].value.place, f"{message} 'fall' and 'zero'")


def _check_ticks(keys: CollectorKeys, source: Source, node: Table, report: Report) -> None:
    if not isinstance(source, Probing):
        return
    every, longest = keys.schedule.every, source.longest
    if every is not None and longest < every <= _HOUR:
        return
    message = f"the source {source.name!r} looks at every tick, for up to {longest.seconds} seconds"
    rule = "use a schedule like 'every minute', of more than that and at most an hour"
    report(node.entries["schedule"].value.place, f"{message}, in {WHAT}: {rule}")


def _splay(keys: CollectorKeys, node: Table, report: Report) -> timedelta:
    if keys.splay is None:
        return keys.schedule.usual_splay
    if not keys.splay:
        return keys.splay
    interval = keys.schedule.interval
    if keys.splay > interval:
        ticks = f"{spell_duration(interval)} between two ticks of {keys.schedule.text!r}"
        report(node.entries["splay"].value.place, f"'splay' in {WHAT} is more than the {ticks}")
    return keys.splay


def _credentials(keys: CollectorKeys, source: Source, node: Table, report: Report) -> str | None:
    if source.credential is not None:
        usual = source.credential_file or source.name
        return keys.credentials or (usual if source.credential_needed else None)
    if keys.credentials is not None:
        message = f"the source {source.name!r} of {WHAT} takes no credentials: leave them out"
        report(node.entries["credentials"].key, message)
    return None
