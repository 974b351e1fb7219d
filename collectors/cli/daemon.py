"""``daemon``: collect and deliver by schedule, until SIGTERM."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
import structlog
from flask import Flask

from collectors.cli import logs
from collectors.cli.assembling import fixed_changes, remade
from collectors.cli.settings import Settings
from collectors.cli.signals import heard
from collectors.config.model import Configuration
from collectors.daemon import Daemon, Notifier, Watcher, Ways, Why, blueprint, settle
from collectors.errors import CollectorError, ConfigError
from collectors.runner import Parts
from collectors.web import MOUNTED_AT, Scene, Server, mount, status_application

GRACE = 30.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
AT_ONCE = 1.0
"""Seconds that the store has to put runs back in when the daemon is to end at once."""
log = structlog.get_logger()


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="COLLECTOR_HOST",
    show_envvar=True,
    help="The address that the status page, health and metrics listen on.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8081,
    show_default=True,
    envvar="COLLECTOR_DAEMON_PORT",
    show_envvar=True,
    help="The port that they listen on; 0 is any that is free.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0),
    default=GRACE,
    show_default=True,
    envvar="COLLECTOR_GRACE",
    show_envvar=True,
    help="Seconds that runs have to end after SIGTERM; what does not is put back.",
)
@click.option("--no-watch", is_flag=True, help="Read files again on SIGHUP only.")
@click.pass_obj
def daemon(settings: Settings, host: str, port: int, grace: float, *, no_watch: bool) -> int:
    """Collect and deliver by schedule, until SIGTERM or Ctrl-C; a second one ends it at once.

    Files of the configuration and credentials are read again when they change, and on SIGHUP.
    """
    began = time.time()
    settle()
    configuration = settings.configuration
    _check_modes(settings)
    with logs.whole_process(), settings.store() as store, settings.parts(store) as parts:
        ways = Ways(load=settings.load, remake=_Remaking(configuration, settings))
        one = Daemon(configuration, parts, ways, Notifier.of(os.environ))
        server = Server(_application(one, settings), host, port)
        watcher = Watcher([settings.config, settings.credentials], one.reload, began)
        with heard(_hearing(one), *SIGNALS), _served(server):
            why, clean = one.run(grace, lambda: _begun(one, server, None if no_watch else watcher))
        watcher.stop()
        log.info("stopped" if why is Why.STOPPED else "another process took over")
    return _left(0 if why is Why.STOPPED else 1, clean=clean)


class _Remaking:
    """Makes parts anew at a reload, and tells of what only a start can change."""

    def __init__(self, configuration: Configuration, settings: Settings) -> None:
        self._begun_with = configuration.platform
        self._settings = settings

    def __call__(self, configuration: Configuration, before: Parts) -> Parts:
        for key in fixed_changes(self._begun_with, configuration.platform):
            log.warning("takes effect at the next start", key=key, file="platform.yaml")
        return remade(configuration, before)


def _check_modes(settings: Settings) -> None:
    """Refuse to run for months with credentials that others may read."""
    if exposed := settings.vault.exposed():
        raise ConfigError("others may read the credentials", exposed)


def _application(one: Daemon, settings: Settings) -> Flask:
    """Give the daemon's own pages: health and metrics, and the status page."""
    app = Flask("collectors.daemon", static_folder=None)
    app.register_blueprint(blueprint(one.health))
    pages = status_application(
        lambda: Scene(one.present.state.configuration, one.present.parts),
        clock=settings.world.clock,
    )
    mount(app, pages)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    return app


def _begun(one: Daemon, server: Server, watcher: Watcher | None) -> None:
    settle()
    log.info("begun", collectors=len(one.present.active), page=f"{server.url}{MOUNTED_AT}/")
    if watcher is not None:
        watcher.start()


@contextmanager
def _served(server: Server) -> Iterator[None]:
    thread = threading.Thread(target=server.run, name="pages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(5.0)


def _hearing(one: Daemon) -> Callable[[signal.Signals], None]:
    """Give what to do on signals: SIGTERM and Ctrl-C stop, twice at once; SIGHUP reads again."""
    stopped = False

    def hear(number: signal.Signals) -> None:
        nonlocal stopped
        if number is signal.SIGHUP:
            one.reload()
        elif stopped:
            _end_at_once(one)
        else:
            stopped = True
            one.stop()

    return hear


def _end_at_once(one: Daemon) -> NoReturn:
    """Put back what runs, if the store lets us do so quickly, and end.

    If not, its windows are due again all the same, for its process has gone.
    """
    putting = threading.Thread(target=_put_back, args=(one,), daemon=True)
    putting.start()
    putting.join(AT_ONCE)
    _exit(1)


def _put_back(one: Daemon) -> None:
    try:
        one.works.put_back()
    except CollectorError as exc:
        log.warning("not put back", reason=str(exc))


def _left(code: int, *, clean: bool) -> int:
    """Give the exit code; where threads hang in what they were put back from, end without them."""
    if not clean:
        _exit(code)
    return code


def _exit(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
