"""The description is made of the routes, so none can be missing from it."""

from collectors.web.description import operation_of
from tests.web.sites import declared


def test_every_route_describes_itself(small):
    app = small(declared()).app
    assert [
        rule.rule
        for rule in app.url_map.iter_rules()
        if operation_of(app.view_functions[rule.endpoint]) is None
    ] == []


def test_it_is_served_and_names_every_path(small):
    site = small(declared())
    paths = site.ask("GET", "/openapi.json").json["paths"]
    routes = {
        (rule.rule, method) for rule in site.app.url_map.iter_rules() for method in rule.methods
    }
    described = {(path, method.upper()) for path, one in paths.items() for method in one}
    assert len(described - {(path, "PARAMETERS") for path in paths}) == len(
        [one for one in routes if one[1] not in ("HEAD", "OPTIONS")]
    )


def test_every_schema_named_is_there(small):
    description = small(declared()).ask("GET", "/openapi.json")
    named = {
        part.split('"')[0] for part in description.body.decode().split("#/components/schemas/")[1:]
    }
    assert named <= description.json["components"]["schemas"].keys()
