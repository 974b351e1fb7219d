"""Looking for planted secrets wherever a mixed hour leaves something to be seen."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import sqlalchemy as sa

from tests.reliability.hour import Hour
from tests.servers.http import LONGEST

PATHS = ("/metrics", "/health/live", "/health/ready", "/status/")
PAGES_AT_MOST = 60


def leaks(hour: Hour, pages: str | None) -> list[str]:
    """Tell where a secret of the hour is found: in the log, the databases, a daemon's pages."""
    shown = dict(_pages(pages)) if pages else {}
    found = {"the log": hour.output.encode(), **_databases(hour), **shown}
    return [
        f"{secret} is in {where}"
        for where, content in found.items()
        for secret in sorted(hour.secrets)
        if secret.encode() in content
    ]


def _databases(hour: Hour) -> dict[str, bytes]:
    if not hour.database_url.startswith("sqlite"):
        return dict(_tables(hour.database_url))
    files = [path for path in Path(hour.directory).glob("*.db*") if path.is_file()]
    return {path.name: path.read_bytes() for path in files}


def _tables(url: str) -> Iterator[tuple[str, bytes]]:
    engine = sa.create_engine(url)
    try:
        for name in sa.inspect(engine).get_table_names():
            with engine.connect() as connection:
                rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()
            yield f"the table {name}", repr(rows).encode()
    finally:
        engine.dispose()


def _pages(url: str) -> Iterator[tuple[str, bytes]]:
    """Follow the links of the daemon's pages."""
    paths = list(PATHS)
    for path in paths:
        content = read_page(url + path)
        yield path, content
        links = map(unescape, re.findall(r'href="(/status/[^"#]*)"', content.decode()))
        fresh = [one for one in dict.fromkeys(links) if one not in paths]
        paths += fresh[: PAGES_AT_MOST - len(paths)]


def read_page(url: str) -> bytes:
    """Give what is shown at an address, also where that is an error."""
    try:
        with urllib.request.urlopen(url, timeout=LONGEST) as reply:
            return bytes(reply.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.read()
