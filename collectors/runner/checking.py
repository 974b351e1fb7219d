"""Before anything is collected: can every source be asked, and does every target take the token?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from collectors.config.model import Collector
from collectors.errors import CollectorError, ConfigError, QuotaSpent, Unavailable
from collectors.packing import pack
from collectors.runner.collection import CLOCK_IS_WRONG
from collectors.runner.parts import Parts
from collectors.runner.previewing import looking
from collectors.runner.reading import border
from collectors.values import Batch, DataSet

_NOTHING, _ = pack([])
_LATER = "; nothing is lost meanwhile: try again later"
_IF_IT_STAYS = "; nothing is lost meanwhile; if it stays so, mend the address or the file"


@dataclass
class Check:
    """What was looked at of ``name``, what was found right, and what is wrong (None: nothing)."""

    name: str
    what: str
    found: list[str] = field(default_factory=list)
    wrong: str | None = None


def check(
    parts: Parts,
    collectors: Mapping[str, Collector],
    workers: int,
    tell: Callable[[int, int], None],
) -> list[Check]:
    """Check the sources of ``collectors``, their lanes and the clock, so many at once.

    Nothing is stored and no observation is sent. ``tell`` is told how many are done, of how many.
    """
    tasks = [
        *(partial(_source, parts, one) for one in collectors.values()),
        *(partial(_lane, parts, *lane) for lane in _lanes(parts, collectors.values())),
    ]
    with ThreadPoolExecutor(workers, thread_name_prefix="check") as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            for done, _future in enumerate(as_completed(futures), 1):
                tell(done, len(futures))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return [*(future.result() for future in futures), _clock(parts)]


def _lanes(parts: Parts, collectors: Iterable[Collector]) -> list[tuple[str, DataSet]]:
    data_sets = sorted({one.data_set for one in collectors})
    return [(target, data_set) for target in parts.sinks for data_set in data_sets]


def _source(parts: Parts, collector: Collector) -> Check:
    made = Check(collector.name, f"source {collector.source.name}")
    with _noted(made, parts), border(collector):
        context = looking(parts, collector, [])
        made.found.extend(map(parts.vault.scrub, collector.source.examine(context)))
    return made


def _lane(parts: Parts, target: str, data_set: DataSet) -> Check:
    """Post an empty list: the write API checks the token first, and stores nothing of it."""
    made = Check(str(data_set), f"target {target}")
    with _noted(made, parts):
        receipt = parts.sinks[target].send(Batch(data_set, _NOTHING, 0))
        if receipt.refusal is None:
            made.found.append("it is there and takes the token")
        else:
            made.wrong = f"it takes the token, but no empty list: {receipt.refusal}"
    return made


def _clock(parts: Parts) -> Check:
    made = Check("this machine", "clock")
    skew = timedelta(seconds=round(parts.http.skew))
    if abs(skew) > CLOCK_IS_WRONG:
        made.wrong = f"it differs by {skew} from the servers': set it right, or nothing is settled"
    else:
        made.found.append("it agrees with the servers'")
    return made


@contextmanager
def _noted(made: Check, parts: Parts) -> Iterator[None]:
    try:
        yield
    except ConfigError as exc:
        made.wrong = parts.vault.scrub("; ".join(map(str, exc.mistakes or (exc,))))
    except CollectorError as exc:
        made.wrong = parts.vault.scrub(f"{exc}{_advice(exc)}")


def _advice(error: CollectorError) -> str:
    match error:
        case QuotaSpent():
            return _LATER
        case Unavailable():
            return _IF_IT_STAYS
        case _:
            return ""
