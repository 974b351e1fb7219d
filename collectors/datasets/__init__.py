"""The embedded data sets: kept in a database of our own, by the rules of the write API."""

from collectors.datasets.data_sets import DataSets, Summary
from collectors.datasets.query import BadQuery, Collect, Query

__all__ = ["BadQuery", "Collect", "DataSets", "Query", "Summary"]
