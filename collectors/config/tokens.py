"""Which token a data set has: by its name, or by the most specific pattern that fits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from collectors.config.checks import got
from collectors.config.files import NAME
from collectors.config.nodes import Node, Report, Table, Text
from collectors.errors import ConfigError
from collectors.values import DataSet

_WILD = re.compile(r"\[[^\]]*\]|[*?]")
_DATA_SET = re.compile(f"{NAME}/{NAME}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A file of tokens; ``patterns`` are those with wildcards, the most specific first."""

    file: str
    exact: Mapping[str, Text]
    patterns: tuple[tuple[str, Text], ...]

    def find(self, data_set: DataSet) -> Text:
        """Give the token of a data set; raises ConfigError where none, or two, fit best."""
        name = str(data_set)
        if name in self.exact:
            return self.exact[name]
        fitting = [one for one in self.patterns if fnmatchcase(name, one[0])]
        if not fitting:
            message = f"{self.file}: no token for the data set {name}: add '{name}: <token>'"
            raise ConfigError(message)
        first = fitting[0]
        if len(fitting) > 1 and _letters(fitting[1][0]) == _letters(first[0]):
            message = (
                f"{fitting[1][1].place}: the patterns {first[0]!r} and {fitting[1][0]!r} fit the "
                f"data set {name} equally well: add '{name}: <token>'"
            )
            raise ConfigError(message)
        return first[1]


def tokens_of(node: Node, report: Report) -> Tokens | None:
    """Read a file of tokens, or report each mistake in it and give None."""
    if not isinstance(node, Table):
        message = f"tokens must be a mapping of data sets to tokens, not {got(node)}"
        report(node.place, message)
        return None
    exact: dict[str, Text] = {}
    patterns: dict[str, Text] = {}
    wrong = False
    for name, entry in node.entries.items():
        if not isinstance(entry.value, Text):
            wrong = True
            report(entry.key, f"the token of {name!r} must be a text")
        elif _WILD.search(name):
            patterns[name] = entry.value
        elif _DATA_SET.fullmatch(name):
            exact[name] = entry.value
        else:
            wrong = True
            report(entry.key, "this key is not <data-group>/<data-type> nor a pattern of them")
    ordered = sorted(patterns.items(), key=lambda one: -_letters(one[0]))
    return None if wrong else Tokens(node.place.file, exact, tuple(ordered))


def _letters(pattern: str) -> int:
    return len(_WILD.sub("", pattern))
