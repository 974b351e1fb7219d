"""Draws the picture in the README: digital take-up of four services, from the data sets.

Collect first (``make run``), then: ``python examples/draw_take_up.py docs/take-up.svg``.
"""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
SERVICES = {
    "vehicle-tax": "#1d70b8",
    "prison-visits": "#00703c",
    "carers-allowance": "#d4351c",
    "witness-expenses": "#4c2c92",
}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 860, 320, 50, 20, 190, 40
FIRST, LAST = datetime.fromisoformat("2012-07-01"), datetime.fromisoformat("2017-07-01")


def take_up(service: str) -> list[tuple[datetime, float]]:
    """Give the known quarters of a service, through the command line as anybody would."""
    command = [sys.executable, "run_collector.py", "read", f"{service}/quarterly", "--json"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S603 - our own command
    return [
        (datetime.fromisoformat(one["_timestamp"]).replace(tzinfo=None), one["digital_takeup"])
        for one in json.loads(answer)
        if one["digital_takeup"] is not None
    ]


def place(at: datetime, value: float) -> tuple[float, float]:
    """Give where a value stands in the picture, in pixels."""
    across = (at - FIRST) / (LAST - FIRST) * (WIDTH - LEFT - RIGHT)
    return LEFT + across, HEIGHT - BOTTOM - min(value, 1.0) * (HEIGHT - TOP - BOTTOM)


def axes() -> list[str]:
    """Give the lines and words around the curves."""
    parts = []
    for percent in (0, 25, 50, 75, 100):
        _, y = place(FIRST, percent / 100)
        parts.append(f'<path d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}" stroke="#b1b4b6"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{percent} %</text>')
    for year in range(2013, 2018):
        x, _ = place(datetime.fromisoformat(f"{year}-01-01"), 0)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 14}" text-anchor="middle">{year}</text>')
    return parts


def curve(service: str, colour: str) -> list[str]:
    """Give one service's line, with its name where it ends."""
    points = [place(at, value) for at, value in take_up(service)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>',
        f'<text x="{x + 8:.0f}" y="{y + 4:.0f}" fill="{colour}">{service}</text>',
    ]


def main() -> None:
    """Write the picture to the file named on the command line."""
    parts = axes() + [part for pair in SERVICES.items() for part in curve(*pair)]
    Path(sys.argv[1]).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13" fill="#0b0c0c">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
