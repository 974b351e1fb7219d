"""Writes to one data set by the rules of the write API: all records of a request, or none.

The order of checks and the messages are the original server's. Its spellings of Python 2 are not,
nor that it told only the first thing wrong in a record.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from collectors.config.model import DeclaredDataSet
from collectors.datasets.data_sets import DataSets
from collectors.datasets.rows import row_of
from collectors.json_schemas import broken_rules, validator_of
from collectors.record_rules import SCHEMAS, are_welcome, problems, schema_problems

MESSAGES = 100
"""How many different messages an answer holds at most."""
LONGEST = 500
"""Characters of one message; it may quote what was posted."""
NO_TIMESTAMP = "'_timestamp' is a required property"
NO_OBJECT = "a record must be a JSON object"
TOO_DEEP = "a value is nested too deeply"


class RefusedRecords(ValueError):
    """Records broke the rules; ``messages`` say which, and nothing was kept."""

    def __init__(self, messages: Sequence[str]) -> None:
        found = list(dict.fromkeys(message[:LONGEST] for message in messages))
        more = len(found) - MESSAGES
        self.messages = found[:MESSAGES] + ([f"… and {more} more"] if more > 0 else [])
        super().__init__("; ".join(self.messages))


class NoSuchRecord(LookupError):
    """The data set has no record with that ``_id``."""


class Writer:
    """Writes the data set that ``declared`` describes.

    Data types in ``record_rules.SCHEMAS`` have a schema of their own, which holds beside the
    declared one. An undeclared data set (``strict``) has that of every data type, which wants
    ``_timestamp`` with a ``T``. Every method raises StoreError where the database fails.
    """

    def __init__(
        self, data_sets: DataSets, declared: DeclaredDataSet, *, strict: bool = False
    ) -> None:
        self._data_sets = data_sets
        self._declared = declared
        self._data_set = declared.data_set
        self._validator = None if declared.schema is None else validator_of(declared.schema)
        self._typed = strict or self._data_set.type in SCHEMAS
        self._capped_size = declared.capped_size if declared.realtime else None

    def post(self, posted: Any) -> None:
        """Keep one record or a list of them, each replacing the one with its ``_id``.

        Raises RefusedRecords where one of them breaks a rule; then none is kept.
        """
        records = posted if isinstance(posted, list) else [posted]
        rows = self._rows(records)
        self._data_sets.keep(self._data_set, rows, capped_size=self._capped_size)

    def patch(self, identity: str, changes: Any) -> None:
        """Lay ``changes`` over the record with this ``_id``, which stays.

        Raises NoSuchRecord, and RefusedRecords where the whole would break a rule.
        """
        _check_kept(identity)
        if not isinstance(changes, dict):
            raise RefusedRecords([NO_OBJECT])
        if changes.get("_id", identity) != identity:
            raise RefusedRecords([f"_id cannot be changed: it is {identity}"])

        def change(record: dict[str, Any]) -> dict[str, Any]:
            whole = {**record, **changes}
            _refuse(self._problems([whole], auto_ids=()))
            return _row(whole)

        found = self._data_sets.change(
            self._data_set, identity, change, capped_size=self._capped_size
        )
        if not found:
            raise NoSuchRecord(identity)

    def delete(self, identity: str) -> None:
        """Remove the record with this ``_id``; raises NoSuchRecord where there is none."""
        _check_kept(identity)
        if not self._data_sets.delete(self._data_set, [identity]):
            raise NoSuchRecord(identity)

    def empty(self) -> None:
        """Remove every record."""
        self._data_sets.empty(self._data_set)

    def _rows(self, records: Sequence[Any]) -> list[dict[str, Any]]:
        if not all(isinstance(record, dict) for record in records):
            raise RefusedRecords([NO_OBJECT])
        ids = self._declared.auto_ids
        if self._validator or ids or not are_welcome(self._data_set.type, records):
            _refuse(self._problems(records, auto_ids=ids))
            records = [_identified(record, ids) for record in records] if ids else records
        return [_row(record) for record in records]

    def _problems(
        self, records: Sequence[Mapping[str, Any]], *, auto_ids: Sequence[str]
    ) -> Iterator[str]:
        for record in records:
            yield from self._schema_problems(record)
        missing = (_missing(record, auto_ids) for record in records)
        yield from [said for said in missing if said][:1]
        said = [one for record in records for one in problems(record)]
        yield from said
        if not said and not all("_timestamp" in record for record in records):
            yield NO_TIMESTAMP

    def _schema_problems(self, record: Mapping[str, Any]) -> list[str]:
        typed = schema_problems(self._data_set.type, record) if self._typed else []
        return typed + (broken_rules(self._validator, record) if self._validator else [])


def _check_kept(identity: str) -> None:
    """Raise NoSuchRecord for what no ``_id`` can be, and PostgreSQL would not look for."""
    if "\0" in identity:
        raise NoSuchRecord(identity)


def _refuse(messages: Iterable[str]) -> None:
    try:
        found = list(messages)
    except RecursionError as exc:
        raise RefusedRecords([TOO_DEEP]) from exc
    if found:
        raise RefusedRecords(found)


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return row_of(record)
    except ValueError as exc:
        raise RefusedRecords([str(exc)]) from exc


def _missing(record: Mapping[str, Any], auto_ids: Sequence[str]) -> str | None:
    missing = [name for name in auto_ids if name not in record]
    if not missing:
        return None
    return f"The following required id fields are missing: {', '.join(missing)}"


def _identified(record: Mapping[str, Any], auto_ids: Sequence[str]) -> dict[str, Any]:
    values = ".".join(_spelt(record[name]) for name in auto_ids)
    return {**record, "_id": base64.b64encode(values.encode()).decode()}


def _spelt(value: Any) -> str:
    """Give ``str(value)`` as Python 2 had it, so that old records and new ones have one id."""
    if not isinstance(value, float):
        return str(value)
    text = format(value, ".12g")
    return text if "." in text or "e" in text else f"{text}.0"
