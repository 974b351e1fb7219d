"""The embedded data sets: kept in a database of our own, by the rules of the write API."""
