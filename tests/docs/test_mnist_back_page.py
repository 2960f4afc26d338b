"""The page of MNIST-Back says what the runs on record say, and the stream's defaults are those that it chose."""

import inspect
import json

import numpy as np
import pytest

from den_ref.experiment.pages import paper
from den_ref.methods import STL
from den_ref.tasks.back import mnist_back
from docs.make import mnist_back as made
from tests.helpers.docs_pages import DOCS

PAGE = (DOCS / "mnist_back.md").read_text("utf-8")


@pytest.fixture
def nothing_is_run(monkeypatch):
    def refused(*asked, **folder):
        raise AssertionError(f"not on record: {asked}")

    monkeypatch.setattr(made, "run", refused)


def invented(auroc, seed=0, stream=None, config=STL.Config()):
    return {"stream": stream or {"name": "toy"}, "seed": seed, "options": config.to_dict(), "auroc": auroc,
            "seconds": 1.0}


def test_the_page_is_what_the_records_make(nothing_is_run, monkeypatch):
    found, rows, larger, near = made.compared(), made.frozen(), made.with_papers_test_images(), made.again()
    assert made.page(found, rows, larger, near) == PAGE
    changed = [{**row, "auroc": [0.9, *row["auroc"][1:]]} for row in rows]
    assert made.page(found, changed, larger, near) != PAGE != made.page(found, rows, changed, near)


def test_the_stream_is_the_nearest_of_the_candidates(nothing_is_run):
    nearest = next(iter(made.compared()))
    usual = inspect.signature(mnist_back).parameters
    assert nearest == (usual["beta"].default, usual["composition"].default) and nearest in made.CANDIDATES


def test_curve_and_distance_by_hand():
    first, second = invented([0.5, 0.7] + [0.6] * 8), invented([0.7, 0.7] + [0.6] * 8)
    np.testing.assert_allclose(made.curve([first])[:3], [0.5, 0.6, 0.6])
    np.testing.assert_allclose(made.curve([first, second])[:3], [0.6, 0.65, 1.9 / 3 / 2 + 0.95 / 3])
    paper_stl, ours = paper.curves()["stl"], made.curve([first])
    assert made.distance([first]) == max(abs(a - b) for a, b in zip(paper_stl, ours))


def test_a_run_on_record_is_not_made_again_and_another_is(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(made, "run", lambda stream, config, seed, **folder: asked.append(seed) or invented(
        [seed / 10] * 10, seed, stream, config))
    path, stream, config = tmp_path / "record.jsonl", {"name": "toy"}, STL.Config()
    assert [row["auroc"][0] for row in made.runs(stream, config, (0, 1), path)] == [0, 0.1]
    made.runs(stream, config, (1, 2), path)
    assert asked == [0, 1, 2] and len(path.read_text().splitlines()) == 3
    made.runs({"name": "other"}, config, (1,), path), made.runs(stream, STL.Config(mu=1e-3), (1,), path)
    assert asked == [0, 1, 2, 1, 1]


def test_only_the_nearest_are_run_with_all_seeds(tmp_path, monkeypatch):
    """Candidates whose curves are invented: the second is nearest, then the first."""
    monkeypatch.setattr(made, "CANDIDATES", [(2.0, "max"), (2.1, "max"), (2.2, "over")])
    monkeypatch.setattr(made, "NEAREST", 2)
    apart = {2.0: 0.02, 2.1: 0.01, 2.2: 0.03}

    def runs(stream, config, seeds):
        each = (np.array(paper.curves()["stl"]) + apart[stream["beta"]]) * np.arange(1, 11)
        return [invented(np.diff(each, prepend=0).tolist(), seed, stream) for seed in seeds]

    monkeypatch.setattr(made, "runs", runs)
    found = made.compared()
    assert [(*each, len(rows)) for each, rows in found.items()] == [(2.1, "max", 5), (2.0, "max", 5), (2.2, "over", 2)]
    assert [round(made.distance(rows), 6) for rows in found.values()] == [0.01, 0.02, 0.03]


def test_every_run_on_record_is_a_whole_one():
    rows = [json.loads(line) for line in made.RECORD.read_text().splitlines()]
    assert len(rows) >= 2 * len(made.CANDIDATES)
    for row in rows:
        assert row["stream"]["name"] == "mnist-back" and row["options"]["hidden"] == [312, 128]
        assert len(row["auroc"]) == 10 and all(0.5 < value < 1 for value in row["auroc"])


def test_what_must_be_said_is_said():
    for words in ("1,000 test images of a class", "paper has 5,000", "noise in the background", "same twenty textures"):
        assert words in " ".join(PAGE.split()).replace("**", "")


def test_the_page_can_be_found():
    for name in ("index.md", "compare.md", "glossary.md"):
        assert "(mnist_back.md)" in (DOCS / name).read_text("utf-8"), name
