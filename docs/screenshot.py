"""Takes docs/status-page.png: the status page of the shipped configuration, once it has run.

python -m docs.screenshot

Needs Chromium, and the requirements of development.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

CHECKOUT = Path(__file__).parent.parent
PICTURE = CHECKOUT / "docs" / "status-page.png"
CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1180, "height": 1040}


def take(picture: Path = PICTURE) -> None:
    """Run the shipped configuration in a fresh directory, serve it, and take the picture."""
    with tempfile.TemporaryDirectory() as directory:
        _run(directory, "run", "--all").wait()
        serving = _run(directory, "serve", "--port", "0")
        try:
            _photograph(_address(serving), picture)
        finally:
            serving.terminate()
            serving.communicate()


def _run(directory: str, *arguments: str) -> subprocess.Popen[str]:
    places = ["--config", str(CHECKOUT / "config"), "--credentials", str(CHECKOUT / "credentials")]
    command = [sys.executable, str(CHECKOUT / "run_collector.py"), *places, *arguments]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _address(serving: subprocess.Popen[str]) -> str:
    """Give the address of the page, which the program says last of what it says first."""
    for line in serving.stderr or ():
        if line.startswith("the status page is"):
            return line.split()[-1]
    raise SystemExit("the program has ended without serving the page")


def _photograph(address: str, picture: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        page = browser.new_context(java_script_enabled=False, viewport=SIZE).new_page()
        page.goto(address)
        page.screenshot(path=picture, full_page=True)
        browser.close()


if __name__ == "__main__":
    take()
