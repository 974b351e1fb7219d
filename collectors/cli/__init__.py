"""The command line: options, commands, exit codes.

Exit codes: 0 done; 1 something failed, is late or was refused; 2 usage or configuration.
Only the answer is on stdout; everything else is on stderr.
"""

import gc
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import click

from collectors import __version__
from collectors.cli import logs
from collectors.cli.alerts import alerts
from collectors.cli.backfill import backfill
from collectors.cli.check import check
from collectors.cli.completion import VARIABLE, completion
from collectors.cli.credentials import credentials
from collectors.cli.daemon import daemon
from collectors.cli.dead_letters import dead_letters
from collectors.cli.empty import empty
from collectors.cli.explain import explain
from collectors.cli.look import list_collectors, show
from collectors.cli.new import new
from collectors.cli.outbox import outbox
from collectors.cli.pausing import pause, resume
from collectors.cli.plan import plan
from collectors.cli.quotas import quotas
from collectors.cli.read import read
from collectors.cli.run import run
from collectors.cli.sample import sample
from collectors.cli.schema import schema
from collectors.cli.send import send
from collectors.cli.serve import serve
from collectors.cli.settings import Settings, World
from collectors.cli.sources import list_sources
from collectors.cli.status import status
from collectors.cli.targets import targets
from collectors.cli.ticks import ticks
from collectors.cli.validate import validate
from collectors.connections import database_url
from collectors.errors import CollectorError, ConfigError
from collectors.sources import registry

GARBAGE_AFTER = 50_000
"""So many more things than before are made before Python looks for garbage; its default is 700."""
LONG_RUNNING = ("daemon",)
"""Commands of which nobody waits for an answer; they log more by themselves."""
CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=CONTEXT)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config"),
    show_default=True,
    envvar="COLLECTOR_CONFIG",
    show_envvar=True,
    help="The directory of platform.yaml, profiles/ and services/.",
)
@click.option(
    "--credentials",
    type=click.Path(path_type=Path),
    default=Path("credentials"),
    show_default=True,
    envvar="COLLECTOR_CREDENTIALS",
    show_envvar=True,
    help="The directory of credentials and tokens.",
)
@click.option(
    "--state",
    envvar="COLLECTOR_STATE",
    show_envvar=True,
    callback=lambda _context, _option, url: _checked(url),
    help="The URL of the state database, in place of platform.yaml's.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar="COLLECTOR_LOG_FORMAT",
    show_envvar=True,
    help="How log lines on stderr are written.",
)
@click.option(
    "-v",
    "--verbose",
    count=True,
    envvar="COLLECTOR_VERBOSE",
    show_envvar=True,
    help="Log more; twice for everything.",
)
@click.version_option(__version__, prog_name="performance collector")
@click.pass_context
def cli(
    context: click.Context,
    config: Path,
    credentials: Path,
    state: str | None,
    log_format: str,
    verbose: int,
) -> None:
    """Collect how services perform, and publish it.

    Sources are asked for the periods that are still missing; what they say is kept safely and
    delivered to each data set.
    """
    world = context.find_object(World) or World(sources=registry())
    settings = Settings(world, config, credentials, state)
    logs.configure(
        as_json=log_format == "json",
        verbose=verbose + (context.invoked_subcommand in LONG_RUNNING),
        scrub=lambda text: settings.vault.scrub(text),  # noqa: PLW0108 - the vault reads files when it is made
    )
    context.obj = settings


for command in (
    daemon,
    run,
    backfill,
    validate,
    check,
    list_collectors,
    show,
    sample,
    status,
    explain,
    ticks,
    plan,
    pause,
    resume,
    quotas,
    read,
    serve,
    send,
    empty,
    outbox,
    targets,
    dead_letters,
    alerts,
    credentials,
    list_sources,
    new,
    schema,
    completion,
):
    cli.add_command(command)


def _checked(url: str | None) -> str | None:
    """Give the URL of a database, if there is one; raises BadParameter where it is none."""
    try:
        if url:
            database_url(url)
    except ConfigError as exc:
        raise click.BadParameter(str(exc)) from None
    return url


def main(arguments: Sequence[str] | None = None, *, world: World | None = None) -> int:
    """Run one command and give its exit code; ``world`` is what tests put under it."""
    _tune()
    try:
        result = cli.main(arguments, obj=world, standalone_mode=False, complete_var=VARIABLE)
    except click.ClickException as exc:
        exc.show()
        return 2
    except click.Abort:
        click.echo("stopped; what was kept is safe, and the rest is collected next time", err=True)
        return 1
    except ConfigError as exc:
        for line in exc.mistakes or (exc,):
            click.echo(str(line), err=True)
        return 2
    except CollectorError as exc:
        click.echo(f"error: {exc}", err=True)
        return 1
    return result if isinstance(result, int) else 0


@cache
def _tune() -> None:
    """Look for garbage less often, once a process; it takes half the time of reading a large page.

    What has been imported by now is never looked at again.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER, 10, 10)
