"""The page of incremental features says what is on record: errors and features of layers that grow and of fixed ones."""

import re

import pytest

from den_ref.strict_json import strict_json
from tests.benchmarks.bench_incremental_features import AS_LARGE_AS
from tests.helpers.docs_pages import DOCS

RECORD = strict_json((DOCS / "results" / "incremental_features.json").read_bytes())


@pytest.mark.parametrize("name", ["with merging", "without merging", *AS_LARGE_AS])
def test_a_row_has_what_is_on_record_in_the_order_of_seeds(name):
    row = re.search(rf"^\| {name} \|([^\n]*)", (DOCS / "incremental_features.md").read_text("utf-8"), re.MULTILINE)[1]
    found = [one for key, one in RECORD.items() if key.startswith(f"{name}, seed")]
    assert found and row.split(" | ")[0].strip() == r" \| ".join(f"{one['error']:.2f} ({one['features']})" for one in found)


def test_fixed_layers_have_the_size_that_others_ended_with():
    for key, one in RECORD.items():
        name = key.split(", seed")[0]
        if name in AS_LARGE_AS:
            assert one["features"] == RECORD[AS_LARGE_AS[name] + key[len(name):]]["features"] and not one["added"]
