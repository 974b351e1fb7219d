"""Texts of a query that may hold a secret, because the environment or a file gave them."""

from typing import Annotated, Any

from pydantic import PlainSerializer, ValidatorFunctionWrapHandler, WrapValidator

from collectors.values import Referenced, Secret

__all__ = ["QueryText", "secret_in"]

BLOT = "****"


def _remembered(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return type(value)(handler(value)) if isinstance(value, Referenced) else handler(value)


def _shown(text: str) -> str:
    return BLOT if isinstance(text, Referenced) else text


QueryText = Annotated[str, WrapValidator(_remembered), PlainSerializer(_shown, when_used="json")]
"""A text that is shown as stars where a reference gave it."""


def secret_in(text: str) -> Secret | None:
    """Give ``text`` as a secret where a reference gave it."""
    return Secret(text) if isinstance(text, Referenced) else None
