"""What docs/nonparametric.md says of all of MNIST: its tables are those of the record, and who stands beside whom."""

import pytest

from den_ref.strict_json import strict_json
from tests.benchmarks import bench_nonparametric_mnist as bench

RECORDED = strict_json(bench.RECORD.read_bytes())
FIXED = [{"seed": seed, "width": width, "error": error} for seed, errors in enumerate(([0.03, 0.02], [0.02, 0.01]))
         for width, error in zip((16, 64), errors)]


@pytest.mark.parametrize(("name", "text"), [("grown", bench.grown_table), ("fixed", bench.fixed_table)])
def test_the_tables_are_those_of_the_record_and_can_differ(name, text):
    page = bench.PAGE.read_text("utf-8")
    assert f"<!-- {name}:begin -->\n{text(RECORDED)}\n<!-- {name}:end -->" in page
    other = {kind: [one | {"error": 0.5} for one in rows] for kind, rows in RECORDED.items()}
    assert text(other) not in page


@pytest.mark.parametrize(("seed", "error", "width"), [
    (0, 0.0187, 64), (0, 0.0186, None), (0, 0.03, 16),             # one standard error of .0187 on 10,000 is .00135
    (1, 0.0187, 16)])                                              # of its own seed
def test_the_smallest_fixed_network_that_errs_as_little(seed, error, width):
    found = bench.smallest({"seed": seed, "error": error}, FIXED, 10_000)
    assert (found and found["width"]) == width


def test_what_is_found_takes_the_place_of_what_there_was():
    own = {"lam": 1e-3, "seed": 0, "error": 0.5, "units": [3, 2]}
    record = bench.joined({"grown": [own], "fixed": FIXED}, {"grown": [own | {"error": 0.25}, own | {"seed": 1}],
                                                             "fixed": [FIXED[0] | {"width": 32}]})
    assert [(one["seed"], one["error"]) for one in record["grown"]] == [(0, 0.25), (1, 0.5)]
    assert [one["width"] for one in record["fixed"]] == [16, 32, 64, 16, 64]
    assert "| .001 | 0 | 25.00% | 3-2 | 16 (3.00%) | 0.19 |" in bench.grown_table(record)
