"""The old plugins: texts like ``ComputeRank('rank')``, read as data and never evaluated."""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.config.legacy.draft import MADE_IDS, Draft
from collectors.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)``, where an argument is a text or another call."""

    name: str
    arguments: tuple["str | Call", ...]


def parse(text: str) -> Call:
    """Read a plugin; raises ConfigError where it is anything but a call with texts or calls."""
    try:
        return _call(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError) as exc:
        raise ConfigError(
            f"options.plugins: {text!r} is not the name of a plugin with texts"
        ) from exc


def _call(node: ast.expr) -> Call:
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return Call(name, tuple(map(_argument, arguments)))
    raise ValueError


def _argument(node: ast.expr) -> str | Call:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _call(node)


def apply(plugins: Sequence[str], draft: Draft) -> None:
    """Put the plugins into ``draft`` as steps and identity. Raises ConfigError."""
    calls = [parse(text) for text in plugins]
    if calls[-1].name != "ComputeIdFrom":
        raise ConfigError("options.plugins: the last one has to be ComputeIdFrom, as it always had")
    for call in calls:
        plugin = _PLUGINS.get(call.name)
        if plugin is None:
            known = ", ".join(sorted(_PLUGINS))
            raise ConfigError(f"options.plugins: {call.name!r} is not known; there is: {known}")
        plugin(call, draft)


def _texts(call: Call, count: int | None = None) -> list[str]:
    texts = [argument for argument in call.arguments if isinstance(argument, str)]
    if len(texts) != len(call.arguments) or not texts or count not in (None, len(texts)):
        wanted = "texts" if count is None else f"{count} texts" if count > 1 else "one text"
        raise ConfigError(f"options.plugins: {call.name} takes {wanted}")
    return texts


def _comment(call: Call, draft: Draft) -> None:
    """Do nothing, as then."""


def _rank(call: Call, draft: Draft) -> None:
    (field,) = _texts(call, 1)
    draft.fields.setdefault(field)
    draft.steps.append({"rank": {"field": field}})


def _remove(call: Call, draft: Draft) -> None:
    names = _texts(call)
    draft.need(names, call.name)
    for name in names:
        del draft.fields[name]
    if dropped := [name for name in names if name not in MADE_IDS]:
        draft.steps.append({"drop": dropped})


def _department(call: Call, draft: Draft) -> None:
    (field,) = _texts(call, 1)
    draft.need([field], call.name)
    draft.fields.setdefault("department")
    draft.steps.append({"department": {"field": field}})


def _set_department(call: Call, draft: Draft) -> None:
    (codes,) = _texts(call, 1)
    if "department" in {*draft.fields, *draft.map}:
        raise ConfigError(
            "options.plugins: SetDepartment, and there is a field 'department' already"
        )
    draft.fields.setdefault("department")
    draft.add["department"] = codes
    draft.steps.append({"department": {"field": "department"}})


def _aggregate(call: Call, draft: Draft) -> None:
    if MADE_IDS & draft.fields.keys():
        raise ConfigError(
            "options.plugins: AggregateKey merges nothing while every record has its own _id and"
            " humanId: put RemoveKey('_id', 'humanId') before it"
        )
    sums, rates = [], {}
    for one in call.arguments:
        match one:
            case Call("aggregate_count", (str(count),)):
                sums.append(count)
            case Call("aggregate_rate", (str(rate), str(count))):
                rates[rate] = count
            case _:
                raise ConfigError(
                    "options.plugins: AggregateKey takes aggregate_count('count') and"
                    " aggregate_rate('rate', 'count')"
                )
    draft.need([*sums, *rates, *rates.values()], call.name)
    by = [name for name in draft.fields if name not in {*draft.own, *sums, *rates}]
    spec: dict[str, Any] = {"by": by}
    draft.steps.append({"aggregate": spec | _filled(sum=sums, rate=rates)})


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _id(call: Call, draft: Draft) -> None:
    fields = _texts(call)
    draft.need(fields, call.name)
    draft.identify(fields)


_PLUGINS: Mapping[str, Callable[[Call, Draft], None]] = {
    "AggregateKey": _aggregate,
    "Comment": _comment,
    "ComputeDepartmentKey": _department,
    "ComputeIdFrom": _id,
    "ComputeRank": _rank,
    "RemoveKey": _remove,
    "SetDepartment": _set_department,
}
