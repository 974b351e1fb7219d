"""What good files become."""

from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collectors.api import Limits, Resets
from collectors.config import load
from collectors.periods import Period
from collectors.sources import registry
from collectors.values import DataSet, Secret
from tests.config.tides import ENVIRONMENT, SOURCES, Part

PROFILE = (Path(__file__).parent / "good/profiles/transaction.yaml").read_text()
PLANTED = "planted-"


def configuration(directory, files, environment=ENVIRONMENT, sources=SOURCES):
    for name, content in {"profiles/transaction.yaml": PROFILE, **files}.items():
        path = directory / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    read = load(
        directory / "config",
        directory / "credentials",
        sources=sources,
        environment=environment,
    )
    assert [str(one) for one in read.mistakes] == []
    return read


def collectors(directory, text, **more):
    read = configuration(directory, {"services/x.yaml": "service: x\n" + text, **more})
    return {one.key: one for one in read.collectors.values()}


def one(directory, text):
    return collectors(directory, f"collectors:\n  one: {text}\n")["one"]


def test_a_short_collector_takes_everything_else_from_its_source_and_the_platform(tmp_path):
    made = one(tmp_path, "{source: tides, schedule: daily, query: {station: 5}}")
    assert (made.name, made.service, made.data_set) == ("x/one", "x", DataSet("x", "one"))
    assert (made.period, made.zone.key) == (Period.DAY, "Europe/London")
    assert (made.settle, made.credentials, made.batch) == (timedelta(days=2), "tides", 1000)
    assert (made.enabled, made.since, made.deadline) == (True, None, None)
    assert str(made.place).endswith("config/services/x.yaml:3:3")


def test_every_key_arrives(tmp_path):
    made = one(
        tmp_path,
        """
    title: Tides
    description: of the harbour
    units: {height: m}
    source: tides
    schedule: 0 5 * * *
    period: week
    zone: Asia/Tokyo
    data_set: harbour/tides
    credentials: other
    since: 2014-01-01
    settle: 90 minutes
    deadline: 3 hours
    enabled: no
    labels: [wet, salty]
    batch: 50
    map: {old: new_name}
    query: {station: 1}""",
    )
    assert (made.title, made.description, made.units) == (
        "Tides",
        "of the harbour",
        {"height": "m"},
    )
    assert (made.period, made.zone.key) == (Period.WEEK, "Asia/Tokyo")
    assert (made.data_set, made.credentials) == (DataSet("harbour", "tides"), "other")
    assert (made.since, made.settle) == (date(2014, 1, 1), timedelta(minutes=90))
    assert (made.deadline, made.enabled) == (timedelta(hours=3), False)
    assert (made.labels, made.batch) == (frozenset({"wet", "salty"}), 50)
    assert made.mapping.map == {"old": "new_name"}


@pytest.mark.parametrize(
    "text", ["16:30", "NO", "2014-01-01", "012", "1e3", "0x1F", "yes", "1_000"]
)
def test_a_scalar_is_text_where_text_is_wanted(text, tmp_path):
    made = one(tmp_path, f"{{source: tides, schedule: daily, query: {{station: 1, note: {text}}}}}")
    assert made.source.note == text


def test_text_is_typed_where_the_model_wants_a_type(tmp_path):
    query = (
        "{station: '42', exact: NO, day: 2014-01-01, ports: [1, 2], "
        "parts: [{pattern: a}, {pattern: 7, weight: 3}], either: {pattern: z}, tags: [a, b]}"
    )
    source = one(tmp_path, f"{{source: tides, schedule: daily, query: {query}}}").source
    assert (source.station, source.exact, source.day) == (42, False, date(2014, 1, 1))
    assert (source.ports, source.either) == ([1, 2], Part(pattern="z"))
    assert source.parts == (Part(pattern="a"), Part(pattern="7", weight=3))


@pytest.mark.parametrize(
    ("schedule", "period"),
    [
        ("hourly", Period.HOUR),
        ("daily", Period.DAY),
        ("weekly", Period.WEEK),
        ("monthly", Period.MONTH),
        ("quarterly", Period.QUARTER),
        ("yearly", Period.YEAR),
        ("every 2 hours, period: day", Period.DAY),
    ],
)
def test_the_schedule_gives_the_period_unless_it_is_said(schedule, period, tmp_path):
    made = one(tmp_path, f"{{source: tides, query: {{station: 1}}, schedule: {schedule}}}")
    assert made.period is period


def test_every_two_minutes_is_instant(tmp_path):
    assert one(tmp_path, "{source: moon, schedule: every 2 minutes}").period is Period.INSTANT


def test_the_zone_is_the_source_s_or_the_collector_s_or_the_platform_s(tmp_path):
    text = """collectors:
  fixed: {source: moon, schedule: daily}
  said: {source: tides, schedule: daily, query: {station: 1}, zone: Asia/Tokyo}
  neither: {source: tides, schedule: daily, query: {station: 1}}
"""
    made = collectors(tmp_path, text, **{"platform.yaml": "timezone: America/Lima\n"})
    assert {key: value.zone.key for key, value in made.items()} == {
        "fixed": "UTC",
        "said": "Asia/Tokyo",
        "neither": "America/Lima",
    }


def test_a_schedule_s_days_begin_in_its_own_zone_or_the_platform_s_never_the_source_s(tmp_path):
    text = """collectors:
  own: {source: moon, schedule: daily at 06:30 in Asia/Kolkata}
  other: {source: tides, schedule: daily, query: {station: 1}, zone: Asia/Tokyo}
"""
    made = collectors(tmp_path, text, **{"platform.yaml": "timezone: America/Lima\n"})
    assert {key: value.tick_zone.key for key, value in made.items()} == {
        "own": "Asia/Kolkata",
        "other": "America/Lima",
    }


def test_the_splay_is_the_schedule_s_unless_it_is_said(tmp_path):
    assert one(tmp_path, "{source: moon, schedule: daily}").splay == timedelta(hours=2)
    said = one(tmp_path, "{source: moon, schedule: daily at 06:30, splay: 5 minutes}")
    assert said.splay == timedelta(minutes=5)


def test_parameters_fill_a_profile_and_defaults_fill_the_rest(tmp_path):
    made = collectors(tmp_path, "profile: transaction\nwith: {station: 5}\n")
    source = made["heights"].source
    assert (source.station, source.level, source.note) == (5, "high", "at 5")
    assert str(made["heights"].place).endswith("config/services/x.yaml:2:10")


def test_a_service_is_merged_deep_over_its_profile_and_null_removes(tmp_path):
    made = collectors(
        tmp_path,
        """profile: transaction
with: {station: 5}
collectors:
  heights: {deadline: 3 hours, query: {level: low, note: null}, map: null}
  phases: null
""",
    )
    assert list(made) == ["heights"]
    heights = made["heights"]
    assert (heights.source.station, heights.source.level, heights.source.note) == (5, "low", "")
    assert (heights.deadline, heights.mapping.map) == (timedelta(hours=3), {})


def test_profiles_are_laid_on_each_other_in_their_order_and_lists_are_replaced(tmp_path):
    profile = "collectors:\n  heights: {query: {level: low, ports: [%s]}, schedule: daily}\n"
    made = collectors(
        tmp_path,
        "profiles: [transaction, a, b]\nwith: {station: 5}\n",
        **{"profiles/a.yaml": profile % "1, 2", "profiles/b.yaml": profile % "3"},
    )
    heights = made["heights"]
    assert (heights.source.level, heights.source.ports) == ("low", [3])
    assert heights.period is Period.DAY


def test_a_parameter_alone_may_be_any_value(tmp_path):
    profile = (
        "parameters: {ports: required}\n"
        "collectors: {a: {source: tides, schedule: daily, query: {station: 1, ports: $(ports)}}}\n"
    )
    made = collectors(
        tmp_path, "profile: p\nwith: {ports: [4, 5]}\n", **{"profiles/p.yaml": profile}
    )
    assert made["a"].source.ports == [4, 5]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("${STATION}", "7"),
        ("at ${STATION}!", "at 7!"),
        ("${UNSET:-by default}", "by default"),
        ("${EMPTY:-by default}", "by default"),
        ("${UNSET:-}", ""),
        ("${STATION:?no station}", "7"),
        ("${EMPTY}", ""),
        ("$$", "$"),
        ("$${STATION}", "${STATION}"),
        ("$5 and $", "$5 and $"),
        ("file:harbour", "the harbour"),
        ("file://x", "file://x"),
    ],
)
def test_references_stand_for_their_values(written, text, tmp_path):
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/harbour").write_text("the harbour\n")
    query = f'{{station: 1, note: "{written}"}}'
    assert one(tmp_path, f"{{source: tides, schedule: daily, query: {query}}}").source.note == text


@pytest.mark.parametrize("reference", ["${TOKEN}", "file:token", "${UNSET:-}${TOKEN}"])
def test_a_referenced_secret_is_wrapped_and_never_seen(reference, tmp_path):
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/token").write_text("planted-token\n")
    read = configuration(
        tmp_path,
        {
            "platform.yaml": 'state: "postgresql://me:${TOKEN}@db/state"\n',
            "services/x.yaml": "service: x\ncollectors:\n  a: {source: tides, schedule: daily, "
            f'query: {{station: 1, token: "{reference}"}}}}\n',
        },
    )
    made = read.collectors["x/a"]
    assert made.source.token == Secret("planted-token")
    assert read.platform.state.reveal() == "postgresql://me:planted-token@db/state"
    for shown in (repr(read), str(read), made.source.model_dump_json(), str(made.source)):
        assert PLANTED not in shown


def test_quotas_are_limits_by_name_and_names_that_fit_no_source_are_doubted(tmp_path):
    platform = """quotas:
  google: {concurrent: 8, reserve_for_live: 50%}
  google:my-project: {per_day: 200_000, resets: 00:30 America/Los_Angeles}
  pingdon: {per_minute: 60, per_hour: 400}
"""
    read = configuration(tmp_path, {"platform.yaml": platform}, sources=registry())
    assert read.platform.quotas == {
        "google": Limits(concurrent=8, reserve_for_live=0.5),
        "google:my-project": Limits(
            per_day=200_000, resets=Resets(time(0, 30), ZoneInfo("America/Los_Angeles"))
        ),
        "pingdon": Limits(per_minute=60, per_hour=400),
    }
    [doubt] = read.warnings
    assert (doubt.line, doubt.message) == (
        4,
        "no source has a quota 'pingdon', so nothing obeys it (did you mean 'pingdom'?)",
    )


def test_a_platform_may_have_several_targets(tmp_path):
    platform = """target:
  - embedded
  - https://www.example.gov.uk/data/
  - {url: "http://localhost:8000/data", name: own, tokens: own-tokens}
workers: 4
durability: normal
outbox: {limit: 2.5 GB}
embedded: {url: "sqlite:///elsewhere.db"}
"""
    read = configuration(tmp_path, {"platform.yaml": platform}).platform
    assert [(t.name, t.url, t.tokens) for t in read.targets] == [
        ("embedded", None, "tokens"),
        ("www.example.gov.uk", "https://www.example.gov.uk/data", "tokens"),
        ("own", "http://localhost:8000/data", "own-tokens"),
    ]
    assert (read.workers, read.synchronous, read.outbox_limit) == (4, "NORMAL", 2_500_000_000)
    assert read.embedded.reveal() == "sqlite:///elsewhere.db"


def test_the_port_is_in_a_target_s_own_name(tmp_path):
    read = configuration(tmp_path, {"platform.yaml": "target: http://localhost:8000/data\n"})
    assert [t.name for t in read.platform.targets] == ["localhost:8000"]


def test_services_say_what_they_are_and_label_their_collectors(tmp_path):
    text = "service: x\ntitle: Ex\nlabels: [small]\nprofile: transaction\nwith: {station: 1}\n"
    read = configuration(tmp_path, {"services/other-name.yaml": text})
    assert read.services["x"].title == "Ex"
    assert {made.labels for made in read.collectors.values()} == {frozenset({"small"})}


def test_anchors_and_a_byte_order_mark_are_fine(tmp_path):
    text = "collectors:\n  a: &a {source: moon, schedule: daily}\n  b: *a\n"
    assert list(collectors(tmp_path, text)) == ["a", "b"]
    path = tmp_path / "config/services/x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(configuration(tmp_path, {}).collectors) == 2


def test_the_same_data_set_with_other_constants_is_two_collectors(tmp_path):
    text = """collectors:
  a: {source: moon, schedule: daily, data_set: x/all, id: {constants: {channel: paper}}}
  b: {source: moon, schedule: daily, data_set: x/all, id: {constants: {channel: phone}}}
"""
    assert list(collectors(tmp_path, text)) == ["a", "b"]


BASE = "{source: tides, schedule: daily, query: {station: 1, tags: [b, a], token: '${TOKEN}'}}"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("tags: [b, a]", "tags: [a, b]"), True),
        (("station: 1", "station: '01', level: high"), True),
        (("schedule: daily", "schedule: 0 5 * * *, period: day"), True),
        (("schedule: daily", "schedule: daily, title: New, batch: 5"), True),
        (("${TOKEN}", "${WORD}"), True),
        (("station: 1", "station: 2"), False),
        (("schedule: daily", "schedule: hourly"), False),
        (("schedule: daily", "schedule: daily, zone: UTC"), False),
        (("schedule: daily", "schedule: daily, map: {old: new_name}"), False),
        (("schedule: daily", "schedule: daily, id: {constants: {a: b}}"), False),
    ],
)
def test_the_fingerprint_changes_when_the_meaning_does(change, same, tmp_path):
    before, after = one(tmp_path, BASE), one(tmp_path, BASE.replace(*change))
    assert len(before.fingerprint) == 16
    assert (before.fingerprint == after.fingerprint) is same


def test_a_fingerprint_is_the_same_in_every_process(tmp_path):
    assert one(tmp_path, BASE).fingerprint == "87d3023700c82e2d"
