"""Which quota keys a collector's requests count against, and what may be asked of each."""

from collectors.api import Limits
from collectors.api.quotas import laid_over
from collectors.config.model import Collector
from collectors.runner.parts import Parts
from collectors.runner.reading import border


def quota_limits(parts: Parts, collector: Collector) -> dict[str, Limits]:
    """Give the limits of each key of a collector: its source's, under what the platform says.

    Raises ConfigError without a credential, Refused where that is wrong, Unexpected where the
    source breaks.
    """
    if collector.source.quota is None:
        return {}
    name, credential = parts.credential(collector)
    with border(collector):
        keys = collector.source.quota_keys(credential, name)
    return {key: laid_over(key, limits, parts.quotas) for key, limits in keys.items()}
