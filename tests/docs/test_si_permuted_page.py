"""The page of compared systems says of SI on permuted MNIST what is on record."""

import re

import pytest

from den_ref.strict_json import strict_json
from tests.benchmarks.bench_si_permuted import AUTHORS, PAGE, RECORD

FOUND = strict_json(RECORD.read_bytes())


@pytest.mark.parametrize("c", FOUND)
def test_a_row_has_the_means_of_what_is_on_record(c):
    cells = re.search(rf"^\| {re.escape(c)} \|([^\n]*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)[1].split("|")
    *means, first, theirs = (cell.strip() for cell in cells)
    for t, mean in enumerate(means):
        assert mean == (f"{sum(FOUND[c][t]) / (t + 1):.3f}" if t < len(FOUND[c]) else "–")
    assert len(means) == 10 and first == f"{FOUND[c][-1][0]:.3f}" and theirs == f"{AUTHORS[float(c)]:.3f}"


@pytest.mark.parametrize("c, reach", [("0.1", 0.01), ("0", 0.05)])
def test_ten_tasks_end_where_its_authors_did(c, reach):
    last = FOUND[c][-1]
    assert len(last) == 10 and abs(sum(last) / 10 - AUTHORS[float(c)]) <= reach
