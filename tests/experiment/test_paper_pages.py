"""The pages of the paper's stream: tables and figures beside the paper's numbers, and what is reached, by hand."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest

from den_ref.experiment.grid.paper_grid import NETWORKS
from den_ref.experiment.one_run.presets import PAPERS
from den_ref.experiment.pages import figures, numbers, paper, paper_figures, paper_tables, results_page
from den_ref.experiment.pages.reaches import reaches
from den_ref.experiment.pages.summary import read_summary, summarised, write_summary
from den_ref.methods import method_named
from den_ref.methods.labels import name_of
from tests.helpers.made_up_results import record, rows

#: Size in percent of MTL's of the networks that have not 100.
SIZES = {"stl": 996, "stl 150-50": 438, "stl 50-10": 139, "mtl 500-250": 182, "mtl 150-50": 44, "progressive": 190,
         "progressive 104-41": 511, "progressive 170-72": 1085, "den": 160, "den-finetune": 160, "dnn-dynamic": 150}
SEEDS = range(5)


def results(levels, tasks=10, readings=()):
    """Results of the paper's grid whose AUROC is a method's level at every stage, on every task, by seed."""
    made = {}
    for label, (method, changed) in (NETWORKS | {label: ("den", {}) for label in readings}).items():
        options = {"hidden": [312, 128], **changed}
        if "=" in label:
            name, value = label.split()[1].split("=")
            options[name] = value
        made[label] = {seed: at_level(record(method, seed, tasks, options=options, allocated=SIZES.get(label, 100)),
                                      levels.get(label, levels.get(method, 0.75)) + 0.001 * seed) for seed in SEEDS}
    return made


def at_level(record, level):
    tasks = len(record["stages"])
    R = np.where(np.tri(tasks, dtype=bool), level, np.nan)
    record["R"] = {"auroc": R, "accuracy": R}
    record["run"]["stream"] = {"name": PAPERS, "digits": {"sizes": {"train": 10000, "valid": 2000, "test": 10000}}}
    return record


@pytest.fixture(scope="module")
def made():
    """At the paper's own levels after the last task."""
    return summarised(results(paper.after_last() | {"dnn-selective": 0.75}, readings=("den drift=absolute",)))


def by_what(summary):
    return {reach.what: reach for reach in reaches(summary)}


# --- numbers -----------------------------------------------------------------------------------------------------


def test_units_selected_and_tasks_that_expanded():
    each = record(tasks=4)
    each["stages"][2]["steps"].append({"box": "eq5", "facts": {"added": [5, 5]}, "solve": {}})
    run = summarised({"den": {0: each}}).outcomes["den"][0]
    np.testing.assert_array_equal(numbers.units_selected(run)[1:], [[5, 1], [6, 1], [7, 1]])
    assert np.isnan(numbers.units_selected(run)[0]).all()
    np.testing.assert_array_equal(numbers.expanded(run), [False, False, True, False])
    for stage in each["stages"]:
        stage["steps"] = stage["steps"][:1]
    run = summarised({"den": {0: each}}).outcomes["den"][0]
    np.testing.assert_array_equal(numbers.units_selected(run), [[4, 3], [6, 6], [8, 9], [10, 12]])      # those in use
    assert not numbers.expanded(run).any()


def test_what_is_lost_by_hand():
    np.testing.assert_allclose(numbers.lost(np.array([[0.9, np.nan], [0.7, 0.8]])), [0.2, 0.0])


def test_networks_of_a_method_differ_in_their_units_alone(made):
    assert numbers.networks(made, "mtl") == ["mtl 150-50", "mtl", "mtl 500-250"]
    assert numbers.networks(made, "den") == ["den"] and numbers.networks(made, "nothing") == []


def test_a_network_is_held_against_the_papers_of_the_nearest_size():
    assert [paper.nearest("stl", size)[0] for size in (140, 240, 250, 2000)] == [139, 139, 438, 996]


# --- what is reached ---------------------------------------------------------------------------------------------


def test_at_the_papers_own_levels(made):
    """All pairs of the order, DEN at its size; MTL as in the bottom row is above DEN at 182 % only if it is so here."""
    found = by_what(made)
    upper_lower = [f"{name_of(upper)} > {name_of(lower)}" for upper, lower in paper.order()]
    assert all(found[pair].met and found[pair].on_seeds.sum() == 5 for pair in upper_lower)
    den = found["DEN, AUROC after the last task"]
    assert den.met and den.here == f"{0.8131 + 0.002:.4f}"
    assert found["DEN, parameters in parts of MTL's"].here == "160.0%"
    above = found["DEN > MTL of 100% (312-128)"]
    assert (above.paper, above.here) == ("+0.0041", "+0.0084")
    flat, theirs = 0.7963 + 0.002, np.array(paper.curves()["stl"])
    assert found["STL, largest distance to the paper's curve"].here == f"{np.abs(flat - theirs).max():.4f}"
    assert not found["STL, largest distance to the paper's curve"].met
    assert all(found[f"DEN, forgotten of task {task}"].met for task in (1, 4, 7))
    layer = found["units of layer 1 that DNN-Selective selects, of 312"]
    assert layer.here == f"{np.mean([t + 3 for t in range(2, 11)]):.0f} (3%)" and not layer.met
    assert found["gain by the split, DEN-Dynamic to DEN"].here == f"{paper.after_last()['den'] - 0.75:+.4f}"


def test_a_pair_holds_on_four_of_five_seeds():
    made = results(paper.after_last())
    for seed, held in ((0, True), (1, False)):
        made["ewc"][seed] = at_level(made["ewc"][seed], 0.5)
        pair = by_what(summarised(made))["EWC > L2"]
        assert pair.met == held and pair.on_seeds.sum() == 4 - seed


def test_the_gain_by_the_split():
    made = results({"den": 0.80, "stl": 0.8, "mtl": 0.8})
    for level, met in ((0.77, True), (0.79, False)):
        made["den-dynamic"] = {seed: at_level(record("den-dynamic", seed, 10), level + 0.001 * seed) for seed in SEEDS}
        gain = by_what(summarised(made))["gain by the split, DEN-Dynamic to DEN"]
        assert (gain.met, gain.paper, gain.here) == (met, "+0.0447", f"{0.8 - level:+.4f}")


def test_what_was_not_run_is_not_in_the_list():
    made = results({})
    found = by_what(summarised({label: made[label] for label in ("stl", "den")}))
    assert {"STL, largest distance to the paper's curve", "DEN, forgotten of task 1"} <= set(found)
    assert not [what for what in found if "MTL" in what or ">" in what or "split" in what or "Selective" in what]


def test_forgetting_and_expansion_are_counted_by_seed():
    made = results({})
    for seed in SEEDS:
        made["den"][seed]["R"]["auroc"][-1, 6] -= 0.02 if seed < 2 else 0.0
        stages = made["den"][seed]["stages"]
        for stage in stages[1:1 + 9 * (seed == 0) + 4 * (seed > 1)]:
            stage["steps"].append({"box": "eq5", "facts": {"added": [1, 1]}, "solve": {}})
    found = by_what(summarised(made))
    assert found["DEN, forgotten of task 7"].here == "+0.0080" and not found["DEN, forgotten of task 7"].met
    assert found["DEN, forgotten of task 7"].on_seeds.tolist() == [False, False, True, True, True]
    decides = found["DEN, tasks of 9 that expand"]
    assert decides.on_seeds.tolist() == [False, False, True, True, True] and not decides.met
    assert decides.here == f"{np.mean([9, 0, 4, 4, 4]):.1f}"


# --- tables ------------------------------------------------------------------------------------------------------


def test_ours_the_papers_and_the_difference_stand_together(made):
    assert rows(paper_tables.parts(made))["DEN"][1:] == ["0.8151", "0.8131", "+0.0020", "1.60", "1.64", "-0.03"]
    assert rows(paper_tables.parts(made))["DNN-Selective"][2:4] == ["–", "–"]
    table = paper_tables.curves(made).splitlines()
    at = next(i for i, line in enumerate(table) if line.startswith("| EWC |"))
    ours, papers, off = ([float(cell) for cell in line.split("|")[2:-1]] for line in table[at:at + 3])
    assert papers == paper.curves()["ewc"] and ours == [0.75] * 10
    np.testing.assert_allclose(off, np.subtract(ours, papers), atol=1e-9)
    sizes = [line.split(" | ")[1:5] for line in paper_tables.sizes(made).splitlines() if line.startswith("| MTL")]
    assert sizes == [["150-50", "44.0", "44", "0.8067"], ["312-128", "100.0", "100", "0.8067"],
                     ["500-250", "182.0", "182", "0.8067"]]
    retrained = rows(paper_tables.retraining(made))["DNN-Selective"]
    assert retrained[:3] == ["0.7520", "0.6823", "+0.0697"] and retrained[4:7] == ["1.00", "61", "0.66"]
    assert rows(paper_tables.selected(made))["DNN-Selective"] == ["9", "134", "-125", "1", "68", "-67"]
    followed = [line.strip("| ").split(" | ") for line in paper_tables.followed(made).splitlines() if "| DEN |" in line]
    assert [line[0] for line in followed] == ["1", "4", "7"]
    assert (followed[1][6], followed[1][9]) == ("0.8254", "+0.0107")
    assert list(rows(paper_tables.readings(made)))[2:] == ["DEN", "DEN, absolute drift"]
    assert rows(paper_tables.experiment(made))["images a class for training, validation, test"] == [
        "1,000 / 200 / 5,000", "1,000 / 200 / 1,000"]


@pytest.mark.parametrize(("options", "changed", "said"), [
    ({}, {}, "the defaults, found on another stream"), ({"k": 7}, {"k": 7}, "the defaults, found on another stream"),
    ({"k": 7}, {}, "found on validation data")])
def test_it_is_said_how_the_options_were_found(options, changed, said):
    made = record("den", tasks=10)
    made["run"]["options"] = method_named("den").Config().to_dict() | options
    facts = {"stream": {"options": {}}, "methods": [{"label": "den", "settings": changed}]}
    assert rows(paper_tables.experiment(summarised({"den": {0: made}}, facts)))["options of the methods"][1] == said


def test_beside_fewer_tasks_there_are_no_numbers_of_the_paper():
    few = summarised(results({}, tasks=4))
    blocks = paper_tables.paper_blocks(few)
    assert blocks["reached"] == "*not measured*"
    assert rows(blocks["figure_4c"])["DEN"][2] == "–" and rows(blocks["figure_4a"])["DNN-Selective"][1] == "–"
    assert [float(cell) for cell in rows(blocks["figure_3_curves"])["– the paper"]] == paper.curves()["den"][:4]
    assert rows(blocks["experiment"])["tasks"] == ["10", "4"]
    assert [line[2] for line in blocks["figure_5"].splitlines()[2:]] == ["1"] * 5 + ["4"] * 5


def test_other_streams_have_no_such_tables(made):
    other = {"den": {0: record()}}
    assert set(paper_tables.paper_blocks(summarised(other)).values()) == {"*not measured*"}
    assert set(results_page.figures_of(summarised(other))) == set(figures.FIGURES)
    assert set(results_page.figures_of(made)) == set(figures.FIGURES) | set(paper_figures.PAPER_FIGURES)


# --- figures -----------------------------------------------------------------------------------------------------


def test_the_papers_numbers_are_behind_ours(made):
    [ax] = paper_figures.curves(made).axes
    lines = [line.get_ydata() for line in ax.lines]
    assert all(any(np.array_equal(line, curve) for line in lines) for curve in paper.curves().values())
    assert sum(line.get_linewidth() < 1 for line in ax.lines) == len(paper.curves()) == len(ax.texts)
    [ax] = paper_figures.sizes(made).axes
    hollow = [line.get_xydata().tolist() for line in ax.lines if line.get_fillstyle() == "none"]
    assert hollow == [[list(point) for point in paper.sizes(method)] for method in paper_tables.SIZED]
    solid = [line.get_xdata() for line in ax.lines if line.get_fillstyle() != "none" and line.get_linestyle() != "None"]
    assert [44.0, 100.0, 182.0] in [np.round(x, 1).tolist() for x in solid]                    # MTL's, in percent
    seconds, products = paper_figures.retraining(made).axes
    hollow = [line.get_xydata()[0].tolist() for line in seconds.lines if line.get_fillstyle() == "none"]
    assert hollow == [paper.PAPER["figure 4a"][label][::-1] for label in paper_tables.RETRAINED]
    assert not [line for line in products.lines if line.get_fillstyle() == "none"]


def test_bars_are_ours_and_lines_across_them_the_papers(made):
    for l, ax in enumerate(paper_figures.selected(made).axes):
        told = [float(cells[3 * l]) for cells in list(rows(paper_tables.selected(made)).values())[2:]]
        np.testing.assert_allclose([bar.get_height() for bar in ax.patches], told, atol=0.5)
        theirs = [segment[0][1] for segment in ax.collections[-1].get_segments()]
        assert theirs == [paper.PAPER["figure 4b"][label][l] for label in paper_tables.SELECTING]
    [ax] = paper_figures.parts(made).axes
    tops = {tick.get_text().replace("\n", ""): bar.get_y() + bar.get_height()
            for tick, bar in zip(ax.get_xticklabels(), ax.patches)}
    assert tops["DEN"] == pytest.approx(0.8151) and tops["L2"] == pytest.approx(0.7460)


def test_tasks_are_followed_between_the_papers_ends(made):
    for ax, task in zip(paper_figures.followed(made).axes, (1, 4, 7), strict=True):
        thin = [line.get_xydata().tolist() for line in ax.lines if line.get_linewidth() < 1]
        assert [[task, paper.PAPER["figure 5"][f"task {task}"]["den"][0]],
                [10, paper.PAPER["figure 5"][f"task {task}"]["den"][1]]] in thin
        assert ax.get_ylabel() == f"AUROC, task {task}" and len(thin) == len(ax.texts) == len(paper_tables.KEEPING)


# --- the document ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_document_has_them_all(made, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "DPI", 20)
    write_summary(tmp_path / "kept.json", made)
    shown = [f"![Figure](figures/page_{name}.png)\n" for name in paper_figures.PAPER_FIGURES]
    (tmp_path / "page.md").write_text("<!-- results:reached -->\n<!-- end -->\n" + "\n".join(shown))
    written = results_page.into(read_summary(tmp_path / "kept.json"), tmp_path / "page.md")
    assert [path.name for path in written[2:]] == [f"page_{name}.png" for name in paper_figures.PAPER_FIGURES]
    assert "| DEN > MTL | +0.0084 |" in (tmp_path / "page.md").read_text()
    text = results_page.document(made, [path.stem.replace("page", "results") for path in written])
    for name, (draw, _) in paper_figures.PAPER_FIGURES.items():
        assert f"![{draw.__doc__}](figures/results_{name}.png)" in text
    assert all(results_page.SECTIONS[name][0] in text for name in paper_tables.PAPER_TABLES)
