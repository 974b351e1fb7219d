"""What each view says of itself, for the OpenAPI description; it stands beside the view."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "operation"

FAILURES_OF_WRITING: Mapping[int, str] = {
    400: "Refusal",
    401: "Failure",
    404: "Failure",
    413: "Failure",
    429: "Failure",
    503: "Failure",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path: what it takes, and by status the schema of what it answers.

    ``body`` names the schema of what is posted. ``reads`` says that it takes the parameters of a
    query, ``token`` that it takes a bearer token.
    """

    summary: str
    answers: Mapping[int, str] = field(default_factory=dict)
    body: str | None = None
    reads: bool = False
    token: bool = False
    deprecated: bool = False


def described(operation: Operation) -> Callable[[View], View]:
    """Attach ``operation`` to a view."""

    def attach(view: View) -> View:
        setattr(view, _ATTRIBUTE, operation)
        return view

    return attach


def writes(
    summary: str, *, body: str | None = None, answer: str = "Ok", deprecated: bool = False
) -> Callable[[View], View]:
    """Describe a view that takes a token and writes."""
    answers = {200: answer, **FAILURES_OF_WRITING}
    if body is None:
        del answers[413]
    return described(
        Operation(summary=summary, answers=answers, body=body, token=True, deprecated=deprecated)
    )


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Give what ``view`` says of itself, if it says anything."""
    found: Operation | None = getattr(view, _ATTRIBUTE, None)
    return found
