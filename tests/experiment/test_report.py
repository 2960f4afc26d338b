"""Tables, figures and documents of a comparison, held against numbers computed another way."""

import copy
import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest

import den_ref
from den_ref import cli
from den_ref.experiment.pages import figures, numbers, paper, paper_tables, results_page, tables
from den_ref.experiment.pages.figures import FIGURES, draw
from den_ref.experiment.pages.goals import FAR, GOALS
from den_ref.experiment.pages.markdown import filled
from den_ref.experiment.pages.summary import read_summary, summarised, write_summary
from den_ref.methods import REGISTRY
from tests.helpers.made_up_results import grid, record, rows, with_all_classes_asked

DOCS = Path(__file__).parents[2] / "docs"
FACTS_OF_GRID = {"stream": {"name": "mnist-variation", "options": {}}, "methods": [
    {"label": "den", "settings": {"hidden": [64, 32], "mu": 1e-4}}, {"label": "stl", "settings": {}}]}


@pytest.fixture(scope="module")
def full():
    """A summary with everything: all methods, DEN at other strengths, ten tasks."""
    results = grid(tasks=10)
    for name, values in {"sigma": (0.2, 0.5), "k": (0, 10)}.items():
        for i, value in enumerate(values):
            results[f"den {name}={value}"] = {
                seed: record("den", seed, 10, 0.7 + 0.1 * i, {name: value}, allocated=80 + 40 * i) for seed in (0, 1)}
    return summarised(results)


# --- the summary -------------------------------------------------------------------------------------------------


def test_a_summary_is_read_as_it_was_written(full, tmp_path):
    write_summary(tmp_path / "a.json", full)
    again = read_summary(tmp_path / "a.json")
    write_summary(tmp_path / "b.json", again)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert tables.blocks(again) == tables.blocks(full)
    np.testing.assert_array_equal(again.outcomes["den"][1].R, full.outcomes["den"][1].R)


def test_a_summary_of_sixty_runs_is_small(full, tmp_path):
    write_summary(tmp_path / "a.json", full)
    runs = sum(map(len, full.outcomes.values()))
    assert (tmp_path / "a.json").stat().st_size / runs * 60 < 300_000


@pytest.mark.parametrize("change", [
    lambda content: content.update(format="else"), lambda content: content.update(version=99),
    lambda content: content.pop("tasks"), lambda content: content["methods"]["den"]["seeds"]["0"].pop("R")])
def test_a_foreign_summary_is_refused(full, tmp_path, change):
    write_summary(tmp_path / "a.json", full)
    content = json.loads((tmp_path / "a.json").read_text())
    change(content)
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="a.json: summary"):
        read_summary(tmp_path / "a.json")


def test_runs_of_several_streams_make_no_summary():
    with pytest.raises(ValueError, match="same tasks"):
        summarised({"den": {0: record(), 1: record(seed=1, tasks=2)}})
    with pytest.raises(ValueError, match="got none"):
        summarised({})


def test_an_unfinished_run_counts_as_far_as_it_is():
    cut = record(tasks=3)
    cut["stages"] = cut["stages"][:2]
    summary = summarised({"den": {0: cut}})
    assert summary.outcomes["den"][0].R.shape == (2, 2) and summary.about["tasks"] == [0, 1]


# --- numbers -----------------------------------------------------------------------------------------------------


def test_numbers_of_a_run_by_loops():
    made = record(tasks=4)
    run, R = summarised({"den": {0: made}}).outcomes["den"][0], made["R"]["auroc"]
    for t in range(4):
        assert numbers.average_curve(run.R)[t] == pytest.approx(sum(R[t, j] for j in range(t + 1)) / (t + 1), abs=1e-6)
    np.testing.assert_allclose(numbers.transfer_per_task(run.R), [R[3, j] - R[j, j] for j in range(3)], atol=2e-6)
    assert np.isnan(numbers.selected_share(run)[0]).all() and np.isnan(numbers.split_share(run)[0]).all()
    for t in (2, 3, 4):
        np.testing.assert_allclose(numbers.selected_share(run)[t - 1], [1, (t + 3) / (2 * t + 4), 1 / (t + 3)])
        np.testing.assert_allclose(numbers.split_share(run)[t - 1], [0.25, 0.5])
        np.testing.assert_array_equal(numbers.units_added(run)[t - 1], [1, 1])
    np.testing.assert_array_equal(run.multiply_adds, [1000, 2000, 3000, 4000])


def test_what_is_stored_is_what_is_stored_at_the_end():
    made = record(tasks=3)
    for t, each in enumerate(made["stages"], 1):
        each["capacity"]["stored"] = {"birth": 7 * t} | ({"examples": 5} if t == 3 else {})
    summary = summarised({"den": {0: made}})
    assert numbers.stored(summary, "den") == {"birth": 21.0, "examples": 5.0}
    assert by_heading(tables.size(summary))["DEN"][tables.STORED] == "birth 21, examples 5"


def test_work_that_was_not_counted_is_unknown():
    run = summarised({"den": {0: record(counted=False)}}).outcomes["den"][0]
    assert np.isnan(run.multiply_adds).all()


@pytest.mark.parametrize("method", ["den", pytest.param("dnn-constant", marks=pytest.mark.slow)])
def test_units_added_in_a_real_run_are_those_the_boxes_kept(method):
    made = den_ref.run(method, "toy", n_tasks=3, settings={"sigma": 0.2})
    run = summarised({method: {0: vars(made) | {"run": made.identity}}}).outcomes[method][0]
    for t, each in enumerate(made.stages[1:], 1):
        boxes = {step["box"]: step["facts"] for step in each["steps"]}
        kept = boxes.get("prune", {}).get("kept") or boxes.get("eq5", {}).get("added") or [0, 0]
        np.testing.assert_array_equal(numbers.units_added(run)[t], kept)
        assert run.multiply_adds[t] > 0
    told = REGISTRY[method].explained
    assert run.facts and all(set(names) == set(told[box].per_layer) for box, names in run.facts.items())


def test_variations_differ_from_den_in_one_option(full):
    assert numbers.variations(full) == {"sigma": ["den sigma=0.2", "den", "den sigma=0.5"],
                                        "k": ["den k=0", "den", "den k=10"]}
    both = summarised({"den": {0: record()}, "x": {0: record(options={"k": 1, "mu": 1.0})}})
    assert numbers.variations(both) == {}


def test_the_smallest_den_at_stls_level():
    made = {"stl": {0: record("stl", level=0.8)}, "den": {0: record(level=0.9, allocated=100)}}
    made["den k=0"] = {0: record(level=0.9, allocated=60, options={"k": 0})}
    made["den k=1"] = {0: record(level=0.5, allocated=20, options={"k": 1})}
    summary = summarised(made)
    assert numbers.smallest_at_level(summary) == "den k=0"
    np.testing.assert_allclose(numbers.size(summary, "den k=0", "stl"), 0.6)
    del summary.outcomes["stl"]
    assert numbers.name_of_stl(summary) == "3 separate networks 2-4-3-1"             # those that there would be
    np.testing.assert_allclose(numbers.size(summary, "den k=0", "stl"), 60 / (3 * 4 + 5 * 3 + 4))


def test_sizes_of_networks_with_filters_are_parts_of_stl_or_of_dense_ones():
    """What separate networks with filters would have is not known from a record: only STL tells."""
    options = {"hidden": [3], "filters": [8, 16]}
    summary = summarised({"stl": {0: record("stl", options=options)}, "den": {0: record(options=options)}})
    assert numbers.name_of_stl(summary) == "STL 8-16-3"
    del summary.outcomes["stl"]
    assert numbers.name_of_stl(summary) == "3 separate networks 2-312-128-1"
    assert np.isfinite(numbers.size(summary, "den", "stl")).all()


def test_one_good_seed_does_not_reach_stls_level():
    made = {"stl": {seed: record("stl", seed, level=0.8) for seed in (0, 1)},
            "den": {seed: record(seed=seed, level=0.9, allocated=100) for seed in (0, 1)},
            "den k=0": {seed: record(seed=seed, level=level, options={"k": 0}, allocated=60)
                        for seed, level in ((0, 0.9), (1, 0.6))}}
    assert numbers.smallest_at_level(summarised(made)) == "den"


# --- tables ------------------------------------------------------------------------------------------------------


def test_the_main_table_says_what_the_matrices_say():
    made = grid(("stl", "mtl", "den"))
    table = rows(tables.quality(summarised(made)))
    for name, label in (("STL", "stl"), ("DEN", "den")):
        R = [made[label][seed]["R"]["auroc"] for seed in (0, 1)]
        S, J = ([np.diag(made[other][seed]["R"]["auroc"]) for seed in (0, 1)] for other in ("stl", "mtl"))
        expected = [
            " / ".join(f"{r[2].mean():.3f}" for r in R), f"**{np.mean([r[2].mean() for r in R]):.3f}**",
            f"{np.mean([np.diag(r).mean() for r in R]):.3f}",
            f"{np.mean([np.mean([max(r[j:2, j]) - r[2, j] for j in (0, 1)]) for r in R]):+.3f}",
            f"{np.mean([np.mean([r[2, j] - r[j, j] for j in (0, 1)]) for r in R]):+.3f}",
            f"{np.mean([np.mean([r[j, j] - s[j] for j in (1, 2)]) for r, s in zip(R, S)]):+.3f}",
            f"{np.mean([np.mean(a - np.diag(r)) for r, a in zip(R, J)]):+.3f}"]
        assert table[name] == [text.replace("+0.000", "0.000").replace("-0.000", "0.000") for text in expected]


def by_heading(text) -> dict:
    """A Markdown table as heading -> cell, by the first cell of the row."""
    (first, *heads), _, *lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines())
    return {name: dict(zip(heads, cells, strict=True)) for name, *cells in lines}


def test_cells_stand_below_their_headings(full):
    made = grid(tasks=10)
    retrained = by_heading(tables.retraining(full))["DNN-L1"]
    assert retrained["seconds"] == f"{sum(1.5 * t for t in range(1, 11)):.1f}"
    assert retrained[tables.BILLIONS] == f"{sum(1000 * t for t in range(1, 11)) / 1e9:.3g}"
    papers = by_heading(tables.figures_of_paper(full))["EWC"]
    ours = np.mean([each["R"]["auroc"][-1].mean() for each in made["ewc"].values()])
    assert (papers["paper"], papers["here"]) == ("0.7480", f"{ours:.4f}")
    split = by_heading(tables.split_strengths(full))["0.3"]
    transfers = [each["R"]["auroc"][-1] - each["R"]["auroc"].diagonal() for each in made["den"].values()]
    assert split["largest gain"] == f"{np.max(transfers):+.3f}" and split["largest loss"] == f"{np.min(transfers):+.3f}"
    assert (split["split, layer 1"], split["split, layer 2"]) == ("25%", "50%")


def test_sizes_in_parts_of_others_are_of_those_that_the_headings_name():
    """Methods of different sizes, and different shares of them that are not 0."""
    results = {label: {0: record(label, allocated=size)} for label, size in (("stl", 400), ("mtl", 250), ("den", 100))}
    for each in (seeds[0]["stages"][-1]["capacity"] for seeds in results.values()):
        each["nonzero"] = each["allocated"] // 2
    _, *heads = tables.size(summarised(results)).splitlines()[0].strip("| ").split(" | ")
    assert heads[:5] == ["allocated", "of STL 4-3", "of MTL's", "nonzero", "of STL 4-3"]
    assert rows(tables.size(summarised(results)))["DEN"][:5] == ["300", "25.0%", "40.0%", "150", "12.5%"]


def test_the_table_of_sizes(full):
    den = rows(tables.size(full))["DEN"]
    assert den[:7] == ["1,000", "100.0%", "100.0%", "999", "99.9%", "birth 7", "22-30"]
    assert den[7:] == [f"{sum(1.5 * t for t in range(1, 11)):.0f}", "5.5e-05"]


def test_without_stl_and_mtl_what_needs_them_is_a_dash():
    table = rows(tables.quality(summarised(grid(("den",)))))
    assert table["DEN"][-2:] == ["–", "–"]


def test_goals_are_computed():
    good, bad = ({"stl": {0: record("stl", tasks=10, level=0.8, allocated=1000)},
                  "den": {0: record(tasks=10, level=level, allocated=allocated)}} for level, allocated in
                 ((0.9, 110), (0.7, 130)))
    assert [cells[-1] for cells in rows(tables.goals(summarised(good))).values()][2:] == ["yes", "yes"] + ["not measured"] * 6
    assert [cells[-1] for cells in rows(tables.goals(summarised(bad))).values()][2:] == ["**no**", "**no**"] + ["not measured"] * 6


@pytest.mark.parametrize(("ahead", "verdict"), [(0.2, "yes"), (0.03, "**no**"), (-0.2, "**no**")])
def test_far_above_is_more_than_above(ahead, verdict):
    made = {"den": {0: record()}, "finetune": {0: record("finetune", level=0.6)},
            "l2": {0: record("l2", level=0.6 + ahead)}}
    assert rows(tables.goals(summarised(made)))[f"L2 above fine-tuning by more than {FAR:g}"][-1] == verdict


@pytest.mark.parametrize(("ahead", "verdict"), [((0.11, -0.02), "**no**"), ((0.11, 0.02), "yes")])
def test_a_goal_is_reached_by_the_mean_over_seeds(ahead, verdict):
    """Not by the best seed, nor only by every one of them."""
    made = {"den": {}, "finetune": {}, "l2": {}}
    for seed, by in enumerate(ahead):
        R = record(seed=seed)["R"]
        for label, matrix in (("den", R["auroc"]), ("finetune", R["auroc"]), ("l2", R["auroc"] + by)):
            made[label][seed] = record(label, seed) | {"R": {"auroc": matrix, "accuracy": matrix}}
    goal = rows(tables.goals(summarised(made)))[f"L2 above fine-tuning by more than {FAR:g}"]
    assert goal == [f"{np.mean(ahead):+.3f}", verdict]


def test_the_order_is_the_papers_or_is_not(full):
    table = rows(tables.order(full))
    assert table["STL > Progressive"][2:] == ["2 of 2", "yes"] and table["DEN > MTL"][2:] == ["0 of 2", "**no**"]
    assert table["MTL > STL"][0] == "+0.0084" and table["DEN > MTL"][0] == "+0.0084"
    assert len(table) == 2 + len(paper.order())
    places = {name: cells[2::3] for name, cells in rows(tables.figures_of_paper(full)).items()}
    assert places["DEN"] == ["2", "7"] and places["STL"] == ["4", "1"] and places["fine-tuning"] == ["8", "3"]


def test_the_papers_numbers_stand_in_the_tables_as_they_were_read(full):
    table = rows(tables.figures_of_paper(full))
    assert {name: cells[:2] for name, cells in table.items() if name in ("DEN-Finetune", "MTL", "Progressive", "L2")} == {
        "DEN-Finetune": ["0.8451", "163.5%"], "MTL": ["0.8047", "100%"], "Progressive": ["0.7817", "189%"],
        "L2": ["0.7440", "100%"]}
    shares = rows(tables.capacity(full))
    assert shares["the paper's text"] == ["18.0%", "60.3%", "11.9%"]
    assert shares["its Figure 3: DEN, of the largest STL"] == ["16.4%", "19.3%", "14.6%"]


def test_a_missing_seed_is_a_dash_in_its_place_and_goals_pair_by_seed():
    made = {"stl": {seed: record("stl", seed, level=0.8) for seed in (0, 1, 2)},
            "den": {0: record(level=0.85), 2: record(seed=2, level=0.85)}}
    made["stl"][1] = record("stl", 1, level=0.99)                  # pairs with no DEN, so it decides nothing
    made["mtl"] = {seed: record("mtl", seed, level=0.8) for seed in (0, 1, 2)}
    summary = summarised(made)
    den = rows(tables.quality(summary))["DEN"][0].split(" / ")
    assert den[1] == "–" and den[0] == f"{made['den'][0]['R']['auroc'][2].mean():.3f}"
    ahead = np.mean([made["den"][seed]["R"]["auroc"][2].mean() - made["stl"][seed]["R"]["auroc"][2].mean()
                     for seed in (0, 2)])
    assert rows(tables.goals(summary))["DEN above STL"] == [f"{ahead:+.3f}", "yes"]
    assert rows(tables.order(summary))["DEN > MTL"][2] == "2 of 2"


def test_goals_and_pairs_that_were_not_measured_are_listed():
    summary = summarised(grid(("stl", "den")))
    goals, order = rows(tables.goals(summary)), rows(tables.order(summary))
    assert len(goals) == 3 + len(GOALS) and goals["DEN above EWC"] == ["–", "not measured"]
    assert len(order) == 2 + len(paper.order()) and order["EWC > L2"][1:] == ["–", "–", "not measured"]


def test_what_was_changed_is_said():
    made = grid(("stl", "den"))
    assert "Changed" not in tables.conditions(summarised(made))
    made["stl"][1]["environment"] = made["stl"][1]["environment"] | {"numpy": "3"}
    facts = FACTS_OF_GRID | {"stream": {"name": "mnist-variation", "options": {"amplitude": 0.5}}}
    text = tables.conditions(summarised(made, facts))
    assert "NumPy 2, SciPy 1, b, m and others." in text
    assert text.splitlines()[4:] == ["- stream: amplitude = 0.5", "- DEN: hidden = 64,32, mu = 0.0001"]


@pytest.mark.parametrize(("options", "held"), [({}, True), ({"n_tasks": 10}, True), ({"amplitude": 0.5}, False)])
def test_only_the_default_stream_is_held_against_the_paper(options, held):
    facts = {"stream": {"name": "mnist-variation", "options": options}, "methods": []}
    blocks = tables.blocks(summarised(grid(("stl", "den"), tasks=10), facts))
    assert {blocks[name] != tables.NOT_MEASURED for name in tables.OF_THE_PAPER} == {held}


def test_full_retraining_is_fine_tuning_at_dens_size_where_there_is_one():
    made = grid(("finetune", "dnn-selective", "den"))
    for label, hidden in (("finetune", [9, 9]), ("den", [4, 3])):
        for each in made[label].values():
            each["run"]["options"]["hidden"] = hidden
    assert numbers.full_retraining(summarised(made)) == "finetune"
    assert "fine-tuning" in rows(tables.retraining(summarised(made)))
    made["finetune, DEN's size"] = {0: record("finetune", level=0.7, options={"hidden": [4, 3]})}
    summary = summarised(made)
    assert "fine-tuning, DEN's size" in rows(tables.retraining(summary))
    assert "fine-tuning" not in rows(tables.retraining(summary))
    assert tables.main_labels(summary)[:2] == ["finetune", "finetune, DEN's size"]


def test_text_tables_need_no_pictures():
    code = "import sys, den_ref.experiment.pages.tables; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_table_stands_in_a_document_of_its_own(full):
    assert set(results_page.SECTIONS) == set(results_page.all_blocks(full))
    assert "no DEN measured reaches it" in tables.capacity(full)
    enough = summarised({"stl": {0: record("stl", level=0.7)}, "den": {0: record()}})
    assert "100.0% (DEN; also stored: birth 7)" in tables.capacity(enough)
    assert all(line.endswith("| birth 7 |") for line in tables.strengths(full).splitlines()[2:])


def test_units_are_told_layer_by_layer_with_what_one_cost():
    """A layer that comes later is 0 before; units and costs are means over the seeds; a linear method has no row."""
    made = grid(("den", "ella"), seeds=(0, 1), tasks=3)
    for seed, each in made["den"].items():
        for stage, widths in zip(each["stages"], ([4], [6, 2], [8 + 2 * seed, 2])):
            stage["capacity"]["widths"] = widths
            stage["steps"][0]["solve"]["multiply_adds"] *= 10**5
    for each in made["ella"].values():
        for stage in each["stages"]:
            stage["capacity"]["widths"] = []
    per_unit = 600 * (1 / 10 + 1 / 12) / 2                          # the stages cost 1, 2 and 3 hundred millions
    found = rows(tables.units(summarised(made)))
    assert found["DEN"] == ["4-0", "6-2", "9-2", f"{per_unit:.1f}"] and "ELLA" not in found
    assert tables.units(summarised({"ella": made["ella"]})) == tables.NOT_MEASURED


def test_tables_of_a_class_incremental_stream_are_of_accuracy():
    """R is the accuracy among all classes seen: the scenario says so, and no table speaks of AUROC."""
    summary = summarised(with_all_classes_asked(grid(tasks=3)))
    assert summary.outcomes["ewc"][1].R[0, 0] == 0.25 and summary.score == "accuracy"
    texts = tables.blocks(summary)
    assert texts["quality"].startswith("| method | accuracy after the last task") and "| **0.250** |" in texts["quality"]
    assert not any("AUROC" in text for text in texts.values())


def test_every_picture_stands_once_under_the_heading_of_what_it_shows(full):
    document = results_page.document(full, [f"results_{name}" for name in FIGURES])
    _, *parts = re.split(r"^##? (.+)\n", document, flags=re.MULTILINE)
    shown = {heading: re.findall(r"!\[(.*)\]\(figures/results_(\w+).png\)", text)
             for heading, text in zip(parts[::2], parts[1::2])}
    words = {"Quality": "Mean score over the tasks learnt", "Size and cost": "against parameters allocated",
             "The paper's order": "Scores of tasks learnt early", "Selective retraining": "full, L1 and selective retraining",
             "Units, layer by layer": "of the methods that grow",
             "Dynamic expansion": "beside a constant number of new units", "Splits and backward transfer": "units split"}
    assert {heading for heading, pictures in shown.items() if pictures} == set(words)
    for heading, about in words.items():
        [(said, name)] = shown[heading]
        assert about in said and FIGURES[name][0].__name__ == name, heading


def test_figures_of_an_earlier_time_go(full, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "DPI", 20)
    for name in ("results_splits.png", "mine.png"):
        (tmp_path / name).write_bytes(b"old")
    drawn = draw(summarised(grid(("l2",))), tmp_path)
    assert {path.name for path in drawn} == {path.name for path in tmp_path.iterdir()} - {"mine.png"}
    assert not (tmp_path / "results_splits.png").exists()


def test_counts_per_task(full):
    growth = rows(tables.growth(full))
    assert growth["DNN-Dynamic, layer 1"] == ["1.0"] * 9 + ["9.0"]
    split = rows(tables.splitting(full))
    assert split["units of layer 2 split"] == ["–"] + ["2.0 (50%)"] * 9
    assert rows(tables.retraining(full))["DNN-Selective"][-1].startswith("100% / ")


def test_other_streams_are_not_held_against_the_paper():
    made = grid(("stl", "den"), tasks=10)
    for seeds in made.values():
        for each in seeds.values():
            each["run"]["stream"] = {"name": "toy", "seed": each["run"]["seed"]}
    blocks = tables.blocks(summarised(made))
    assert {name for name, text in blocks.items() if text == tables.NOT_MEASURED} >= set(tables.OF_THE_PAPER)
    assert "paper" not in results_page.document(summarised(made), []).lower()


# --- figures -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_figure_is_written_large_enough_to_print(full, tmp_path):
    paths = draw(full, tmp_path / "figures", "x")
    assert [path.name for path in paths] == [f"x_{name}.png" for name in FIGURES]
    for path in paths:
        content = path.read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">I", content[16:20])[0] >= 1400
    assert len(list((tmp_path / "figures").iterdir())) == len(paths)               # nothing unfinished is left


@pytest.mark.slow
@pytest.mark.parametrize(("labels", "tasks", "further"), [
    (("den",), 1, {"tasks", "splits"}), (("own", "dnn-dynamic", "dnn-constant"), 3, {"expansion", "growers"}),
    (("l2", "dnn-selective"), 2, {"selective", "growers"})])
def test_figures_of_parts_of_a_grid(labels, tasks, further, tmp_path, monkeypatch):
    """Those that its methods are enough for, whatever else they would show."""
    monkeypatch.setattr(figures, "DPI", 20)
    summary = summarised(grid(labels, tasks=tasks, counted=False))
    assert {path.stem for path in draw(summary, tmp_path, "x")} == {f"x_{name}" for name in {"average", "capacity"} | further}
    assert f"{tasks} tasks in the order" in results_page.document(summary, [])


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are not drawn, which takes longest; only where they would go is told."""
    monkeypatch.setattr(results_page, "draw", lambda summary, folder, prefix, figures: [folder / f"{prefix}.png"])


# --- documents ---------------------------------------------------------------------------------------------------


def test_blocks_are_filled_and_the_rest_stays(full, tmp_path, undrawn):
    page = tmp_path / "page.md"
    page.write_text("# T\n\n<!-- results:quality -->\nold\n<!-- end -->\n\nprose | 1\n"
                    "<!-- results:order -->\n<!-- end -->\n")
    written = results_page.into(full, page)
    assert page.read_text() == (f"# T\n\n<!-- results:quality -->\n{tables.quality(full)}\n<!-- end -->\n\nprose | 1\n"
                                f"<!-- results:order -->\n{tables.order(full)}\n<!-- end -->\n")
    assert [path.name for path in written] == ["page.md", "mnist-variation.json", "page.png"]
    before = page.read_bytes()
    results_page.into(read_summary(tmp_path / "results" / "mnist-variation.json"), page)
    assert page.read_bytes() == before


@pytest.mark.parametrize("text", ["no block", "<!-- results:nonsense -->\n<!-- end -->"])
def test_a_document_without_known_blocks_is_refused_and_not_touched(full, text, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(ValueError, match="results:NAME"):
        results_page.into(full, page)
    assert page.read_text() == text and list(tmp_path.iterdir()) == [page]


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "DPI", 20)
    results = grid(("stl", "den"), seeds=(0,))
    text = results_page.write(SimpleNamespace(results=results, missing=["ewc, seed 1"], facts=FACTS_OF_GRID), tmp_path)
    page = (tmp_path / "results.md").read_text()
    assert text == tables.quality(summarised(results)) and text in page
    assert "Not learnt to the end: ewc, seed 1." in page and "![" in page
    assert page.startswith("# Results\n\n")
    assert all((tmp_path / line.split("](")[1][:-1]).exists() for line in page.splitlines() if line.startswith("!["))


@pytest.mark.parametrize(("name", "stream", "of_its_own"), [
    ("noise.md", "mnist-variation", tables.TABLES), ("results.md", "mnist-back", paper_tables.PAPER_TABLES)])
def test_the_results_pages_are_what_the_kept_numbers_make(name, stream, of_its_own):
    page = (DOCS / name).read_text("utf-8")
    summary = read_summary(DOCS / "results" / f"{stream}.json")
    assert filled(page, results_page.all_blocks(summary)) == page, "den-ref plot FOLDER --into"
    found = set(re.findall("<!-- results:(.*?) -->", page))
    assert set(of_its_own) <= found <= set(results_page.all_blocks(summary))
    assert set(summary.outcomes) >= {"stl", "mtl", "den"}


# --- the command -------------------------------------------------------------------------------------------------


def test_the_figures_of_one_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(figures, "DPI", 50)
    den_ref.run("den", "toy", n_tasks=2, out=tmp_path)
    assert cli.main(["plot", str(tmp_path)]) == 0
    names = [Path(line).name for line in capsys.readouterr().out.split()]
    assert names == ["matrix.png", "learning.png", "boxes.png"]
    assert all((tmp_path / "figures" / name).stat().st_size > 1000 for name in names)


def test_a_run_that_is_not_finished_is_drawn_as_far_as_it_is(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(figures, "_saved", lambda summary, made, folder: drawn.update(
        {name: draw(summary) for name, draw in made.items() if draw}) or [])
    den_ref.run("stl", "toy", n_tasks=3, out=tmp_path, settings={"epochs": 1})
    results = json.loads((tmp_path / "results.json").read_text())
    results["stages"], results["complete"] = results["stages"][:2], False
    for matrix in results["R"].values():
        matrix[2] = [None] * 3
    (tmp_path / "results.json").write_text(json.dumps(results))
    assert cli.main(["plot", str(tmp_path)]) == 0
    R = np.array(results["R"]["auroc"], float)[:2, :2]
    shown = drawn["matrix"].axes[0].images[0].get_array().filled(np.nan)
    np.testing.assert_allclose(shown, R - np.diagonal(R), atol=1e-6)
    np.testing.assert_allclose(drawn["learning"].axes[0].lines[0].get_ydata(), [R[0, 0], R[1].mean()], atol=1e-6)


def test_a_kept_summary_fills_a_document(full, tmp_path, undrawn):
    write_summary(tmp_path / "kept.json", full)
    (tmp_path / "page.md").write_text("<!-- results:goals -->\n<!-- end -->\n")
    assert cli.main(["plot", str(tmp_path / "kept.json"), "--into", str(tmp_path / "page.md")]) == 0
    assert tables.goals(full) in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize(("arguments", "said"), [
    (["nowhere"], "folder of a comparison"), (["kept.json"], "expected a document"),
    (["kept.json", "--into", "nowhere.md"], "nowhere.md"), (["folder", "--into", "page.md"], "grid.json")])
def test_misuse_is_told(full, arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_summary(tmp_path / "kept.json", full)
    (tmp_path / "folder").mkdir()
    (tmp_path / "page.md").write_text("<!-- results:goals -->\n<!-- end -->\n")
    assert cli.main(["plot", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_results_are_not_changed_by_looking_at_them():
    made = grid(("stl", "den"))
    before = copy.deepcopy(made)
    tables.blocks(summarised(made))
    np.testing.assert_equal(made, before)
