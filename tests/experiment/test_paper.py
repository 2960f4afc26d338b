"""The paper's digitised numbers: whole, and in agreement with what its figures repeat of each other."""

import re
from pathlib import Path

import numpy as np
import pytest

from den_ref.experiment.pages import goals, paper
from den_ref.experiment.pages.paper import PAPER
from den_ref.methods.labels import name_of

DATA_SETS = list(PAPER["data sets"])
each_data_set = pytest.mark.parametrize("data_set", DATA_SETS)


def figures() -> dict:
    """The entries of the file that are figures."""
    return {name: entry for name, entry in PAPER.items() if name.startswith("figure")}


def leaves(entry) -> list:
    """All numbers below an entry."""
    if isinstance(entry, (dict, list)):
        return [leaf for part in (entry.values() if isinstance(entry, dict) else entry) for leaf in leaves(part)]
    return [entry] if isinstance(entry, (int, float)) else []


def test_the_file_says_where_its_numbers_are_from():
    assert "arXiv 1708.01547 version 11" in PAPER["source"] and "vertex" in PAPER["how"]
    assert list(figures()) == [f"figure {n}" for n in ("3, top", "3, bottom", "4a", "4b", "4c", "5", "6")]
    assert all(entry["shows"].strip().endswith(".") for entry in figures().values())
    assert [len(leaves(entry)) for entry in figures().values()] == [138, 66, 6, 4, 10, 33, 8]


def test_every_method_is_one_of_ours():
    """A mistyped name would silently leave a method out of the tables."""
    named = {name for entry in figures().values() for name in re.findall(r"'([a-z][a-z0-9-]+(?: k=\d+)?)': [\[\d]",
                                                                          str(entry))}
    assert {name for name in named if name_of(name) == name} <= {"task", "stage", "auroc"}
    assert {name_of(name) for name in PAPER["figure 4c"]} >= {"DEN-Constant k=13", "DEN-Dynamic", "DNN-L2-Selective"}
    assert {"stl", "mtl", "finetune", "l2", "ewc", "progressive", "den", "den-finetune", "dnn-l1"} <= named


@each_data_set
def test_numbers_are_in_their_range(data_set):
    assert all(len(curve) == 10 for curve in PAPER["figure 3, top"]["curves"].get(data_set, {}).values())
    assert all(0.5 < value < 0.96 for value in paper.after_last(data_set).values())
    for method in PAPER["figure 3, bottom"][data_set]:
        size, auroc = zip(*paper.sizes(method, data_set))
        assert list(size) == sorted(size) and min(size) > 40 and 0.5 < min(auroc) <= max(auroc) < 0.96


def test_figures_that_show_the_same_network_agree():
    for data_set in ("mnist-variation", "cifar-100"):                        # on AWA they do not, and the page says so
        assert paper.after_last(data_set)["den"] == paper.sizes("den", data_set)[0][1]
        assert paper.after_last(data_set)["progressive"] == paper.sizes("progressive", data_set)[0][1]
    assert paper.after_last()["l2"] == PAPER["figure 4c"]["l2"][0]
    for task in (1, 4, 7):                                                   # Progressive freezes what it has learnt
        assert len(set(PAPER["figure 5"][f"task {task}"]["progressive"])) == 1
    first = {method: PAPER["figure 5"]["task 1"][method][0] for method in ("l2", "progressive")}
    assert first == {method: paper.curves()[method][0] for method in first}


def test_sizes_follow_from_the_networks():
    """150-50, 312-128 and 500-250 with ten outputs, as MTL; 50-10, 150-50 and 312-128 ten times, as STL."""
    def parameters(*widths):
        return sum((a + 1) * b for a, b in zip(widths, widths[1:]))

    mtl = [parameters(784, *hidden, 10) for hidden in ((150, 50), (312, 128), (500, 250))]
    stl = [10 * parameters(784, *hidden, 1) for hidden in ((50, 10), (150, 50), (312, 128))]
    for method, counts in (("mtl", mtl), ("stl", stl)):
        sizes = [size for size, _ in paper.sizes(method)]
        assert np.abs(100 * np.array(counts) / mtl[1] - sizes).max() < 1


def test_the_size_of_a_line_is_that_of_the_nearest_point():
    assert {method: paper.size_of_line(method) for method in paper.after_last()} == {
        "stl": 996, "mtl": 100, "finetune": 100, "l2": 100, "ewc": 100, "progressive": 189, "den": 163.5,
        "den-finetune": 163.5}


def test_between_two_points_is_a_straight_line():
    (a, at_a), (b, at_b) = paper.sizes("mtl")[1:]
    assert paper.at_size("mtl", (a + b) / 2) == pytest.approx((at_a + at_b) / 2)


def test_the_papers_order():
    assert paper.order() == [("den-finetune", "den"), ("den", "mtl"), ("mtl", "stl"), ("stl", "progressive"),
                             ("progressive", "ewc"), ("ewc", "l2"), ("l2", "finetune")]


def test_far_above_is_less_than_the_papers_smallest_distance():
    scores = paper.after_last()
    smallest = min(scores[method] for method in ("l2", "ewc", "progressive")) - scores["finetune"]
    assert smallest == pytest.approx(0.0655) and 0.7 * smallest < goals.FAR < smallest


@each_data_set
def test_shares_of_stl(data_set):
    expected = {"mnist-variation": 163.5 / 996, "cifar-100": 0.1929, "awa": 708 / 4845}
    assert paper.share_of_stl(data_set) == pytest.approx(expected[data_set])


def test_the_page_of_permuted_mnist_quotes_figure_6():
    page = (Path(__file__).parents[2] / "docs" / "permuted.md").read_text("utf-8")
    table = [line.strip("| ").split(" | ") for line in page.split("The paper's Figure 6")[1].splitlines() if "|" in line]
    quoted, figure = {cells[0]: cells for cells in reversed(table)}, PAPER["figure 6"]     # the first of the two tables
    for method, auroc in figure["auroc"].items():
        assert f"{auroc:.4f}" in quoted[name_of(method)]
    for method, size in figure["size"].items():
        assert str(size) in quoted[name_of(method)]


def test_no_module_of_the_pages_has_a_number_of_the_paper_typed_into_it():
    """They read the file."""
    pages = Path(paper.__file__).parent
    typed = {f"{value:.4f}".lstrip("0") for value in leaves(PAPER["figure 3, top"])}
    sources = {path.name: path.read_text("utf-8") for path in pages.glob("*.py")}
    assert [name for name, text in sources.items() if any(value in text for value in typed)] == []
