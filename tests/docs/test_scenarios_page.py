"""The numbers of docs/scenarios.md are those of its record."""

from docs.make import scenarios
from den_ref.strict_json import strict_json


def test_the_table_is_that_of_the_record_and_can_differ():
    runs = strict_json(scenarios.RECORD.read_bytes())["runs"]
    page = scenarios.PAGE.read_text("utf-8")
    assert len(runs) == len(scenarios.METHODS) * len(scenarios.SEEDS)
    assert f"{scenarios.BEGIN}\n{scenarios.table(runs)}\n{scenarios.END}" in page
    other = [row | {"last": [1.0] * 5} for row in runs]
    assert scenarios.table(other) not in page


def test_what_the_page_says_of_the_numbers():
    by_method = {method: [row["last"] for row in strict_json(scenarios.RECORD.read_bytes())["runs"]
                          if row["method"] == method] for method in scenarios.METHODS}
    mean = {method: sum(map(sum, rows)) / (5 * len(rows)) for method, rows in by_method.items()}
    assert max(row[0] for row in by_method["ewc"]) < 0.05 and mean["ewc"] > mean["finetune"]
    assert mean["nearest-mean"] > max(mean[name] for name in ("finetune", "ewc", "si", "den"))
    assert min(mean["tree"], mean["mtl"]) > mean["nearest-mean"]
