"""``completion``: what a shell needs to complete commands, options and names."""

import sys
from pathlib import Path

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

VARIABLE = "_COLLECTOR_COMPLETE"
"""The environment variable with which the shell asks the program what may come next."""
_SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script with which SHELL completes this program with the Tab key.

    The program is known to the shell by the name it is called by, so call it as
    ./run_collector.py, in bash after: source <(./run_collector.py completion bash)
    """
    program = Path(sys.argv[0]).name
    click.echo(_SHELLS[shell](context.find_root().command, {}, program, VARIABLE).source())
    return 0
