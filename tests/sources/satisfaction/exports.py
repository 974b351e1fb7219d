"""Exports of Feedback Explorer, row by row, with comments of which nothing may be seen again."""

import csv
import io

HEADER = [
    "creation date",
    "path or service name",
    "feedback",
    "service satisfaction rating",
    "browser name",
    "browser version",
    "browser platform",
    "user agent",
    "referrer",
    "type",
    "primary organisation",
    "all organisations",
]
COMMENT = 'Ada Example,\nof "1 Analytical Row"'
WORDS = ("Ada Example", "Analytical Row")


def single(when, rating, comment="", slug="vote", organisation="Cabinet Office"):
    """What one person said."""
    agent = ["Chrome", "142.0.0", "Windows 10", "Mozilla/5.0 (X)", "https://www.gov.uk/"]
    organisations = [organisation, f"{organisation}|DVLA"]
    return [when, slug, comment, str(rating), *agent, "service-feedback", *organisations]


def aggregated(day, rating, count, path="/done/vote"):
    """What the night after made of a day."""
    text = f"Rating of {rating}: {count}"
    filler = ["Other", "", "Other ", "", ""]
    kind = "aggregated-service-feedback"
    return [f"{day} 00:00:00", path, text, str(rating), *filler, kind, "", ""]


def other(when="2026-11-18 10:00:00", kind="problem-report"):
    """A row of another kind, which is none of ours."""
    return [when, "/vote", COMMENT, "", *[""] * 5, kind, "", ""]


def export(*rows, header=HEADER):
    """Give the text of a file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def rated(day, *counts, path="/done/vote"):
    """Give the aggregated rows of a day: how many gave 1, 2, 3, 4, 5."""
    return [aggregated(day, rating, count, path) for rating, count in enumerate(counts, 1) if count]
