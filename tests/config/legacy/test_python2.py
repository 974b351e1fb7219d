import json

import pytest

from collectors.config.legacy.python2 import dict_order


def test_the_order_of_dimensions_is_that_of_python_2(shared):
    path = shared / "cases" / "py2_dimension_orders.json"
    orders = json.loads(path.read_text(encoding="utf-8"))["orders"]

    assert len(orders) > 20
    for names, order in orders.items():
        assert dict_order(names.split(", ")) == order, names


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ([], []),
        ([""], [""]),
        (["a", "a"], ["a"]),
        # More than five keys: the dict has grown, and its keys were put in anew.
        (list("abcdefgh"), ["a", "c", "b", "e", "d", "g", "f", "h"]),
    ],
)
def test_so_is_that_of_none_one_and_many(names, order):
    assert dict_order(names) == order
