"""The mixed hour: live collecting, a backfill and edited files, under daemons that are killed."""

import random
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from collectors.store import Owner, Store
from tests.reliability.clocks import SharedClock
from tests.reliability.hour_figures import PAST, SINCE
from tests.reliability.hour_servers import HourPlatform, HourSource
from tests.reliability.processes import Child, Template

LONGEST = 120.0
"""Seconds after which a test gives up."""
TURN = 0.1
WORKERS = 6
MOVING = 5
TOLL = """\
service: toll
collectors:
  every:
    source: counts
    schedule: every 1 second
    period: hour
    since: {since}
    batch: 10
    query: {{url: "{url}/toll/every", settle_hours: "2", span_hours: "9"}}
  latest:
    source: counts
    schedule: every 3 seconds
    period: hour
    since: 2026-11-20
    replace: yes
    query: {{url: "{url}/toll/latest", settle_hours: "2"}}
  past:
    source: guarded
    credentials: guard
    schedule: hourly
    since: {since}
    batch: 10
    query: {{url: "{url}/toll/past?guarded=yes", settle_hours: "2", span_hours: "12"}}
  moments:
    source: moments
    schedule: {moments}
    query: {{url: "{url}/moments"}}
"""
MOVED = """\
service: {service}
collectors:
  cars:
    title: {title}
    source: counts
    schedule: {schedule}
    period: hour
    since: 2026-11-20
    batch: {batch}
    query: {{url: "{url}/{service}/cars?edition={edition}", settle_hours: "2"}}
"""
BROKEN = (
    "service: {service}\ncollectors: [",
    "service: {service}\ncollectors:\n  cars: {{source: counts, schedul: hourly}}\n",
    "service: {service}\ncollectors:\n  cars: {{source: account, schedule: hourly}}\n",
    "service: {service}\nservice: {service}\n",
    "",
)
STEADY = ("toll/every", "toll/latest", "toll/past")
"""The collectors of hours whose file nobody touches."""
MOMENTS = "toll/moments"
MOVING_ONES = tuple(f"moving-{number}/cars" for number in range(MOVING))
SERIES = (*STEADY, MOMENTS, *MOVING_ONES)
HOOK = "planted-path-of-the-webhook"
PASSWORD = "planted-password-of-the-database"


@dataclass
class Hour:
    """Where everything of a mixed hour is.

    ``tokens`` are those of now, ``secrets`` all that there ever were. ``editions`` counts what was
    written of files; ``there`` are the moving services that are configured in the end.
    """

    directory: Path
    database_url: str
    clock: SharedClock
    source: HourSource
    platform: HourPlatform
    hook_url: str
    templates: tuple[Template, Template]
    moments: str = "every 2 seconds"
    tokens: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=lambda: {HOOK, PASSWORD})
    editions: int = 0
    there: set[str] = field(default_factory=set)
    _begun_before: int = 0
    _living: Child | None = None

    def configure(self) -> None:
        """Write every file as it is at the beginning."""
        for name in ("config/services", "credentials"):
            (self.directory / name).mkdir(parents=True)
        self.rekey()
        self._secret("hook", f"{self.hook_url}/{HOOK}")
        self._secret("state", self.database_url)
        self._secret("embedded", self.embedded_url)
        (self.directory / "config/platform.yaml").write_text(
            f'target: [embedded, {{name: platform, url: "{self.platform.url}/data"}}]\n'
            "state: file:state\nembedded: {url: file:embedded}\n"
            f"timezone: Europe/London\nworkers: {WORKERS}\nalerts: {{webhook: file:hook}}\n"
        )
        toll = TOLL.format(url=self.source.url, since=f"{SINCE:%Y-%m-%d}", moments=self.moments)
        self._file("toll").write_text(toll)
        for service in map(_service, range(MOVING)):
            self.move(service)
        for series in SERIES:
            self.rotate(series)

    def move(self, service: str, schedule: str = "every 1 second") -> str:
        """Write a good file of a moving service, unlike all that it had before; gives its title."""
        self.editions += 1
        title = f"The {self.editions}. edition"
        self._file(service).write_text(
            MOVED.format(
                service=service,
                schedule=schedule,
                title=title,
                batch=5 + self.editions % 7,
                edition=self.editions,
                url=self.source.url,
            )
        )
        self.there.add(service)
        return title

    def breaks(self, service: str, chance: random.Random) -> None:
        """Write a bad file of a moving service."""
        self._file(service).write_text(chance.choice(BROKEN).format(service=service))

    def remove(self, service: str) -> None:
        """Take the file of a moving service away."""
        self._file(service).unlink(missing_ok=True)
        self.there.discard(service)

    def rotate(self, series: str, lag: float = 0.0) -> None:
        """Give a data set another token: at the platform first, and seconds later here."""
        self.editions += 1
        token = f"planted-token-{self.editions}-of-{series.replace('/', '-')}"
        self.secrets.add(token)
        self.platform.tokens[series] = token
        self.source.stopping.wait(lag)
        self.tokens[series] = token
        lines = "".join(f"{name}: {one}\n" for name, one in self.tokens.items())
        self._secret("tokens.yaml", lines)

    def rekey(self) -> None:
        """Let the guarded source have another key, there and here."""
        self.editions += 1
        self.source.key = f"planted-key-{self.editions}"
        self.secrets.add(self.source.key)
        self._secret("guard.yaml", f"key: {self.source.key}\n")

    def lock_out(self) -> None:
        """Let a target and the guarded source refuse what they are shown, and quote it."""
        self.platform.tokens["toll/every"] = self.source.key = "of-somebody-else"

    def turn_to(self, minute: int) -> None:
        """Let it be that minute of the next hour."""
        now = self.clock.now()
        then = now.replace(minute=minute, second=0, microsecond=0) + timedelta(hours=1)
        self.clock.advance(then - now)

    def edit(self, chance: random.Random) -> None:
        """Change some file by chance."""
        service = _service(chance.randrange(MOVING))
        schedules = ("every 1 second", "every 2 seconds", "hourly")
        chance.choice(
            (
                lambda: self.move(service, chance.choice(schedules)),
                lambda: self.move(service),
                lambda: self.breaks(service, chance),
                lambda: self.remove(service),
                lambda: self.rotate(chance.choice(SERIES), lag=chance.uniform(0, 0.2)),
            )
        )()

    def settle_files(self) -> dict[str, str]:
        """Bring every file into its last form: the last service is gone, the others are there.

        Gives the titles of their collectors.
        """
        self.remove(_service(MOVING - 1))
        services = [_service(number) for number in range(MOVING - 1)]
        return {f"{service}/cars": self.move(service) for service in services}

    def daemon(self, step: str | None = None, passing: int = 1) -> Child:
        """Start a daemon; it kills itself when it passes ``step`` for the given time."""
        self._begun_before = len(self.pages)
        self._living = self._start(["daemon", "--port", "0"], step, passing)
        return self._living

    def backfill(self) -> None:
        """Order a backfill, and leave it to the daemons."""
        start, end = PAST[0], PAST[1] - timedelta(days=1)
        stretch = ["--start", f"{start:%Y-%m-%d}", "--end", f"{end:%Y-%m-%d}", "--chunk", "day"]
        self._command(["backfill", "toll/past", "toll/every", *stretch, "--detach"])

    def flush(self) -> None:
        """Deliver what the last daemon had not delivered when it was stopped."""
        self._command(["outbox", "flush"])

    def retry_backfill(self) -> None:
        """Let the daemon try again what of the backfill has failed, if anything has."""
        self._command(["backfill", "retry", "1", "--detach"])

    def begun(self) -> str:
        """Wait until the last daemon that was started works; gives the address of its pages."""
        self.until(lambda: self.has_begun)
        return self.pages[-1]

    @property
    def has_begun(self) -> bool:
        """Tell whether the last daemon that was started works."""
        return len(self.pages) > self._begun_before

    @property
    def pages(self) -> list[str]:
        """The addresses of the pages of all daemons that have begun, the last one last."""
        return re.findall(r'"page": "(http\S+)/status/"', self.output)

    def kill(self) -> None:
        """Kill the daemon, if it has not killed itself, and let everything that it asked end."""
        child, self._living = self._living, None
        if child is None:
            return
        if not child.ends_within(0):
            child.kill()
        code = child.wait()
        assert code == -signal.SIGKILL, f"{code}: {self.output}"
        self.source.wait_until_quiet()
        self.platform.wait_until_quiet()

    def stop(self) -> None:
        """Let the daemon end in good order."""
        child, self._living = self._living, None
        assert child is not None
        child.kill(signal.SIGTERM)
        assert child.wait() == 0, self.output

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + LONGEST
        while not holds():
            assert time.monotonic() < end, f"it never came true: {self.output[-5000:]}"
            self.source.stopping.wait(TURN)

    @property
    def output(self) -> str:
        """All that the processes of this hour have printed."""
        path = self.directory / "output.txt"
        return path.read_text() if path.exists() else ""

    def store(self) -> Store:
        """Open the store, to look into it."""
        return Store(self.database_url, clock=self.clock, owner=Owner.this_process())

    @property
    def embedded_url(self) -> str:
        """The database of the embedded data sets: a file beside the store's, or the same server."""
        on_server = self.database_url.startswith("postgresql")
        return self.database_url if on_server else f"sqlite:///{self.directory}/data-sets.db"

    def _command(self, command: list[str]) -> None:
        assert self._start(command, beside=True).wait() == 0, self.output

    def _start(
        self, command: list[str], step: str | None = None, passing: int = 1, *, beside: bool = False
    ) -> Child:
        places = {"--config": "config", "--credentials": "credentials"}
        options = [part for name, at in places.items() for part in (name, str(self.directory / at))]
        order = {
            "arguments": [*options, "--log-format", "json", *command],
            "clock": self.clock.path,
            "step": step,
            "passing": passing,
            "output": str(self.directory / "output.txt"),
        }
        return self.templates[beside].start(order)

    def _file(self, service: str) -> Path:
        return self.directory / f"config/services/{service}.yaml"

    def _secret(self, name: str, text: str) -> None:
        """Write a file of credentials for its owner alone, whole at every moment."""
        new = self.directory / f"credentials/.{name}"
        new.touch(0o600)
        new.write_text(text)
        new.rename(self.directory / "credentials" / name)


def with_password(database_url: str) -> str:
    """Plant the password in the URL of a server, which trusts everybody."""
    url = sa.make_url(database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(password=PASSWORD)
    return url.render_as_string(hide_password=False)


def _service(number: int) -> str:
    return f"moving-{number}"
