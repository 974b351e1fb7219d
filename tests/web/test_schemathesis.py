"""What the description promises holds for requests that schemathesis makes up from it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.sites import TOKEN, declared

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = {"group": "fishing", "kind": "catches", "name": "fishing_catches"}
"""What names a data set that is there: made-up names are 404 and nothing more."""


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("names", [KNOWN, {}], ids=["known", "made-up"])
def test_every_answer_is_one_that_is_described(small, names, mode):
    app = small(declared(), administrator=TOKEN).app
    description = schemathesis.openapi.from_wsgi("/openapi.json", app)
    asked = 0
    for operation in (result.ok() for result in description.get_all_operations()):
        if mode is GenerationMode.POSITIVE or operation.body or operation.query:
            check(operation, names, mode)
            asked += 1
    assert asked


def check(operation, names, mode):
    @settings(
        max_examples=15,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered(case):
        for name in names.keys() & case.path_parameters.keys():
            case.path_parameters[name] = names[name]
        response = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
        case.validate_response(response, checks=CHECKS)

    answered()
