import csv
import io

from collectors.datasets import csv_lines as module
from collectors.datasets.csv_lines import csv_lines


def test_columns_are_in_order_and_a_missing_cell_is_empty():
    rows = [{"b": 1, "a": None}, {"c": "x", "b": 2.5}]
    assert "".join(csv_lines(rows)) == "a,b,c\r\n,1,\r\n,2.5,x\r\n"


def test_cells_are_spelt_as_in_json_and_quoted_where_needed():
    row = {"a": True, "b": ['x"y', 1], "c": "one, two\nthree", "d": 'say "no"', "e": "é"}
    (found,) = csv.DictReader(io.StringIO("".join(csv_lines([row])), newline=""))
    assert found == {"a": "true", "b": '["x\\"y",1]', "c": row["c"], "d": row["d"], "e": "é"}


def test_no_rows_are_no_lines():
    assert list(csv_lines([])) == []
    assert list(csv_lines([{"a": 1}], end="\n")) == ["a\n", "1\n"]


def test_what_is_too_large_for_memory_waits_on_disk():
    rows = ({"place": place, "text": "x" * 1000} for place in range(module.IN_MEMORY // 900))
    lines = list(csv_lines(rows))
    assert lines[0] == "place,text\r\n"
    assert lines[-1].startswith(f"{module.IN_MEMORY // 900 - 1},xxx")
