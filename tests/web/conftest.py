"""A site: data sets in a fresh database, served by the real server on loopback."""

import pytest

from tests.web.sites import Site


@pytest.fixture
def sites(database_url):
    """Make a site of some declared data sets, on each database that the program runs on."""
    made = []

    def make(*declared, **options):
        made.append(Site(database_url, declared, **options))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def small(tmp_path):
    """Make a site on SQLite, where the database does not matter."""
    made = []

    def make(*declared, **options):
        made.append(Site(f"sqlite:///{tmp_path / 'test.db'}", declared, **options))
        return made[-1]

    yield make
    for site in made:
        site.close()
