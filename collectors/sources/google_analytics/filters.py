"""Filters as people write them, in YAML or as the old text, to what the API takes."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from collectors.sources.google_analytics.names import adds_up, is_count, today

TEXTS = {
    "is": "EXACT",
    "begins": "BEGINS_WITH",
    "ends": "ENDS_WITH",
    "contains": "CONTAINS",
    "matches": "PARTIAL_REGEXP",
}
NUMBERS = {
    "equals": "EQUAL",
    "less_than": "LESS_THAN",
    "at_most": "LESS_THAN_OR_EQUAL",
    "more_than": "GREATER_THAN",
    "at_least": "GREATER_THAN_OR_EQUAL",
}
_OLD_TEXTS = {"==": "is", "=~": "matches", "=@": "contains"}
_OLD_NUMBERS = {
    "==": "equals",
    "<": "less_than",
    "<=": "at_most",
    ">": "more_than",
    ">=": "at_least",
}
_OLD = re.compile(r"(?:ga:)?\w[\w:]*?(?===|!=|=~|!~|=@|!@|>=|<=|>|<)")
_OPERATOR = re.compile(r"==|!=|=~|!~|=@|!@|>=|<=|>|<")

Expression = dict[str, Any]
Naming = Callable[[str], str]
"""Gives the name of a field as it is asked for, or raises ValueError with the right one."""


class Filters(NamedTuple):
    """What a report keeps: by dimensions, by metrics; None is everything."""

    dimensions: Expression | None = None
    metrics: Expression | None = None


class _Term(NamedTuple):
    """An expression, and whether it speaks of metrics."""

    expression: Expression
    metric: bool


def parse(filters: Any, metrics: Collection[str], named: Naming = today) -> Filters:
    """Read a mapping or a text; ``metrics`` are those of the report. Raises ValueError."""
    is_old = isinstance(filters, str)
    terms = list(_old(filters, metrics, named) if is_old else _terms(filters, named))
    found = [[one.expression for one in terms if one.metric is kind] for kind in (False, True)]
    return Filters(*(_all(expressions) if expressions else None for expressions in found))


def listed(field: str, values: Sequence[str]) -> Expression:
    """Give the expression for a field that is exactly one of ``values``, case included."""
    return {
        "filter": {
            "fieldName": field,
            "inListFilter": {"values": list(values), "caseSensitive": True},
        }
    }


def both(*expressions: Expression | None) -> Expression | None:
    """Give what all of the expressions keep."""
    given = [one for one in expressions if one is not None]
    return _all(given) if given else None


def _terms(filters: Any, named: Naming) -> Iterator[_Term]:
    if not isinstance(filters, Mapping) or not filters:
        raise ValueError("a filter is a mapping of a field to what it must be, or the old text")
    for name, condition in filters.items():
        if name in {"any", "none"}:
            yield _group(name, condition, named)
        else:
            yield from _conditions(named(str(name)), condition)


def _group(name: str, members: Any, named: Naming) -> _Term:
    if not isinstance(members, Sequence) or isinstance(members, str) or not members:
        raise ValueError(f"`{name}` in a filter takes a list of mappings")
    terms = [_joined(list(_terms(member, named))) for member in members]
    either = _joined(terms, "orGroup")
    return _not(either) if name == "none" else either


def _joined(terms: Sequence[_Term], how: str = "andGroup") -> _Term:
    if len({one.metric for one in terms}) > 1:
        raise ValueError(
            "dimensions and metrics cannot stand in one alternative: they are filtered apart"
        )
    expressions = [one.expression for one in terms]
    joined = expressions[0] if len(expressions) == 1 else {how: {"expressions": expressions}}
    return _Term(joined, terms[0].metric)


def _conditions(field: str, condition: Any) -> Iterator[_Term]:
    if isinstance(condition, Mapping):
        if not condition:
            raise ValueError(f"the filter of {field!r} says nothing")
        for how, value in condition.items():
            yield _condition(field, str(how), value)
    else:
        yield _condition(field, "is", condition)


def _condition(field: str, how: str, value: Any) -> _Term:
    if how == "not":
        return _not(_joined(list(_conditions(field, value))))
    if how in TEXTS:
        return _text(field, how, value)
    if how in NUMBERS:
        return _number_filter(field, {"numericFilter": _compared(how, value)})
    if how == "between" and isinstance(value, Sequence) and len(value) == 2:
        ends = {"fromValue": _number(value[0]), "toValue": _number(value[1])}
        return _number_filter(field, {"betweenFilter": ends})
    known = ", ".join([*TEXTS, *NUMBERS, "between", "not"])
    raise ValueError(f"{how!r} is not what a filter of {field!r} can say; it can: {known}")


def _text(field: str, how: str, value: Any) -> _Term:
    if isinstance(value, str):
        kept = {"matchType": TEXTS[how], "value": value}
        return _Term({"filter": {"fieldName": field, "stringFilter": kept}}, metric=False)
    if not isinstance(value, Sequence) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError(f"the filter of {field!r} wants a text, or a list of texts")
    if how == "is":
        in_list = {"values": list(value)}
        return _Term({"filter": {"fieldName": field, "inListFilter": in_list}}, metric=False)
    return _joined([_text(field, how, one) for one in value], "orGroup")


def _number_filter(field: str, kept: Expression) -> _Term:
    return _Term({"filter": {"fieldName": field, **kept}}, metric=True)


def _compared(how: str, value: Any) -> Expression:
    return {"operation": NUMBERS[how], "value": _number(value)}


def _number(value: Any) -> Expression:
    text = str(value)
    if re.fullmatch(r"-?\d{1,18}", text):
        return {"int64Value": text}
    try:
        return {"doubleValue": float(text)}
    except ValueError as exc:
        raise ValueError(f"{text!r} in a filter is not a number") from exc


def _not(term: _Term) -> _Term:
    return _Term({"notExpression": term.expression}, term.metric)


def _all(expressions: Sequence[Expression]) -> Expression:
    if len(expressions) == 1:
        return expressions[0]
    return {"andGroup": {"expressions": list(expressions)}}


def _old(text: str, metrics: Collection[str], named: Naming) -> Iterator[_Term]:
    for part in _split(text, ";"):
        terms = [_old_condition(one, metrics, named) for one in _split(part, ",")]
        yield _joined(terms, "orGroup")


def _old_condition(text: str, metrics: Collection[str], named: Naming) -> _Term:
    name = _OLD.match(text)
    if name is None:
        raise ValueError(f"{text!r} is not a filter like ga:deviceCategory==mobile")
    field = named(name[0])
    operator = _OPERATOR.match(text, name.end())
    sign = operator[0] if operator else ""
    value = re.sub(r"\\([,;\\])", r"\1", text[name.end() + len(sign) :])
    positive = {"!=": "==", "!~": "=~", "!@": "=@"}.get(sign, sign)
    is_metric = field in metrics or adds_up(field) or is_count(field) or positive not in _OLD_TEXTS
    if is_metric and positive not in _OLD_NUMBERS:
        raise ValueError(f"{text!r}: {sign} is for dimensions, and {field} is a metric")
    how = (_OLD_NUMBERS if is_metric else _OLD_TEXTS)[positive]
    term = _condition(field, how, value)
    return _not(term) if positive != sign else term


def _split(text: str, at: str) -> list[str]:
    r"""Cut at ``at``, unless a ``\`` stands before it."""
    parts = re.findall(rf"(?:\\.|[^\\{at}])+", text)
    if not parts:
        raise ValueError(f"{text!r} is not a filter like ga:deviceCategory==mobile")
    return parts
