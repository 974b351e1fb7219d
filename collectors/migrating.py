"""Running the migrations of a folder with Alembic: a module of its own, as few starts need it."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from collectors.errors import StoreError


def migrate(migrations: Path, **attributes: Any) -> None:
    """Run what has not been run yet; its ``env.py`` finds the ``attributes``. Raises StoreError."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes.update(attributes)
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise StoreError(f"the migrations in {migrations} cannot be run: {exc}") from exc
