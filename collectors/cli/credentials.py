"""``credentials``: logging in where only a person can, once."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import click
import yaml

from collectors.api.google.credential import AUTHORIZED_USER, GoogleCredential
from collectors.cli.settings import Settings
from collectors.config.files import file_name
from collectors.errors import ConfigError, Refused
from collectors.values import Secret


@click.group()
def credentials() -> None:
    """Log in where only a person can, and keep what comes of it."""


def _name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return file_name(text)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc


@credentials.command()
@click.argument("name", callback=_name)
@click.option(
    "--client-secrets",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The JSON of an OAuth client, from the Google Cloud console.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="The port of this machine to which the browser comes back; 0 is any that is free.",
)
@click.option("--spreadsheets", is_flag=True, help="Ask for leave to read spreadsheets, too.")
@click.option("--no-browser", is_flag=True, help="Open no browser, only print the address.")
@click.pass_obj
def google(
    settings: Settings,
    name: str,
    client_secrets: Path,
    port: int,
    *,
    spreadsheets: bool,
    no_browser: bool,
) -> int:
    """Have a person consent in a browser, and write the credential NAME of it.

    The figures of Google Analytics that this person may see can be collected then.
    """
    # Imported here: Google's libraries take 0.3 s, and no other command shall pay.
    from collectors.api.google import consent, keys  # noqa: PLC0415

    path, key = _places(settings, name)
    client = _read(client_secrets)
    settings.vault.remember(Secret(consent.client_of(client)["client_secret"]))
    scopes = [consent.ANALYTICS, *([consent.SPREADSHEETS] if spreadsheets else [])]
    show = partial(_show, settings, opens=not no_browser)
    text = consent.ask_consent(client, scopes, port=port, show=show)
    settings.credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.write(key, text)
    if not path.exists():
        keys.write(path, yaml.safe_dump({"kind": AUTHORIZED_USER, "key_file": key.name}))
    click.echo(f"{path} and {key} are written")
    _advise(name)
    return 0


def _places(settings: Settings, name: str) -> tuple[Path, Path]:
    """Give where the credential is, and its key: that which it names, where there is one already.

    Raises Refused where it is another kind of credential.
    """
    path = settings.credentials / f"{name}.yaml"
    others = [path.with_suffix(suffix) for suffix in (".yml", ".json")]
    found = next((one for one in (path, *others) if one.exists()), None)
    if found is None:
        return path, settings.credentials / f"{name}-user.json"
    try:
        known = settings.vault.credential(name, GoogleCredential)
    except ConfigError as exc:
        raise Refused(f"{found} is there, and is no credential of Google's: {exc}") from exc
    if known.kind != AUTHORIZED_USER:
        raise Refused(
            f"{found} is there, of kind {known.kind}: take another name, or that file away"
        )
    return found, known.file


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise Refused(f"{path} cannot be read as JSON; download it anew") from exc
    return found if isinstance(found, dict) else {}


def _show(settings: Settings, url: str, *, opens: bool) -> None:
    opened = opens and settings.world.browse(url)
    click.echo("a browser has been opened at" if opened else "open this in a browser:", err=True)
    click.echo(f"\n  {url}\n", err=True)
    click.echo("waiting for the consent; Ctrl-C gives up", err=True)


def _advise(name: str) -> None:
    if name == "google-analytics":
        click.echo("next: python run_collector.py check", err=True)
    else:
        click.echo(f"next: say `credentials: {name}` in a collector that is to use it", err=True)
