"""At rest: how long a start takes, what it holds, and what it costs to do nothing.

    python -m benchmarks.resting [COLLECTORS …] [--idle SECONDS] [--quick]

The daemon beside APScheduler alone, each in a process of its own, with the same cron texts in a
named zone (``m h * * *`` in Europe/London). A thousand of them fall due in one second.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import psutil
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from collectors.api import Context, Period, Reading, Source, Window
from collectors.cli.assembling import remade
from collectors.cli.settings import Settings, World
from collectors.daemon import Daemon, Notifier, Ways
from collectors.schedule import Tick, timing_of
from collectors.schedule.ticker import Ticker

ZONE = "Europe/London"
AT_ONCE = 1_000
"""How many fall due in one second."""
A_FILE = 10
"""How many collectors a file holds."""
AHEAD = timedelta(minutes=30)
"""No other falls due so soon."""


class Nothing(Source):
    """A source of which nothing is ever due: its collectors begin in a hundred years."""

    name: ClassVar[str] = "nothing"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.DAY})

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield nothing."""
        return iter(())


def cron_texts(count: int, burst: datetime) -> list[str]:
    """Give so many cron texts: a thousand at ``burst``, the others spread over the later day."""
    local = burst.astimezone(ZoneInfo(ZONE))
    minutes = 24 * 60 - 2 * int(AHEAD.total_seconds() // 60)
    texts = []
    for number in range(count):
        at = local
        if number >= AT_ONCE:
            at = local + AHEAD + timedelta(minutes=number % minutes)
        texts.append(f"{at.minute} {at.hour} * * *")
    return texts


def burst_in(seconds: float) -> datetime:
    """Give the first full minute that is at least so far away."""
    soon = datetime.now(UTC) + timedelta(seconds=seconds + 60)
    return soon.replace(second=0, microsecond=0)


def usage(idle: float) -> dict[str, float]:
    """Do nothing for a while, and tell how much of a core that took, and the memory held."""
    process = psutil.Process()
    before, began = process.cpu_times(), time.monotonic()
    time.sleep(idle)
    after, took = process.cpu_times(), time.monotonic() - began
    cpu = after.user + after.system - before.user - before.system
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"idle_cpu_percent": round(100 * cpu / took, 3), "peak_mb": round(peak, 1)}


def delays(found: list[float]) -> dict[str, float]:
    """Give the median and the 99th percentile of delays, in milliseconds."""
    cuts = quantiles(found, n=100)
    return {
        "ticks": len(found),
        "delay_p50_ms": round(1000 * cuts[49], 1),
        "delay_p99_ms": round(1000 * cuts[98], 1),
    }


def alone(count: int, idle: float) -> dict[str, Any]:
    """Measure APScheduler with a job for each."""
    burst = burst_in(idle + count / 1000)
    texts = cron_texts(count, burst)
    found: list[float] = []

    def fire() -> None:
        found.append((datetime.now(UTC) - burst).total_seconds())

    zone = ZoneInfo(ZONE)
    began = time.monotonic()
    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None})
    for text in texts:
        minute, hour, *_ = text.split()
        scheduler.add_job(fire, CronTrigger(minute=minute, hour=hour, timezone=zone))
    scheduler.start()
    started = time.monotonic() - began
    rest = usage(idle)
    until(lambda: len(found) >= AT_ONCE, burst)
    scheduler.shutdown()
    return {"start_s": round(started, 2), **rest, **delays(found)}


def ours(count: int, idle: float) -> dict[str, Any]:
    """Measure the daemon: files read, ticker started, everything looked at once, at rest."""
    burst = burst_in(idle + count / 500)
    with tempfile.TemporaryDirectory() as name:
        settings = written(Path(name), cron_texts(count, burst))
        began = time.monotonic()
        configuration = settings.configuration
        read = time.monotonic() - began
        started = ticker_start(settings)
        found: list[float] = []
        with settings.store() as store, settings.parts(store) as parts:
            ways = Ways(load=settings.load, remake=remade)
            daemon = Daemon(configuration, parts, ways, Notifier(None))
            measured(daemon, burst, found)
            begun = threading.Event()
            began = time.monotonic()
            thread = threading.Thread(target=daemon.run, args=(5.0, begun.set))
            thread.start()
            begun.wait()
            ready = time.monotonic() - began
            until(daemon.works.planner.is_idle, burst)
            looked = time.monotonic() - began
            rest = usage(idle)
            until(lambda: len(found) >= AT_ONCE, burst)
            until(lambda: planned(store) >= AT_ONCE, burst)
            entered = (datetime.now(UTC) - burst).total_seconds()
            daemon.stop()
            thread.join()
    return {
        "files_read_s": round(read, 2),
        "start_s": round(started, 2),
        "daemon_ready_s": round(ready, 2),
        "all_looked_at_s": round(looked, 2),
        **rest,
        **delays(found),
        "all_planned_ms": round(1000 * entered, 1),
    }


def planned(store: Any) -> int:
    """Give how many ticks were planned and written down."""
    return len(store.ticks.listed(limit=2 * AT_ONCE))


def ticker_start(settings: Settings) -> float:
    """Give the seconds that adding all collectors to a ticker and starting it takes."""
    began = time.monotonic()
    ticker = Ticker(settings.world.clock, lambda _tick: None)
    collectors = settings.configuration.collectors
    ticker.replace({name: timing_of(one) for name, one in collectors.items()})
    ticker.start()
    took = time.monotonic() - began
    ticker.stop()
    return took


def measured(daemon: Daemon, burst: datetime, found: list[float]) -> None:
    """Let the delay of each tick of the burst be noted when it is told."""
    told = daemon.works.ticker._on_tick

    def on_tick(tick: Tick) -> None:
        delay = (datetime.now(UTC) - burst).total_seconds()
        found.extend([delay] * len(tick.collectors))
        told(tick)

    daemon.works.ticker._on_tick = on_tick


def written(directory: Path, texts: list[str]) -> Settings:
    """Write the configuration, and give the settings to run it."""
    services = directory / "config" / "services"
    services.mkdir(parents=True)
    (directory / "credentials").mkdir()
    (directory / "config" / "platform.yaml").write_text(
        f"state: sqlite:///{directory}/state.db\n"
        f"embedded: {{url: 'sqlite:///{directory}/data-sets.db'}}\n"
        f"timezone: {ZONE}\n"
    )
    for first in range(0, len(texts), A_FILE):
        lines = [f"service: service-{first}", "collectors:"]
        for number, text in enumerate(texts[first : first + A_FILE]):
            lines += [
                f"  one-{number}:",
                "    source: nothing",
                f'    schedule: "{text}"',
                "    period: day",
                "    since: 2126-01-01",
            ]
        (services / f"service-{first}.yaml").write_text("\n".join(lines) + "\n")
    world = World(sources={"nothing": Nothing})
    return Settings(world, directory / "config", directory / "credentials", None)


def until(holds: Any, burst: datetime) -> None:
    """Wait until something holds, a few minutes after the burst at most."""
    while not holds():
        if datetime.now(UTC) > burst + timedelta(minutes=5):
            raise TimeoutError("it never came true")
        time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collectors", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--idle", type=float, default=30.0, help="seconds at rest")
    parser.add_argument("--child", choices=["ours", "alone"], help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="10,000 only, at rest for 10 s")
    chosen = parser.parse_args()
    if chosen.child:
        [count] = chosen.collectors
        measure = {"ours": ours, "alone": alone}[chosen.child]
        print(json.dumps(measure(count, chosen.idle)))
        return
    if chosen.quick:
        chosen.collectors, chosen.idle = [10_000], 10.0
    for count in chosen.collectors:
        for who in ("alone", "ours"):
            command = [sys.executable, "-m", "benchmarks.resting", str(count), "--child", who]
            command += ["--idle", str(chosen.idle)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{count:>7,} {who:>5}  {answer.stdout.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
