"""The scheme ``safe``: a hash of named parts, for what begins here."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from collectors.config.mapping import IdentitySpec
from collectors.observations.identity.contract import Identify, Identity
from collectors.values import Observation, Scalar

_Values = Callable[[Mapping[str, Scalar]], tuple[Any, ...]]


def safe(spec: IdentitySpec, data_type: str) -> Identity:
    """Hash data type, start, span, constants and the source's own dimensions.

    The text that is hashed has a line for each of them, marked for what it is, in the order of
    their names; then the dimensions' values in that same order. Backslash and newline are escaped,
    and a value that is no text is marked as such, so no two identities share a text. Neither the
    order of dimensions nor the names that ``map`` gives them matter.
    """
    constants = [
        line
        for name in sorted(spec.constants)
        for line in (f"constant {_escape(name)}", f"is {_escape(spec.constants[name])}")
    ]

    def of_period(start: str) -> Identify:
        heads: dict[tuple[str, ...], tuple[blake2b, _Values]] = {}

        def head(span: str, *names: str) -> tuple[blake2b, _Values]:
            ordered = sorted(names)
            lines = [f"type {_escape(data_type)}", f"start {start}", f"span {span}", *constants]
            lines += [f"dimension {_escape(name)}" for name in ordered]
            heads[span, *names] = made = _begun("\n".join(lines) + "\n"), _values(ordered)
            return made

        def identify(dimensions: Mapping[str, Scalar], span: str, _: Observation) -> str:
            shape = (span, *dimensions)
            said, values = heads.get(shape) or head(*shape)
            digest = said.copy()
            digest.update(_encode(_lines(values(dimensions))))
            return digest.hexdigest()

        return identify

    return of_period


def _begun(text: str) -> blake2b:
    return blake2b(_encode(text), digest_size=16)


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _values(names: list[str]) -> _Values:
    if len(names) > 1:
        return itemgetter(*names)
    if not names:
        return lambda _dimensions: ()
    [name] = names
    return lambda dimensions: (dimensions[name],)


def _lines(values: tuple[Any, ...]) -> str:
    try:
        text = "\n".join(values)
    except TypeError:
        return "\n".join(map(_escape, values))
    if "\\" in text or text.count("\n") >= len(values) > 0:
        return "\n".join(map(_escape, values))
    return text


def _escape(value: Scalar) -> str:
    if not isinstance(value, str):
        return f"\\={value!r}"
    return value.replace("\\", "\\\\").replace("\n", "\\n")
