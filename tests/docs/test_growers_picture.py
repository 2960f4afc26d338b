"""The picture of all that grow says what is on record: units, what one cost, who reads a parameter."""

import re

import numpy as np
import pytest

from den_ref.strict_json import strict_json
from docs.make import growers_picture
from docs.make.growers import DOCS, RECORD, share
from docs.make.growers_picture import by_label

RUNS = [{"label": "den", "tasks": [0, 1], "units": [[4], [6, 2]], "shared": {"readers": [3, 1]},
         "spent": [{"multiply_adds": 8_000_000, "passes": 3}, {"multiply_adds": 8_000_000, "passes": 1}]},
        {"label": "den", "tasks": [0, 1], "units": [[4], [3, 1]], "shared": {"readers": [1, 3]},
         "spent": [{"multiply_adds": 4_000_000, "passes": 1}, {"multiply_adds": 0, "passes": 3}]},
        {"label": "adanet-warm", "tasks": [0, 1], "units": [[5], [10]], "shared": {"readers": [7, 0]},
         "spent": [{"multiply_adds": 40_000_000, "passes": 9}, {"multiply_adds": 60_000_000, "passes": 11}]}]


@pytest.fixture(scope="module")
def axes():
    return growers_picture.picture(RUNS).axes


def test_units_are_means_over_the_runs_of_a_grower(axes):
    den, warm = axes[:2]
    assert [den.get_title(), warm.get_title()] == ["DEN", "AdaNet, warm"]
    assert [[bar.get_height() for bar in layer] for layer in den.containers] == [[4, 4.5], [0, 1.5]]
    assert [[bar.get_height() for bar in layer] for layer in warm.containers] == [[5, 10]]


def test_costs_are_those_of_all_tasks_by_the_units_at_the_end(axes):
    found = {ax.get_xlabel(): [line.get_xdata()[0] for line in ax.lines] for ax in axes[2:4]}
    assert found == {"$10^6$ multiply-adds per unit": [(16 / 8 + 4 / 4) / 2, 100 / 10],
                     "passes per unit": [(4 / 8 + 4 / 4) / 2, 20 / 10]}


def test_readers_are_summed_over_the_runs(axes):
    by_one, by_two = axes[4].containers
    np.testing.assert_allclose([[bar.get_width() for bar in by] for by in (by_one, by_two)], [[0.5, 1], [0.5, 0]])


@pytest.mark.parametrize("page", ["growers.md", "growers.ko.md"])
def test_the_page_says_what_is_on_record(page):
    text = " ".join((DOCS / page).read_text("utf-8").split())
    runs = by_label(strict_json(RECORD.read_bytes())["runs"])
    toy = ("den", "nonparametric", "adanet", "incremental-features")
    for label in (*toy, *(label for label in runs if label.endswith("-digits"))):
        rounds, passes = (np.mean([sum(task[kind] for task in run["spent"]) for run in runs[label]])
                          for kind in ("rounds", "passes"))
        million = growers_picture.per_unit(runs[label], "multiply_adds") / 1e6
        for number in (*(() if label.endswith("-digits") else (f"{rounds:.0f}",)), f"{passes:.0f}", f"{million:.1f}"):
            assert re.search(rf"(?<![\d.]){number}(?![\d.]*\d)", text), (label, number)
    assert f"{growers_picture.per_unit(runs['adanet, warm'], 'multiply_adds') / 1e6:.1f}" in text
    for label in ("den-digits", "incremental-features-digits", "adanet, warm-digits"):
        assert f"{np.mean([share(run) for run in runs[label]]):.0%}".replace("%", " %") in text
    assert not any(share(run) for run in (*runs["nonparametric-digits"], *runs["adanet-digits"]))
