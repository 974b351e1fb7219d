"""Which data sets are served: those that are declared, and those that collectors write."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from collectors.config.model import Configuration, DeclaredDataSet
from collectors.datasets.data_sets import DataSets
from collectors.datasets.writing import Writer
from collectors.values import DataSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One data set as it is served; ``declared`` has the defaults where nobody declared it."""

    declared: DeclaredDataSet
    is_declared: bool
    writer: Writer

    @property
    def data_set(self) -> DataSet:
        """The data set."""
        return self.declared.data_set

    @property
    def name(self) -> str:
        """The name under which it is served too."""
        return self.declared.name


class Catalogue:
    """The data sets that are served from ``data_sets``. The first of two of one kind counts."""

    def __init__(
        self,
        data_sets: DataSets,
        declared: Iterable[DeclaredDataSet],
        undeclared: Iterable[DataSet] = (),
    ) -> None:
        self._served: dict[DataSet, Served] = {}
        for one in declared:
            writer = Writer(data_sets, one)
            self._add(Served(declared=one, is_declared=True, writer=writer))
        for data_set in undeclared:
            default = DeclaredDataSet(data_set=data_set)
            writer = Writer(data_sets, default, strict=True)
            self._add(Served(declared=default, is_declared=False, writer=writer))
        names = [served.name for served in self]
        self._names = {one.name: one for one in self if names.count(one.name) == 1}

    @classmethod
    def of(cls, configuration: Configuration, data_sets: DataSets) -> "Catalogue":
        """Give what a configuration says to serve."""
        written = sorted({one.data_set for one in configuration.collectors.values()})
        return cls(data_sets, configuration.platform.data_sets, written)

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def find(self, group: str, kind: str) -> Served | None:
        """Give the data set ``<group>/<kind>``, if it is served."""
        return self._served.get(DataSet(group, kind))

    def named(self, name: str) -> Served | None:
        """Give the one that is stored under ``name``; none where two would have that name."""
        return self._names.get(name)

    def _add(self, served: Served) -> None:
        self._served.setdefault(served.data_set, served)
