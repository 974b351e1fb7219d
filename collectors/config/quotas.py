"""What may be asked of providers: ``quotas`` of ``platform.yaml`` as frozen values."""

from collections.abc import Callable, Iterable, Mapping

from collectors.api import Limits, Source
from collectors.config.files import QuotaKeys
from collectors.config.model import Place
from collectors.config.nodes import Node, Table
from collectors.config.suggestions import hint


def quotas_of(quotas: Mapping[str, QuotaKeys]) -> dict[str, Limits]:
    """Give the limits of what the file says, by name of key."""
    return {name: Limits(**dict(keys)) for name, keys in quotas.items()}


def doubt_names(
    platform: Node | None, sources: Iterable[type[Source]], doubt: Callable[[Place, str], None]
) -> None:
    """Tell of the names under ``quotas`` with which no source's quota keys begin."""
    entry = platform.entries.get("quotas") if isinstance(platform, Table) else None
    if entry is None or not isinstance(entry.value, Table):
        return
    known = {source.quota for source in sources if source.quota}
    for name, one in entry.value.entries.items():
        first = name.partition(":")[0]
        if first not in known:
            message = f"no source has a quota {first!r}, so nothing obeys it"
            doubt(one.key, f"{message}{hint(first, known)}")
