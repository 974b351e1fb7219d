"""Old configurations: real ones translate and load; what cannot be translated is told."""

import json
from pathlib import Path

import pytest

from collectors.config import load
from collectors.config.legacy import Translation, service_file, translate
from collectors.errors import ConfigError
from tests.observations.old_collector import OLD, SOURCES, AnyProperty

GA, PINGDOM = f"{OLD}ga", f"{OLD}pingdom"
PIWIK, REALTIME = f"{OLD}piwik.core", f"{OLD}piwik.realtime"
METRICS, REPORTS = f"{OLD}webtrends.keymetrics", f"{OLD}webtrends.reports"
NOW, TRENDING = f"{GA}.realtime", f"{GA}.trending"
UNDERSTOOD = (GA, NOW, TRENDING, PINGDOM, PIWIK, REALTIME, METRICS, REPORTS)
FILE = {
    "entrypoint": GA,
    "data-set": {"data-group": "peer", "data-type": "test"},
    "query": {"id": "ga:123", "metrics": ["visits"]},
    "options": {},
}


def old(query=None, options=None, **more):
    """An old configuration of Google Analytics."""
    return FILE | {"query": FILE["query"] | (query or {}), "options": options or {}} | more


@pytest.fixture(scope="module")
def real(shared):
    """The real configurations, by their places."""
    directory = shared / "data" / "legacy-config" / "queries"
    paths = sorted(directory.glob("*/*.json"))
    assert len(paths) == 64
    return {str(path.relative_to(directory)): json.loads(path.read_text()) for path in paths}


def loaded(services, directory):
    """The collectors of service files, read for real."""
    folder = directory / "services"
    folder.mkdir()
    for number, text in enumerate(services):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return load(directory, directory, sources=SOURCES, environment=AnyProperty())


def test_every_real_configuration_of_every_kind_translates_and_all_load_together(real, tmp_path):
    by_service = {}
    for place, said in real.items():
        if said["entrypoint"] in UNDERSTOOD:
            service, key = Path(place).parent.name, Path(place).stem
            by_service.setdefault(service, {})[key] = translate(said)
    texts = [service_file(service, collectors) for service, collectors in by_service.items()]
    configuration = loaded(texts, tmp_path)

    assert configuration.mistakes == ()
    assert len(configuration.collectors) == 61
    data_sets = {
        f"{one.data_set.group}/{one.data_set.type}" for one in configuration.collectors.values()
    }
    named = {
        f"{said['data-set']['data-group']}/{said['data-set']['data-type']}"
        for said in real.values()
        if said["entrypoint"] in UNDERSTOOD
    }
    assert data_sets == named


def test_every_other_real_configuration_is_refused_with_what_is_understood(real):
    others = {said["entrypoint"] for said in real.values()} - set(UNDERSTOOD)

    assert len(others) == 2
    for said in real.values():
        if said["entrypoint"] in others:
            with pytest.raises(ConfigError) as error:
                translate(said)
            assert str(error.value) == (
                f"the entrypoint {said['entrypoint']!r} cannot be translated;"
                f" understood are {', '.join(UNDERSTOOD)}"
            )


def test_a_whole_translation_in_yaml():
    said = {
        "entrypoint": GA,
        "data-set": {"data-group": "govuk", "data-type": "most_viewed_news"},
        "query": {
            "id": "ga:53872948",
            "metrics": ["pageviews", "avgSessionDuration"],
            "dimensions": ["pageTitle", "pagePath", "date"],
            "filters": [r"pagePath=~^/a\,b$;ga:pageTitle!~x,pageTitle==y", "users>2"],
            "sort": ["-pageviews"],
            "maxResults": 50,
            "frequency": "daily",
        },
        "options": {
            "additionalFields": {"website": "govuk", "pageviews": "lost", "weight": 3},
            "mappings": {
                "pageviews": "count",
                "pageTitle_0": "section",
                "pagePath_1": "step",
                "nothing": "else",
            },
            "chunk-size": 50,
            "empty-data-set": True,
        },
        "token": "ga",
    }
    text = service_file("govuk", {"news": translate(said, {"53872948": "7"})})

    assert (
        text
        == """\
service: govuk
collectors:
  # the data set govuk/most_viewed_news is called govuk/most-viewed-news here
  news:
    source: google-analytics
    schedule: daily
    data_set: govuk/most-viewed-news
    query:
      property: '7'
      metrics: [screenPageViews, averageSessionDuration]
      dimensions: [pageTitle, pagePathPlusQueryString, date]
      filters: pagePathPlusQueryString=~^/a\\,b$$;pageTitle!~x,pageTitle==y;totalUsers>2
      order: [-screenPageViews]
      limit: 50
    map: {screenPageViews: count, averageSessionDuration: avgSessionDuration, pagePathPlusQueryString: pagePath, pageTitle_0: section, pagePathPlusQueryString_1: step}
    add:
      website: govuk
      weight: {number: 3}
      dataType: most_viewed_news
    steps:
    - convert: {field: avgSessionDuration, factor: 1000}
    - timestamp: {field: datetime, date: date}
    id:
      scheme: legacy
      fields: [dataType, _timestamp, timeSpan, pageTitle, date, pagePath, datetime]
      timestamps: {_timestamp: '%Y%m%d%H%M%S', datetime: '%Y-%m-%d %H:%M:%S'}
    batch: 50
    replace: true
"""
    )


def test_a_view_whose_property_is_not_known_becomes_a_variable_that_has_to_be_set(tmp_path):
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "x.yaml").write_text(service_file("x", {"y": translate(old())}))
    configuration = load(tmp_path, tmp_path, sources=SOURCES, environment={})

    assert [one.message for one in configuration.mistakes] == [
        (
            "the environment variable 'GA_PROPERTY_123' is not set:"
            " the GA4 property in the place of the view 123"
        )
    ]


def test_a_dollar_is_a_dollar_and_no_reference(tmp_path):
    said = old({"filters": ["pagePath=~^/a${HOME}$"]}, {"additionalFields": {"cost": "$(x) $5"}})
    configuration = loaded([service_file("x", {"y": translate(said)})], tmp_path)

    assert configuration.mistakes == ()
    (collector,) = configuration.collectors.values()
    assert collector.source.filters == "pagePathPlusQueryString=~^/a${HOME}$"
    assert collector.mapping.add == {"cost": "$(x) $5"}


def test_what_ga4_does_not_have_is_remarked_upon():
    query = {
        "metrics": ["users", "bounceRate", "goal4Starts", "made_up"],
        "dimensions": ["browserVersion"],
        "filters": "some-filter",
        "segment": "gaid::-123",
    }

    assert translate(old(query)).remarks == (
        "GA4 has no segments: say it with 'filters', or with an audience",
        (
            "the metric 'bounceRate' is 'bounceRate' in GA4: it is a fraction now and was per cent:"
            " 'convert' it with the factor 100"
        ),
        (
            "the metric 'goal4Starts' has no counterpart in GA4: name the event that begins it, and"
            " filter on it"
        ),
        "'made_up' is not known: see whether GA4 has it",
        "the dimension 'browserVersion' has no counterpart in GA4",
        "the filter 'some-filter' cannot be read",
    )


@pytest.mark.parametrize(
    ("options", "identity"),
    [
        ({}, "legacy"),
        ({"mappings": {"timeSpan": "period"}}, "legacy"),
        (
            {"idMapping": "pagePath"},
            {"scheme": "legacy", "fields": ["pagePath"], "separator": "", "timestamps": {}},
        ),
        (
            {
                "idMapping": ["_timestamp", "page", "part", "gone"],
                "mappings": {"pagePath": "page", "pagePath_1": "part"},
            },
            {
                "scheme": "legacy",
                "fields": ["_timestamp", "page", "part", "gone"],
                "separator": "",
                "timestamps": {"_timestamp": "%Y-%m-%d %H:%M:%S+00:00"},
                "optional": ["part", "gone"],
            },
        ),
        (
            {"plugins": ["ComputeIdFrom('_timestamp', 'pagePath')"], "idMapping": ["visits"]},
            {"scheme": "legacy", "fields": ["_timestamp", "pagePath"]},
        ),
    ],
)
def test_the_id_is_what_the_options_made_it(options, identity):
    said = old({"dimensions": ["pagePath"]}, options)

    assert translate(said).collector["id"] == identity


@pytest.mark.parametrize(
    ("plugins", "steps"),
    [
        (["Comment('anything')", "ComputeRank('rank')"], [{"rank": {"field": "rank"}}]),
        (
            ['ComputeDepartmentKey("customVarValue9")'],
            [{"department": {"field": "customVarValue9"}}],
        ),
        (["SetDepartment('<D1>')"], [{"department": {"field": "department"}}]),
        (["RemoveKey('_id', 'visits')"], [{"drop": ["visits"]}]),
        (
            [
                "RemoveKey('_id', 'humanId', 'customVarValue9')",
                "AggregateKey(aggregate_count('visits'),  aggregate_rate('rate', 'visits'))",
            ],
            [
                {"drop": ["customVarValue9"]},
                {
                    "aggregate": {
                        "by": ["keyword"],
                        "sum": ["visits"],
                        "rate": {"rate": "visits"},
                    }
                },
            ],
        ),
    ],
)
def test_plugins_are_read_as_data(plugins, steps):
    query = {"dimensions": ["customVarValue9", "keyword"], "metrics": ["visits", "rate"]}
    said = old(query, {"plugins": [*plugins, "ComputeIdFrom('_timestamp')"]})

    assert translate(said).collector["steps"] == steps


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "entrypoint: Field required; data-set: Field required"),
        (old(tokens="x"), "tokens: this key is not known"),
        (old({"metric": []}), "query.metric: this key is not known"),
        (old({"metrics": []}), "query.metrics: Tuple should have at least 1 item"),
        (old({"id": "ga:1}"}), "query.id: String should match pattern"),
        (old({"frequency": "hourly"}), "query.frequency: Input should be 'daily', 'weekly' or"),
        (old({}, {"idmapping": "x"}), "options.idmapping: this key is not known"),
        (old({}, {"additionalFields": {"x": None}}), "options.additionalFields.x"),
        (
            old({}, {"additionalFields": {"timeSpan": "day"}}),
            "options.additionalFields: timeSpan cannot be set",
        ),
        (
            old({"metrics": ["visits", "users"]}, {"mappings": {"visits": "n1", "users": "n1"}}),
            "options.mappings: two fields would be called n1; which of them the old collector sent",
        ),
        (
            old({}, {"mappings": {"visits": "n"}}),
            "it cannot be translated, for map.sessions would be wrong: n is not a valid key",
        ),
        (
            old({}, {"mappings": {"dataType": "kind"}}),
            "options.mappings: dataType is renamed, so 'idMapping' has to be said",
        ),
        (
            old({"metrics": ["visits", "sessions"]}),
            "query.metrics: visits and sessions are both sessions in GA4: keep one",
        ),
        (
            old({}, {"additionalFields": {"sessions": "x"}}),
            "options.additionalFields: sessions is what GA4 calls visits: give it another name",
        ),
        (FILE | {"entrypoint": PINGDOM}, "query.name: Field required; query.id: this key is not"),
        (
            FILE | {"entrypoint": PINGDOM, "query": {"name": "x"}, "options": {"a": 1}},
            "options.a: this key is not known",
        ),
    ],
)
def test_what_cannot_be_translated_is_told_with_its_place(said, message):
    with pytest.raises(ConfigError) as error:
        translate(said)

    assert str(error.value).startswith(message)


LAST = "ComputeIdFrom('_timestamp')"


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        (["ComputeRank('rank')"], "the last one has to be ComputeIdFrom, as it always had"),
        (
            ["Explode('x')", LAST],
            (
                "'Explode' is not known; there is: AggregateKey, Comment, ComputeDepartmentKey,"
                " ComputeIdFrom, ComputeRank, RemoveKey, SetDepartment"
            ),
        ),
        (["ComputeRank", LAST], "'ComputeRank' is not the name of a plugin with texts"),
        (["ComputeRank(", LAST], "'ComputeRank(' is not the name of a plugin with texts"),
        (["ComputeRank(1)", LAST], "'ComputeRank(1)' is not the name of a plugin with texts"),
        (
            ["ComputeRank(field='x')", LAST],
            "\"ComputeRank(field='x')\" is not the name of a plugin",
        ),
        (
            ["__import__('os').system('x')", LAST],
            "\"__import__('os').system('x')\" is not the name",
        ),
        (["ComputeRank()", LAST], "ComputeRank takes one text"),
        (["ComputeRank(Comment('x'))", LAST], "ComputeRank takes one text"),
        (["RemoveKey()", LAST], "RemoveKey takes texts"),
        (["AggregateKey(aggregate_count('visits'))", LAST], "AggregateKey merges nothing while"),
        (
            ["RemoveKey('_id', 'humanId')", "AggregateKey('visits')", LAST],
            "AggregateKey takes aggregate_count('count') and aggregate_rate('rate', 'count')",
        ),
    ],
)
def test_a_plugin_that_cannot_be_read_is_told(plugins, message):
    with pytest.raises(ConfigError) as error:
        translate(old({}, {"plugins": plugins}))

    assert str(error.value).startswith(f"options.plugins: {message}")


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("RemoveKey('keyword')", "RemoveKey names 'keyword', which records have not; they have"),
        ("ComputeDepartmentKey('x')", "ComputeDepartmentKey names 'x', which records have not"),
        ("ComputeIdFrom('rank')", "ComputeIdFrom names 'rank', which records have not"),
    ],
)
def test_a_plugin_that_names_no_field_is_told_which_there_are(plugins, message):
    with pytest.raises(ConfigError) as error:
        translate(old({}, {"plugins": [plugins, LAST]}))

    assert str(error.value).startswith(message)
    assert str(error.value).endswith("they have _timestamp, timeSpan, dataType, visits")


def test_a_department_that_is_set_and_there_already_is_refused():
    said = old(
        {}, {"additionalFields": {"department": "x"}, "plugins": ["SetDepartment('y')", LAST]}
    )

    with pytest.raises(ConfigError, match="and there is a field 'department' already"):
        translate(said)


def test_two_collectors_of_a_data_set_are_told_apart_by_constants_of_their_ids(tmp_path):
    def journey(action):
        fields = {"idMapping": ["_timestamp", "action"], "additionalFields": {"action": action}}
        return translate(old({}, fields))

    configuration = loaded(
        [service_file("x", {"a": journey("start"), "b": journey("end"), "c": journey("end")})],
        tmp_path,
    )

    assert list(configuration.collectors) == ["x/a", "x/b"]
    assert "collector 'x/c' writes the data set peer/test as 'x/b' does" in str(
        configuration.mistakes[0]
    )


def test_a_translation_is_keys_and_remarks():
    said = FILE | {"entrypoint": PINGDOM, "query": {"name": "my check"}}

    assert translate(said) == Translation(
        collector={
            "source": "pingdom",
            "schedule": "hourly",
            "data_set": "peer/test",
            "query": {"check": "my check"},
            "add": {"check": "my check"},
            "steps": [{"drop": ["timeSpan", "dataType"]}],
            "id": {
                "scheme": "legacy",
                "fields": ["check", "_timestamp"],
                "separator": ".",
                "timestamps": {},
                "blank": "_",
                "encoding": "plain",
            },
        },
        remarks=(
            "ask for the check by its id in 'query', if you can; 'add' keeps the name for the ids",
        ),
    )


def test_a_report_of_piwik():
    said = {
        "entrypoint": PIWIK,
        "data-set": {"data-group": "ida-verify", "data-type": "browser_usage"},
        "query": {
            "site_id": "1",
            "api_method": "Goals.get",
            "api_method_arguments": {"idGoal": 1},
            "frequency": "daily",
        },
        "options": {
            "mappings": {"label": "browser", "nb_visits": "sessions"},
            "idMapping": ["dataType", "_timestamp", "timeSpan", "browser"],
        },
    }

    assert (
        service_file("verify", {"browsers": translate(said)})
        == """\
service: verify
collectors:
  # the data set ida-verify/browser_usage is called ida-verify/browser-usage here
  # say in the credential matomo where Piwik, now Matomo, is, and its token
  browsers:
    source: matomo
    schedule: daily
    data_set: ida-verify/browser-usage
    query:
      site: '1'
      method: Goals.get
      arguments: {idGoal: '1'}
      dimensions: {label: browser}
      measures: {nb_visits: sessions}
    add: {dataType: browser_usage}
    id:
      scheme: legacy
      fields: [dataType, _timestamp, timeSpan, browser]
      separator: ''
      timestamps: {_timestamp: '%Y-%m-%d %H:%M:%S+00:00'}
"""
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mappings": {"a": "b"}}, "options.idMapping: Field required"),
        (
            {"mappings": {"label": "ab"}, "idMapping": ["cd"]},
            (
                "options.idMapping names 'cd', which records have not;"
                " they have _timestamp, timeSpan, dataType, ab"
            ),
        ),
    ],
)
def test_a_report_of_piwik_whose_id_is_not_known_is_refused(options, message):
    query = {"site_id": "1", "api_method": "Goals.get"}
    with pytest.raises(ConfigError) as error:
        translate(FILE | {"entrypoint": PIWIK, "query": query, "options": options})
    assert str(error.value) == message


def webtrends(kind="reports", query=None, options=None):
    """An old configuration of Webtrends."""
    return {
        "entrypoint": f"{OLD}webtrends.{kind}",
        "data-set": {"data-group": "nas", "data-type": "journey"},
        "query": {"report_id": "whoop"} if query is None else query,
        "options": {"row_type_name": "step", "idMapping": ["dataType", "_timestamp", "step"]}
        | (options or {}),
    }


def test_a_report_of_webtrends():
    options = {"mappings": {"Visits": "count"}, "additionalFields": {"timeSpan": "day"}}
    text = service_file("nas", {"journey": translate(webtrends(options=options))})

    assert (
        text
        == """\
service: nas
collectors:
  # say in the credential webtrends-reports the user and the password, and as base_url the old reports_url
  journey:
    source: json
    schedule: daily
    data_set: nas/journey
    credentials: webtrends-reports
    query:
      url: whoop
      params: {format: json, start_period: '{start}', end_period: '{end}'}
      window: {format: '%Ym%md%d', end: inclusive}
      each_period: 'yes'
      records: type(data) == 'object' && entries(data) || data
      unroll: entries(not_null(value, @).SubRows)
      time:
        field: of.value && split(of.key, '-')[0] || of.start_date
        format: ['%m/%d/%Y', '%Y-%m-%d', '%Y-%m']
      measures: item.value.measures
      dimensions: {step: item.key}
    map: {Visits: count}
    add: {timeSpan: day}
    id:
      scheme: legacy
      fields: [dataType, _timestamp, step]
      separator: ''
      timestamps: {_timestamp: '%Y-%m-%d %H:%M:%S+00:00'}
"""
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (webtrends(options={"row_type_name": ""}), "options.row_type_name: a report needs it"),
        (webtrends("keymetrics"), "query.report_id: this key is not known"),
        (
            webtrends(options={"idMapping": ["browser"]}),
            (
                "options.idMapping names 'browser', which records have not; they have _timestamp,"
                " timeSpan, dataType, step"
            ),
        ),
    ],
)
def test_what_of_webtrends_cannot_be_translated_is_told(said, message):
    with pytest.raises(ConfigError) as error:
        translate(said)
    assert str(error.value) == message


def test_whole_translations_of_realtime_and_trending_in_yaml():
    data_set = {"data-group": "tax-disc", "data-type": "realtime"}
    now = {
        "entrypoint": NOW,
        "data-set": data_set,
        "query": {
            "ids": "ga:84778268",
            "metrics": "ga:activeVisitors",
            "filters": "ga:pagePath==/$(a)",
        },
    }
    rising = {
        "entrypoint": TRENDING,
        "data-set": data_set | {"data-type": "trending"},
        "query": {
            "id": "7",
            "metric": "pageviews",
            "dimensions": ["pagePath", "pageTitle"],
            "filters": ["pagePath!~^/$;ga:pageTitle!~x"],
        },
        "options": {"idMapping": ["dataType"]},
    }
    collectors = {"now": translate(now, {"84778268": "1"}), "rising": translate(rising, {"7": "2"})}

    assert (
        service_file("tax-disc", collectors)
        == """\
service: tax-disc
collectors:
  # realtime knows no addresses of pages any more: say the page's title with\
 'unifiedScreenName' in 'filters'; 'add' keeps what was sent
  now:
    source: google-analytics-realtime
    schedule: every 2 minutes
    data_set: tax-disc/realtime
    query: {property: '1', minutes: 5, filters: 'ga:pagePath==/$$(a)'}
    map: {activeUsers: unique_visitors}
    add: {for_url: 'ga:pagePath==/$$(a)'}
    steps:
    - drop: [dataType]
    id:
      scheme: legacy
      fields: [_timestamp]
      timestamps: {}
      encoding: plain
  # two titles of one path have one id, which stops the run: leave 'id' out then, for the\
 data set is replaced as a whole
  rising:
    source: google-analytics-trending
    schedule: daily
    data_set: tax-disc/trending
    query:
      property: '2'
      dimension: pageTitle
      beside: [pagePathPlusQueryString]
      metric: screenPageViews
      filters: pagePathPlusQueryString!~^/$$;pageTitle!~x
    map: {pagePathPlusQueryString: pagePath}
    steps:
    - drop: [timeSpan, dataType]
    id:
      scheme: legacy
      fields: [pagePath]
      timestamps: {}
      encoding: bare-base64
    replace: true
"""
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"id": "7"}, "query.metric: Field required"),
        ({"id": "7", "metric": "pageviews"}, "query.dimensions: pagePath, pageTitle is needed"),
        (
            {"id": "7", "metric": "pageviews", "dimensions": ["pageTitle"]},
            "query.dimensions: pagePath is needed",
        ),
    ],
)
def test_a_trend_without_what_it_was_made_of_is_refused(query, said):
    with pytest.raises(ConfigError) as error:
        translate({**FILE, "entrypoint": TRENDING, "query": query})
    assert str(error.value) == said


@pytest.mark.parametrize(
    "changes", [{"metrics": "ga:sessions"}, {"dimensions": "ga:city"}, {"ids": "84778268"}]
)
def test_of_realtime_only_who_is_there_was_ever_asked(changes):
    query = {"ids": "ga:84778268", "metrics": "rt:activeUsers", **changes}
    (key,) = changes
    with pytest.raises(ConfigError, match=rf"query\.{key}: "):
        translate({**FILE, "entrypoint": NOW, "query": query})
