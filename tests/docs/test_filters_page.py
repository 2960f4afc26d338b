"""The table of DEN with filters says what is on record; the script fills the record."""

import pytest

from den_ref.strict_json import strict_json
from docs.make import filters


def test_the_page_is_what_the_record_says(monkeypatch):
    written = {}
    monkeypatch.setattr(filters, "write_blocks", lambda page, **blocks: written.update(blocks))
    filters.write()
    assert f"<!-- learning:begin -->\n{written['learning']}\n<!-- learning:end -->" in filters.PAGE.read_text("utf-8")


def test_filters_are_above_dense_units_on_every_seed_with_fewer_parameters():
    """What the page is for; the comparison fails if it is turned round."""
    record = strict_json(filters.RECORD.read_bytes())["methods"]
    assert [*record["den"]] == [*record[filters.DENSE]] == [str(seed) for seed in filters.SEEDS]
    for seed, run in record["den"].items():
        dense = record[filters.DENSE][seed]
        assert run["average"][-1] > dense["average"][-1] and run["parameters"] < dense["parameters"]


@pytest.mark.slow
def test_the_record_is_made_from_runs(tmp_path):
    grid = filters.learnt(tmp_path, seeds=(0,), jobs=1, n_tasks=1, per_class=(4, 2, 4))
    record = filters.in_short(grid)["methods"]
    assert [*record] == [*filters.METHODS, filters.DENSE]
    run, result = record["den"]["0"], grid.results["den"][0]
    assert run["average"] == run["just_learnt"] == [round(result["R"]["auroc"][0][0], 5)]
    assert [a <= b for a, b in zip(run["units"], (8, 16, 32), strict=True)] == [True] * 3      # filters, filters, units
