"""One busy site and one browser for all tests of the pages: they only look."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import missing
from tests.web.pages.worlds import busy_place, served

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    with busy_place(tmp_path_factory.mktemp("busy")) as busy, served(busy.place) as made:
        yield made


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM.exists():
        missing(f"there is no browser at {CHROMIUM}: the pages were not looked at")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield made
        made.close()


@pytest.fixture
def page(browser):
    """A page without JavaScript, and what its console says."""
    context = browser.new_context(java_script_enabled=False)
    made = context.new_page()
    yield made
    context.close()
