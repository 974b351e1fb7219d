"""Credentials and tokens, read when they are needed, so that they can be changed at any time."""

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from collectors.api import Credential
from collectors.config.checks import check
from collectors.config.model import Place
from collectors.config.nodes import Entry, Node, Text, replace_texts
from collectors.config.reader import read
from collectors.config.references import References
from collectors.config.tokens import Tokens, tokens_of
from collectors.errors import ConfigError, Mistake
from collectors.http_messages import spellings
from collectors.values import DataSet, Secret

_SUFFIXES = (".yaml", ".yml", ".json")
_READABLE_BY_OTHERS = 0o044
_SHORTEST = 4
_STARS = "****"

CredentialModel = TypeVar("CredentialModel", bound=Credential)
Value = TypeVar("Value")
Stamp = tuple[int, int, int]


class Vault:
    """What is in ``credentials/``. Safe to share between threads."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._references = References(environment, directory)
        self._nodes: dict[Path, tuple[Stamp, Node]] = {}
        self._tokens: dict[str, tuple[Node, Tokens]] = {}
        self._known: set[str] = set()
        self._hidden: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def credential(self, name: str, model: type[CredentialModel]) -> CredentialModel:
        """Read ``credentials/<name>.yaml`` (or .yml, .json) as it is now.

        Raises ConfigError, with what to do, where it is missing or is not what ``model`` wants.
        """
        problems = _Problems()
        node: Node = self._references.resolve(self._node(name), problems)
        problems.passed(node)
        entry = Entry(node.place, node)
        what = f"the credential {name!r}"
        credential = problems.passed(check(model, entry, what, problems)).found_in(self._directory)
        self.remember(*_secrets(credential))
        return credential

    def token(self, target_tokens: str, data_set: DataSet) -> Secret:
        """Give the token of ``data_set`` as ``credentials/<target_tokens>.yaml`` says now.

        A name counts before a pattern, and of patterns the one with the most letters. Raises
        ConfigError where none or two of them fit, or the file is missing or wrong.
        """
        problems = _Problems()
        found = self._tokens_in(target_tokens).find(data_set)
        text = problems.passed(self._references.resolve(found, problems))
        if not isinstance(text, Text) or not text.text.strip():
            raise ConfigError(f"{found.place}: the token of {data_set} is empty")
        token = Secret(text.text.strip())
        self.remember(token)
        return token

    def remember(self, *secrets: Secret) -> None:
        """Let ``scrub`` hide these secrets too, which came from elsewhere."""
        for secret in secrets:
            text = secret.reveal()
            if len(text) >= _SHORTEST and text not in self._known:
                self._hide(text)

    def scrub(self, text: str) -> str:
        """Put stars in the place of every secret that was ever given out.

        A text is gone through once, however many secrets there are.
        """
        found = {
            secret
            for start in range(len(text) - _SHORTEST + 1)
            for secret in self._hidden.get(text[start : start + _SHORTEST], ())
            if text.startswith(secret, start)
        }
        for secret in sorted(found, key=len, reverse=True):
            text = text.replace(secret, _STARS)
        return text

    def _hide(self, text: str) -> None:
        """Keep each spelling of a secret by how it begins."""
        with self._lock:
            for spelt in spellings(text):
                begins = spelt[:_SHORTEST]
                self._hidden[begins] = (*self._hidden.get(begins, ()), spelt)
            self._known.add(text)

    def exposed(self) -> list[Mistake]:
        """Name every file that others than its owner may read."""
        mistakes = []
        for path in sorted(self._directory.iterdir()) if self._directory.is_dir() else ():
            mode = path.stat().st_mode if path.is_file() else 0
            if mode & _READABLE_BY_OTHERS and _may_be_secret(path):
                message = f"others may read this file (mode {mode & 0o777:o}): chmod 600 {path}"
                mistakes.append(Mistake(str(path), 1, 1, message))
        return mistakes

    def _node(self, name: str) -> Node:
        path, stat = self._found(name)
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        kept = self._nodes.get(path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        problems = _Problems()
        node = read(path, problems)
        if node is None or problems.mistakes:
            raise problems.error()
        node = replace_texts(node, _veiled)
        self._nodes[path] = (stamp, node)
        return node

    def _found(self, name: str) -> tuple[Path, os.stat_result]:
        for suffix in _SUFFIXES:
            path = self._directory / f"{name}{suffix}"
            try:
                return path, path.stat()
            except FileNotFoundError:
                continue
            except OSError as exc:
                raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
        path = self._directory / f"{name}.yaml"
        example = path.with_name(f"{name}.yaml.example")
        advice = f"copy {example} to it and fill it in" if example.exists() else "write it"
        raise ConfigError(f"{path} is missing: {advice}")

    def _tokens_in(self, name: str) -> Tokens:
        node = self._node(name)
        kept = self._tokens.get(name)
        if kept is not None and kept[0] is node:
            return kept[1]
        problems = _Problems()
        tokens = problems.passed(tokens_of(node, problems))
        self._tokens[name] = (node, tokens)
        return tokens


class _Problems:
    """Gathers mistakes, to raise them together."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def __call__(self, place: Place, message: str) -> None:
        self.mistakes.append(Mistake(place.file, place.line, place.column, message))

    def passed(self, value: Value | None) -> Value:
        """Give ``value``; raises ConfigError if anything was wrong on the way to it."""
        if value is None or self.mistakes:
            raise self.error()
        return value

    def error(self) -> ConfigError:
        """Give all mistakes as one error."""
        return ConfigError("\n".join(map(str, self.mistakes)), self.mistakes)


def _veiled(text: Text) -> Text:
    """Let a value be a secret, and never be shown, though it is written as it is."""
    return replace(text, written=_STARS, referenced=True)


def _may_be_secret(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix not in (".md", ".example")


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from _secrets(getattr(value, field))
    elif isinstance(value, Mapping):
        yield from _secrets(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _secrets(one)
