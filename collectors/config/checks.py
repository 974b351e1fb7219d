"""Checks a tree against a model and says what is wrong in the project's own words, with places."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from collectors.config.model import Place
from collectors.config.nodes import Entry, List, Node, Null, Report, Table, Text, texts
from collectors.config.suggestions import hint, keys_at, nearest
from collectors.config.wording import expected, sentence
from collectors.values import Referenced

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]
_SHOWN = 60


def plain(node: Node) -> Any:
    """Give the tree as dicts, lists and text, as models read it; a key with null is not there."""
    match node:
        case Text():
            return Referenced(node.text) if node.referenced else node.text
        case List():
            return [plain(item) for item in node.items]
        case Table():
            values = {key: entry.value for key, entry in node.entries.items()}
            return {key: plain(value) for key, value in values.items() if type(value) is not Null}
    return None


def check(model: type[Model], entry: Entry, what: str, report: Report) -> Model | None:
    """Read the tree as ``model``, or report each mistake in it and give None.

    ``what`` names the tree in messages: ``the query of collector 'x/y'``.
    """
    if not isinstance(entry.value, Table):
        report(entry.value.place, f"{what} must be a mapping (key: value), not {got(entry.value)}")
        return None
    try:
        return model.model_validate(plain(entry.value))
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False)
    except Exception as exc:  # noqa: BLE001 - a plugin's own bug must not stop the other files
        report(entry.key, f"{what} cannot be read: {type(exc).__name__} in {model.__name__}")
        return None
    for place, message in _explained(errors, model, entry, what):
        report(place, message)
    return None


def got(node: Node) -> str:
    """Name a value in a message; one that a reference gave is shown as it is written."""
    match node:
        case Text():
            shown = node.text if node.written is None else node.written
            return repr(shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…")
        case List():
            return "a list"
        case Table():
            return "a mapping"
    return "nothing"


def near(node: Text, known: Iterable[str]) -> str:
    """Hint at what a value may mean, unless that would show what a reference gave."""
    return "" if node.referenced else hint(node.text, known)


@dataclass(frozen=True, slots=True)
class _Located:
    """An error, the deepest value it can be traced to, and the member of a union that it is of."""

    error: ErrorDetails
    entry: Entry
    path: Path
    union: Path = ()
    member: str | int | None = None

    @property
    def kind(self) -> str:
        return self.error["type"]

    @property
    def place(self) -> Place:
        return self.entry.key if self.error["loc"][-1:] == ("[key]",) else self.entry.value.place

    @property
    def whole(self) -> bool:
        """Whether it is about the value as a whole, not about a part of it."""
        return self.path == self.union and self.kind not in ("missing", "extra_forbidden")


def _explained(
    errors: Iterable[ErrorDetails], model: type[BaseModel], entry: Entry, what: str
) -> Iterator[tuple[Place, str]]:
    located = list(_best([_locate(error, entry) for error in errors]))
    meant = {
        (one.path[:-1], nearest(str(one.path[-1]), keys_at(model, one.path[:-1])))
        for one in located
        if one.kind == "extra_forbidden"
    }
    for one in located:
        if isinstance(one.entry.value, Text) and one.entry.value.broken:
            continue
        if one.kind == "missing":
            key = str(one.error["loc"][-1])
            if (one.path, key) not in meant:
                yield one.entry.key, f"missing key {key!r} in {_named(one.path, what)}"
        elif one.kind == "extra_forbidden":
            key, parent = str(one.path[-1]), one.path[:-1]
            known = hint(key, keys_at(model, parent))
            yield one.entry.key, f"unknown key {key!r} in {_named(parent, what)}{known}"
        else:
            yield one.place, _wrong(one, what)


def _wrong(one: _Located, what: str) -> str:
    name = _named(one.path, what)
    if (wanted := expected(one.error)) is None:
        return f"{name}{scrubbed(sentence(one.error), one.entry.value)}"
    return f"{name} must be {wanted}, not {got(one.entry.value)}{_choice(one)}"


def _choice(one: _Located) -> str:
    choices = str(one.error.get("ctx", {}).get("expected", "")).split("'")[1::2]
    value = one.entry.value
    if not isinstance(value, Text) or value.referenced:
        return ""
    meant = nearest(value.text, choices)
    return f" (did you mean {meant!r}?)" if meant else ""


def _named(path: Path, what: str) -> str:
    if not path:
        return what
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_named(path[:-1], what)}"
    return f"{path[-1]!r} in {what}"


def scrubbed(message: str, node: Node) -> str:
    """Give the message with what references gave in ``node`` as it is written there."""
    for text in texts(node):
        if text.written is not None and text.referenced and text.text:
            message = message.replace(text.text, text.written)
    return message


def _locate(error: ErrorDetails, entry: Entry) -> _Located:
    path: Path = ()
    union: Path = ()
    member: str | int | None = None
    loc = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    for part in loc:
        inner = _step(entry, part)
        if inner is not None:
            entry, path = inner, (*path, part)
        elif member is None and part != "[key]":
            union, member = path, part
    return _Located(error, entry, path, union, member)


def _step(entry: Entry, part: str | int) -> Entry | None:
    match entry.value:
        case Table() if isinstance(part, str):
            return entry.value.entries.get(part)
        case List() if isinstance(part, int) and part < len(entry.value.items):
            item = entry.value.items[part]
            return Entry(item.place, item)
    return None


def _best(located: list[_Located]) -> Iterator[_Located]:
    """Of the members of a union that all failed, keep what the nearest one says."""
    yield from (one for one in located if one.member is None)
    inside = [one for one in located if one.member is not None]
    for _, group in groupby(inside, lambda one: one.union):
        members = [list(errors) for _, errors in groupby(group, lambda one: one.member)]
        shaped = [errors for errors in members if not any(one.whole for one in errors)]
        if shaped:
            yield from min(shaped, key=len)
        else:
            yield _either([one for errors in members for one in errors if one.whole])


def _either(whole: list[_Located]) -> _Located:
    wanted = [expected(one.error) for one in whole]
    if None in wanted:
        return whole[wanted.index(None)]
    phrase = " or ".join(dict.fromkeys(str(one) for one in wanted))
    error: ErrorDetails = {**whole[0].error, "type": "either", "ctx": {"wanted": phrase}}
    return _Located(error, whole[0].entry, whole[0].path)
