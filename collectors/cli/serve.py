"""``serve``: the data sets over HTTP, and the status page."""

import logging
import signal
from collections.abc import Callable

import click

from collectors.cli import interruption
from collectors.cli.choosing import usable
from collectors.cli.settings import Settings
from collectors.errors import ConfigError
from collectors.values import DataSet, Secret
from collectors.web import MOUNTED_AT, Scene, Server, application, mount, status_application


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="COLLECTOR_HOST",
    show_envvar=True,
    help="The address to listen on; 0.0.0.0 is all of them.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    envvar="COLLECTOR_PORT",
    show_envvar=True,
    help="The port to listen on; 0 is any that is free.",
)
@click.pass_obj
def serve(settings: Settings, host: str, port: int) -> int:
    """Serve the embedded data sets, and the status page under /status, until SIGTERM or Ctrl-C.

    The data sets have the write API and the read API. Requests that are under way are answered
    before it ends.
    """
    configuration = usable(settings)
    clock = settings.world.clock
    with settings.data_sets() as data_sets, settings.looking() as look:
        app = application(data_sets, configuration, clock=clock, token_of=_tokens(settings))
        mount(app, status_application(lambda: Scene(configuration, look()), clock=clock))
        server = Server(app, host, port)
        # Waitress warns of every request that waits for a thread, which is no news under load.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        click.echo(f"serving the data sets on {server.url}", err=True)
        click.echo(f"the status page is {server.url}{MOUNTED_AT}/", err=True)
        with interruption.heard(server.stop, signal.SIGTERM):
            server.run()
    click.echo("stopped", err=True)
    return 0


def _tokens(settings: Settings) -> Callable[[DataSet], Secret | None]:
    """Give what finds the token that credentials/tokens.yaml has for a data set, if it has one."""

    def token_of(data_set: DataSet) -> Secret | None:
        try:
            return settings.vault.token("tokens", data_set)
        except ConfigError:
            return None

    return token_of
