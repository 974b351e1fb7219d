"""The nearest right thing: what somebody may have meant by a name that is not known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

_MANY = 12


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that is most like ``name``, if one is."""
    return _closest(name, tuple(sorted(known)))


@lru_cache
def _closest(name: str, names: tuple[str, ...]) -> str | None:
    folded = {one.casefold(): one for one in names}
    found = get_close_matches(name.casefold(), folded, 1, 0.6)
    return folded[found[0]] if found else None


def hint(name: str, known: Iterable[str]) -> str:
    """Say in brackets what ``name`` may mean, else what there is; empty where that is too much."""
    names = sorted(known)
    if meant := nearest(name, names):
        return f" (did you mean {meant!r}?)"
    if 0 < len(names) <= _MANY:
        return f" (there is: {', '.join(names)})"
    return ""


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> set[str]:
    """Give the keys that ``model`` knows at ``path``, a list of keys and indices into its data."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [plain for kind in kinds for inner in _inside(kind, part) for plain in _flat(inner)]
    return {key for kind in kinds if _is_model(kind) for key in _fields(kind)}


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {info.alias or key: info.annotation for key, info in model.model_fields.items()}


def _inside(kind: Any, part: str | int) -> Iterator[Any]:
    if _is_model(kind):
        if part in (fields := _fields(kind)):
            yield fields[str(part)]
        return
    origin = get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping | Sequence | AbstractSet):
        yield from get_args(kind)[-1:] if issubclass(origin, Mapping) else get_args(kind)


def _flat(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _flat(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for one in get_args(kind):
            yield from _flat(one)
    else:
        yield kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
