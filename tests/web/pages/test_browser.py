"""The status page as a browser shows it, without JavaScript: whole, readable, and on a telephone."""

import pytest

PATHS = (
    "/",
    "/collectors",
    "/services/bridge",
    "/collectors/bridge/late",
    "/collectors/bridge/lost",
    "/collectors/bridge/not-yet",
    "/collectors/toll/hourly",
    "/collectors/toll/weekly",
    "/collectors/toll/scroll",
    "/runs",
    "/outbox",
    "/dead-letters",
    "/quotas",
    "/backfills",
    "/files",
    "/such/a/page",
)
ENOUGH = 4.5
"""The contrast of text that WCAG 2.2 asks for at level AA."""
CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parts = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (colour) => {
    const [r, g, b] = [...parts(colour)].map((one) => one / 255)
      .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (parts(colour)[3] > 0) return colour;
    }
    return "white";
  };
  const found = {};
  for (const element of document.body.querySelectorAll("*")) {
    if (![...element.childNodes].some((one) => one.nodeType === 3 && one.data.trim())) continue;
    const [one, other] = [getComputedStyle(element).color, behind(element)];
    const [bright, dark] = [light(one), light(other)].sort((a, b) => b - a);
    found[`${one} on ${other}`] = (bright + 0.05) / (dark + 0.05);
  }
  return found;
}"""
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_shows_it_without_complaint_readable_and_narrow(site, page, path):
    told = []
    page.on("console", lambda one: told.append(one.text))
    page.on("pageerror", lambda one: told.append(str(one)))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(site.url + path)
        contrasts = page.evaluate(CONTRASTS)
        assert {pair for pair, ratio in contrasts.items() if ratio < ENOUGH} == set(), scheme
        assert len(contrasts) > 2
    page.set_viewport_size({"width": 360, "height": 740})
    needed, there = page.evaluate(WIDTHS)
    assert needed <= there
    not_found = "Failed to load resource: the server responded with a status of 404 (NOT FOUND)"
    assert set(told) == ({not_found} if path == "/such/a/page" else set())


def test_the_way_by_keyboard_and_by_links(site, page):
    page.goto(site.url + "/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    page.get_by_role("searchbox", name="Find a service").fill("ridge")
    page.get_by_role("button", name="Find").click()
    table = page.get_by_role("region", name="Services").get_by_role("row")
    assert table.count() == 2
    page.get_by_role("region", name="Services").get_by_role("link", name="bridge").click()
    page.get_by_role("link", name="bridge/late").click()
    assert page.get_by_role("heading", level=1).inner_text() == "bridge/late late"
    calendar = page.get_by_role("region", name="Calendar")
    assert calendar.get_by_role("columnheader").count() == 32
    assert calendar.get_by_title("19 Nov 2026: late, 0 of 24 collected").count() == 1


def test_a_letter_opens_without_javascript(site, page):
    page.goto(site.url + "/dead-letters")
    first = page.locator("details").first
    assert not first.locator("pre").is_visible()
    first.locator("summary").click()
    assert '"channel": "<script>alert(1)</script>"' in first.locator("pre").inner_text()
