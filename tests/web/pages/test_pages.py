"""The status page over HTTP: complete, escaped, in order, and only to be read."""

import os
import re
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import urljoin, urlsplit

import pytest

from collectors.testing import spellings
from tests.places import hourly
from tests.store.worlds import living, open_store
from tests.web.pages.worlds import PLANTED, SCRIPT, served

VOID = {"meta", "link", "input", "br", "img"}
STATES = (
    "late",
    "failed",
    "parked",
    "paused",
    "never run",
    "not yet",
    "has lost periods",
    "collected",
)


class Reader(HTMLParser):
    """What of a page a test asks about: its tags in order, its links, and the text of its rows."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *names):
        return [(tag, said) for tag, said in self.tags if tag in names]

    @property
    def links(self):
        return [said["href"] for _, said in self.all("a", "link") if "href" in said]


@pytest.fixture(scope="session")
def pages(site):
    """Every page that links lead to, by its path, with its answer."""
    found, waiting = {}, ["/status/"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        answer = found[path] = site.ask(path.removeprefix("/status"))
        if answer.headers["Content-Type"].startswith("text/html"):
            links = Reader(answer.data.decode()).links
            waiting += [urljoin(path, link).partition("#")[0] for link in links]
    return found


@pytest.fixture(scope="session")
def texts(pages):
    kinds = {path: one.headers["Content-Type"] for path, one in pages.items()}
    return {path: pages[path].data.decode() for path in pages if "html" in kinds[path]}


def words(text):
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def rows(text):
    return [words(one) for one in re.findall(r"<tr>.*?</tr>", text, re.DOTALL)[1:]]


def test_every_link_of_every_page_leads_to_one_of_ours(pages):
    assert {path: one.status for path, one in pages.items() if one.status != 200} == {}
    assert all(urlsplit(path).path.startswith("/status/") for path in pages)
    assert len(pages) > 40


def test_every_page_is_whole_and_says_what_it_is(texts):
    for path, text in texts.items():
        page = Reader(text)
        assert page.open == [], path
        assert page.tags[0] == ("html", {"lang": "en-GB"}), path
        assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.tags}, path
        assert page.all("a")[0][1] == {"class": "skip", "href": "#content"}, path
    titles = [re.search("<title>(.*?)</title>", text)[1] for text in texts.values()]
    assert all(re.fullmatch(".+ \u2013 Performance collector", title) for title in titles)


def test_headings_leave_out_no_level(texts):
    for path, text in texts.items():
        levels = [int(tag[1]) for tag, _ in Reader(text).all("h1", "h2", "h3", "h4")]
        assert (levels[0], levels.count(1)) == (1, 1), path
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_heads_and_every_form_only_asks(texts):
    for path, text in texts.items():
        page = Reader(text)
        assert all(said.get("scope") in ("col", "row") for _, said in page.all("th")), path
        for table in re.findall(r"<table.*?</table>", text, re.DOTALL):
            assert '<th scope="col"' in table, path
            assert table.count('<th scope="row"') == table.count("<tr>") - 1, path
        assert all(said["method"] == "get" for _, said in page.all("form")), path
        assert page.all("script", "style", "img") == []
        assert not any("style" in said or "onclick" in said for _, said in page.tags), path


def test_every_state_shows_its_word(site):
    text = site.text("/collectors")
    for state in STATES:
        assert f">{state}</strong>" in text
        assert f"Collectors: {state}" in words(site.text(f"/collectors?state={state}"))


def test_a_late_collector_stands_on_top_and_says_why(site):
    overview = site.text("/")
    assert words(overview).index("bridge/late late") < words(overview).index("bridge/failed failed")
    assert rows(site.text("/collectors"))[0].startswith("bridge/late late 18 Nov 2026, 14:30")
    assert rows(site.text("/services/bridge"))[0].startswith("bridge/late late")
    assert "2026-11-17T00:00Z is not collected; last run failed: it is down" in overview


def test_what_needs_attention_is_counted(site):
    said = words(site.text("/"))
    assert "1 lane of the outbox is parked" in said
    assert "36 observations were refused" in said
    assert "2 mistakes in the files of the configuration" in said
    assert "No daemon runs." in said


def test_hostile_text_is_text(texts):
    escaped = "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert [path for path, text in texts.items() if SCRIPT in text] == []
    for path in ("dead-letters", "files", "services/bridge", "collectors/ferry/letters"):
        assert escaped in texts[f"/status/{path}"], path


def test_planted_secrets_are_nowhere(pages):
    for path, one in pages.items():
        content = one.data + repr(dict(one.headers)).encode()
        for secret in PLANTED:
            assert not any(spelt.encode() in content for spelt in spellings(secret)), path


def test_runs_and_dead_letters_come_page_by_page(site):
    failed = [one.split()[:2] for one in rows(site.text("/runs?state=failed"))]
    assert [int(number) for number, _ in failed] == sorted(int(one[0]) for one in failed)[::-1]
    assert {name for _, name in failed} == {"bridge/failed", "bridge/late"}
    assert "No run fits." in site.text(f"/runs?state=failed&before={failed[-1][0]}")
    assert "No run fits." in site.text("/runs?before=-1")
    assert len(rows(site.text("/runs?before=99999999999999999999"))) == len(
        rows(site.text("/runs"))
    )
    letters = rows(site.text("/dead-letters?collector=ferry/letters&before=3"))
    assert [one.split()[:2] for one in letters[-2:]] == [
        ["2", "ferry/letters"],
        ["1", "ferry/letters"],
    ]


def test_a_lane_that_stands_still_comes_first_with_its_reason(site):
    first = rows(site.text("/outbox"))[0]
    assert first.startswith("bridge/unsent platform parked 168")
    assert "its token was not accepted" in first


def test_a_collector_tells_what_happens_next(site):
    text = words(site.text("/collectors/bridge/unsent"))
    assert "What happens next the lane bridge/unsent at platform is parked since" in text
    assert "put a right token into credentials/" in text


def test_a_spent_quota_says_when_there_is_more(site):
    assert "feed/project" in site.text("/quotas")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/services/nowhere", "No service is called &#39;nowhere&#39;"),
        (f"/collectors/toll/{SCRIPT}", "Not Found"),
        ("/collectors/toll/nothing", "No collector is called &#39;toll/nothing&#39;"),
        ("/collectors/toll/daily?year=2999", "does not show the year 2999"),
        ("/such/a/page", "Not Found"),
    ],
)
def test_what_is_not_there_is_said_on_a_page(site, path, said):
    answer = site.ask(path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert said in answer.data.decode()
    assert SCRIPT not in answer.data.decode()


@pytest.mark.parametrize("path", ["/", "/runs", "/collectors/toll/daily"])
def test_pages_may_be_read_and_nothing_else(site, path):
    whole = site.ask(path)
    head = site.ask(path, "HEAD")
    again = site.ask(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (head.status, head.data, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
    assert (again.status, again.data) == (304, b"")
    policy = whole.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    assert "Access-Control-Allow-Origin" not in whole.headers
    assert [site.ask(path, method).status for method in ("POST", "PUT", "DELETE")] == [405] * 3


def test_the_front_leads_there_and_the_data_sets_stay_where_they_are(site):
    front = site.ask("/../")
    assert (front.status, urlsplit(front.headers["Location"]).path) == (302, "/status/")
    assert site.ask("").headers["Location"].endswith("/status/")
    assert site.ask("/../_status").json() == {"status": "ok", "message": "app is up"}
    assert site.ask("/../data/toll/hourly").status == 200


def test_before_anything_has_run_it_says_so_and_makes_no_store(place, feed):
    place.service("toll", hourly(feed))
    with served(place) as made:
        said = words(made.text("/"))
        assert "There is no store yet" in said
        assert "1 collector of 1 service is configured" in said
        assert made.ask("/files").status == 200
        assert made.ask("/collectors/toll/hourly").status == 200
        assert not place.state.exists()
        place.run("run", "--all")
        assert "toll" in made.text("/services/toll")


def test_a_daemon_is_named_and_what_it_finds_broken_is_told(place, feed):
    place.service("toll", hourly(feed))
    place.run("run", "--all")
    store = open_store(f"sqlite:///{place.state}", place.clock, living(os.getppid()))
    store.post.take()
    store.post.tell("configuration", {"mistakes": [f"old.yaml:1:1: {SCRIPT}"]})
    with served(place) as made:
        assert f"The daemon is process {os.getppid()} on" in words(made.text("/"))
        assert "old.yaml:1:1: &lt;script&gt;" in made.text("/files")
        store.post.leave()
        assert "No daemon runs." in made.text("/")
        assert "old.yaml" not in made.text("/files")
    store.close()


def test_a_collector_of_a_broken_file_is_a_row_with_its_mistake(place, feed):
    place.service("toll", hourly(feed))
    place.run("run", "--all")
    place.service("toll", "hourly: [")
    with served(place) as made:
        for path in ("/", "/collectors?state=broken+file", "/services/toll"):
            said = words(made.text(path))
            assert "toll/hourly broken file" in said, path
            assert "services/toll.yaml:4:1: " in said, path
        assert made.ask("/collectors/toll/hourly").status == 404


def test_a_store_that_cannot_be_read_is_said_on_a_page(place, feed):
    place.service("toll", hourly(feed))
    place.run("run", "--all")
    with served(place) as made:
        made.text("/")
        place.state.write_bytes(b"this is no database" * 1000)
        for extra in ("-wal", "-shm"):
            place.state.with_name(place.state.name + extra).unlink(missing_ok=True)
        answer = made.ask("/")
    assert answer.status == 503
    assert "The store cannot be read now" in answer.data.decode()
