"""The configurations of the old collector, translated into collectors of ours.

The old collector (performanceplatform-collector) had a JSON file a job: an entrypoint, a data set,
a query and options. A translated collector goes on with the data set where the old one stopped,
with the same fields and the same ids. Nothing in an old file is ever evaluated as code.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from collectors.config.legacy import google_analytics, google_others, pingdom, piwik, webtrends
from collectors.config.legacy.old import OldConfiguration, Translation, read
from collectors.errors import ConfigError

__all__ = ["Translation", "service_file", "translate"]

_ENTRYPOINTS: Mapping[str, Callable[[OldConfiguration, Mapping[str, str]], Translation]] = {
    "performanceplatform.collector.ga": google_analytics.translate,
    "performanceplatform.collector.ga.realtime": google_others.realtime,
    "performanceplatform.collector.ga.trending": google_others.trending,
    "performanceplatform.collector.pingdom": pingdom.translate,
    "performanceplatform.collector.piwik.core": piwik.report,
    "performanceplatform.collector.piwik.realtime": piwik.realtime,
    "performanceplatform.collector.webtrends.keymetrics": webtrends.key_metrics,
    "performanceplatform.collector.webtrends.reports": webtrends.reports,
}


def translate(
    old: Mapping[str, Any], properties: Mapping[str, str] = MappingProxyType({})
) -> Translation:
    """Give the collector that goes on where an old configuration, a parsed JSON file, stopped.

    ``properties`` maps views of Universal Analytics (``12345``) to the GA4 properties that took
    their place; one that is not there becomes a variable of the environment, which has to be set.
    Raises ConfigError with what cannot be translated.
    """
    configuration = read(OldConfiguration, old)
    by_entrypoint = _ENTRYPOINTS.get(configuration.entrypoint)
    if by_entrypoint is None:
        raise ConfigError(
            f"the entrypoint {configuration.entrypoint!r} cannot be translated;"
            f" understood are {', '.join(_ENTRYPOINTS)}"
        )
    return by_entrypoint(configuration, properties)


def service_file(service: str, collectors: Mapping[str, Translation]) -> str:
    """Give the YAML of a service with these collectors by their keys, remarks as comments."""
    lines = [f"service: {service}", "collectors:"]
    for key, translation in collectors.items():
        lines += [f"  # {remark}" for remark in translation.remarks]
        text = yaml.safe_dump(
            {key: translation.collector},
            allow_unicode=True,
            default_flow_style=None,
            sort_keys=False,
            width=1000,
        )
        lines += [f"  {line}" for line in text.splitlines()]
    return "\n".join(lines) + "\n"
