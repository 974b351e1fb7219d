"""The scheme ``legacy``: ids as the old collectors made them, so that their data sets go on.

They were made by Python 2, which spelt a float with twelve significant digits. All else in which
they differed (fields and their order, the spelling of times) is configured.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from collectors.config.mapping import IdentitySpec
from collectors.errors import Unexpected
from collectors.observations.identity.contract import Identify, Identity
from collectors.values import Observation, Scalar

_ALWAYS = ("dataType", "_timestamp", "timeSpan")


def legacy(spec: IdentitySpec, _: str) -> Identity:
    """Join the texts of the fields of ``spec``; base64 also puts that text into ``humanId``.

    What it gives raises Unexpected for a field that is not there, for a time that is none, and
    where it is to choose the order of dimensions.
    """

    def of_period(_: str) -> Identify:
        return identify

    def identify(dimensions: Mapping[str, Scalar], _: str, record: Observation) -> str:
        names = spec.fields or _default(dimensions, record)
        said = (_said(name, dimensions, record, spec) for name in names)
        text = spec.separator.join(said).replace(" ", spec.blank)
        if spec.encoding == "plain":
            return text
        if spec.encoding == "base64":
            record["humanId"] = text
        return urlsafe_b64encode(text.encode(errors="surrogatepass")).decode()

    return of_period


def _default(dimensions: Mapping[str, Scalar], record: Observation) -> Sequence[str]:
    if len(dimensions) > 1:
        raise Unexpected(
            f"in which order the id is made of {', '.join(sorted(dimensions))} is not said:"
            " write it down as 'fields' of 'id'"
        )
    return [*(name for name in _ALWAYS if name in record), *dimensions]


def _said(
    name: str, dimensions: Mapping[str, Scalar], record: Observation, spec: IdentitySpec
) -> str:
    if name not in record and name not in dimensions:
        if name in spec.optional:
            return ""
        raise Unexpected(
            f"the id is made of {name!r}, and an observation has no such field: correct 'fields'"
            " of 'id', or name it under 'optional' too"
        )
    value = record[name] if name in record else dimensions[name]
    if name in spec.timestamps:
        return _time(str(value), spec.timestamps[name])
    return value if isinstance(value, str) else _spelt(value)


def _spelt(value: Scalar) -> str:
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.12g}"
    return f"{text}.0" if text.lstrip("-").isdecimal() else text


@lru_cache(maxsize=1024)
def _time(text: str, form: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime(form)
    except ValueError as exc:
        raise Unexpected(f"the id is made of the time {text!r}, which cannot be read") from exc
