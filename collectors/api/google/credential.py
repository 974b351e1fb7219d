"""What ``credentials/<name>.yaml`` says of a login at Google."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collectors.api import Credential

SERVICE_ACCOUNT = "service_account"
AUTHORIZED_USER = "authorized_user"
STORED = "stored"


class GoogleCredential(Credential):
    """Which key to log in with at Google, of which ``kind``.

    ``service_account`` and ``authorized_user`` have a ``key_file``; ``stored`` has the
    ``storage`` that oauth2client wrote, and its ``client_secrets``. Files are looked for beside
    the credential. ``base_url`` replaces the address of the API; tokens come from where the key
    says. ``concurrent`` is how many requests may be under way at once of what Google counts (ten,
    mostly).
    """

    kind: Literal["service_account", "authorized_user", "stored"]
    key_file: Path | None = None
    client_secrets: Path | None = None
    storage: Path | None = None
    base_url: str | None = None
    concurrent: Annotated[int, Field(ge=1, le=50)] = 8

    @model_validator(mode="after")
    def _has_its_files(self) -> Self:
        wanted = {"client_secrets", "storage"} if self.kind == STORED else {"key_file"}
        given = {name for name in ("key_file", "client_secrets", "storage") if getattr(self, name)}
        if given != wanted:
            raise ValueError(
                f"kind {self.kind} wants {' and '.join(sorted(wanted))}, no other file"
            )
        return self

    @property
    def file(self) -> Path:
        """The file that holds the key, or the token that is renewed."""
        return self.storage or self.key_file or Path()

    def found_in(self, directory: Path) -> Self:
        """Give the credential with its files looked for in ``directory``."""
        files = {"key_file", "client_secrets", "storage"}
        named = {name: path for name in files if (path := getattr(self, name)) is not None}
        return self.model_copy(update={name: directory / path for name, path in named.items()})
