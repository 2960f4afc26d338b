"""What networks that grow spend and share: DEN, nonparametric networks, AdaNet, incremental features and the tree.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.growers [--again LABEL ...] [--table]

learns the toy stream and the first five tasks of the digits with each, and the digits in five groups with the tree,
writes ``docs/results/growers.json`` after every run and fills the tables of docs/related.md.  A run that is on record
is not learnt again, but for those of the labels that are named; ``--table`` fills the tables from the record.

A pass is one over the samples of the task, with gradient.  Multiply-adds are those of ``results.json``: of training,
forwards and backwards.  Fits of a linear head to features that are held (Eq. 3 of DEN, the strengths of AdaNet) are in
neither, for no method.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from den_ref.den.algorithm import DEN
from den_ref.experiment import Run, run
from den_ref.experiment.disk.json_files import write_json
from den_ref.experiment.one_run.display import Display
from den_ref.experiment.pages.markdown import table
from den_ref.methods.adanet import AdaNet
from den_ref.methods.incremental_features import IncrementalFeatures
from den_ref.methods.nonparametric import Nonparametric
from den_ref.methods.shared.nodes import Node
from den_ref.methods.tree import Tree
from den_ref.protocol import Method
from den_ref.strict_json import strict_json

from .blocks import DOCS, write_blocks
from .scenarios import PER_CLASS, SEEDS, SMALL

RECORD, PAGE = DOCS / "results" / "growers.json", DOCS / "related.md"


class Grower(NamedTuple):
    """One row: what it is called, and how it is run; the options are those that the method has on the stream."""

    title: str
    method: str
    settings: dict = {}
    stream: str = "toy"
    stream_options: dict = {}
    seeds: tuple[int, ...] = (0, 1, 2)


DIGITS = {"stream": "mnist-variation", "stream_options": {"n_tasks": 5}}
GROWERS = {
    "den": Grower("DEN", "den"),
    "nonparametric": Grower("nonparametric", "nonparametric"),
    "adanet": Grower("AdaNet", "adanet"),
    "adanet-warm": Grower("AdaNet, `warm=True`", "adanet", {"warm": True}),
    "incremental-features": Grower("incremental features", "incremental-features"),
    "den-digits": Grower("DEN, digits", "den", **DIGITS),
    "nonparametric-digits": Grower("nonparametric, digits", "nonparametric", **DIGITS),
    "adanet-digits": Grower("AdaNet, digits", "adanet", **DIGITS),
    "adanet-warm-digits": Grower("AdaNet, `warm=True`, digits", "adanet", {"warm": True}, **DIGITS, seeds=(0,)),
    "incremental-features-digits": Grower("incremental features, digits", "incremental-features", **DIGITS),
    "tree": Grower("error-driven tree", "tree", SMALL, "split-digits", {"per_class": PER_CLASS}, SEEDS),
}

# --- what is measured of a run -----------------------------------------------------------------------------------

#: Boxes that solve for units which just came; a nonparametric network adds some before every epoch of its first box.
ROUNDS = {"den": {"eq2", "eq5"}, "adanet": {"grow"}, "incremental-features": {"merge", "add"},
          "nonparametric": {"grow"}, "tree": {"leaf", "flat", "clone", "refresh"}}


class Passes(Display):
    """Counts the epochs of a run, task by task: a method tells its display of each."""

    def __init__(self):
        self.of_tasks: list[int] = []

    def stage(self, stage, n_stages, task):
        self.of_tasks.append(0)

    def progress(self, label, done, total, loss):
        self.of_tasks[-1] += 1


def units(made: Run) -> list[list[int]]:
    """After each task, units of the whole model, layer by layer."""
    return [size["widths"] for size in made.capacities]


def spent(made: Run, passes: Passes) -> list[dict]:
    """Per task: multiply-adds of its training, passes over its samples, and rounds of growth."""
    return [{"multiply_adds": sum(step["solve"].get("multiply_adds", 0) for step in stage["steps"]),
             "passes": epochs, "rounds": rounds(made.identity["method"], stage["steps"])}
            for stage, epochs in zip(made.stages, passes.of_tasks, strict=True)]


def rounds(method: str, steps: list[dict]) -> int:
    """How often units came, or some became one, and were solved for."""
    own = [step for step in steps if step["box"] in ROUNDS[method]]
    return sum(step["solve"]["nit"] for step in own) if method == "nonparametric" else len(own)


def shared(method: Method) -> dict:
    """How many parameters answer, how many of them for more than one task, and how many for 1, 2, ... tasks."""
    readers = np.zeros(len(method.tasks), int)
    for tasks, parameters in READ_BY[type(method)](method):
        readers[tasks - 1] += parameters
    return {"parameters": int(readers.sum()), "shared": int(readers[1:].sum()), "readers": readers.tolist()}


# --- who reads what: pairs of (how many tasks, parameters) -------------------------------------------------------


def read_in_den(den: DEN) -> list[tuple[int, int]]:
    """A task reads what its stage sees, and its head."""
    network = den.network
    weights, biases = ([np.zeros(a.shape, int) for a in arrays] for arrays in (network.weights, network.biases))
    pairs = []
    for head in network.heads:
        inputs, *layers = units_ = network.visible(head.stage)
        for W, b, below, own in zip(weights, biases, units_, layers):
            W[np.ix_(below, own)] += 1
            b[own] += 1
        pairs.append((1, (len(layers[-1]) + 1) * head.bias.size))
    tasks, parameters = np.unique(np.concatenate([a.ravel() for a in weights + biases]), return_counts=True)
    return pairs + [(int(t), int(n)) for t, n in zip(tasks, parameters) if t]


def read_in_adanet(adanet: AdaNet) -> list[tuple[int, int]]:
    """A unit is read by the tasks whose f hears it, a strength by its own."""
    heard = [{*chain(*own.members)} for own in adanet.kept.values()]
    found = [(sum(j in places for places in heard), unit.u.size) for j, unit in enumerate(adanet.units)]
    return found + [(1, w.size) for own in adanet.kept.values() for w in own.w]


def read_in_nonparametric(method: Nonparametric) -> list[tuple[int, int]]:
    """Every task has a network of its own."""
    return [(1, network.vector.size) for network in method.networks]


def read_in_incremental(method: IncrementalFeatures) -> list[tuple[int, int]]:
    """All tasks read all features; a head is its task's."""
    heads = sum(method.w[name].size for name in "Vc")
    return [(1, heads), (len(method.tasks), method.capacity().allocated - heads)]


def read_in_tree(tree: Tree) -> list[tuple[int, int]]:
    """A node is read by the tasks that have classes below it."""
    places = [{*range(own.first, own.last)} for own in tree.kept.values()]
    return [(sum(bool(own & {*node.classes}) for own in places), node.network.vector.size)
            for node in tree.root.nodes if node.network is not None]


READ_BY = {DEN: read_in_den, AdaNet: read_in_adanet, Nonparametric: read_in_nonparametric,
           IncrementalFeatures: read_in_incremental, Tree: read_in_tree}


# --- the shape of a tree -----------------------------------------------------------------------------------------


def nodes(root: Node, depth: int = 0) -> list[dict]:
    """All nodes, each before its children: how deep, over how many classes, with how many children and parameters."""
    own = {"depth": depth, "classes": len(root.classes), "children": len(root.children),
           "parameters": root.network.vector.size if root.network is not None else 0}
    return [own, *chain(*(nodes(child, depth + 1) for child in root.children))]


# --- the record --------------------------------------------------------------------------------------------------


def measured(label: str, seed: int) -> dict:
    """One run, and all that is measured of it."""
    one, passes = GROWERS[label], Passes()
    made = run(one.method, one.stream, seed=seed, settings=one.settings, display=passes, **one.stream_options)
    quality = np.round(made.R[made.metric], 6)
    found = {"label": label, "seed": seed, "tasks": made.task_ids, "metric": made.metric,
             "last": quality[-1].tolist(), "just_learnt": quality.diagonal().tolist(), "units": units(made),
             "parameters": [size["allocated"] for size in made.capacities], "spent": spent(made, passes),
             "shared": shared(made.method)}
    return found | ({"nodes": nodes(made.method.root)} if one.method == "tree" else {})


# --- the tables --------------------------------------------------------------------------------------------------


def growers_table(runs: list[dict]) -> str:
    """A row per method, means over its runs and the tasks."""
    rows = []
    for label, one in GROWERS.items():
        own = [run for run in runs if run["label"] == label]
        if one.method != "tree":
            spent_ = [task for run in own for task in run["spent"]]
            rows.append([one.title, f"{np.mean([run['last'] for run in own]):.3f}",
                         f"{np.mean([share(run) for run in own]):.0%}",
                         " / ".join("-".join(map(str, run["units"][-1])) for run in own),
                         *(f"{np.mean([task[name] for task in spent_]):.1f}" for name in ("rounds", "passes")),
                         f"{np.mean([per_unit(run) for run in own]) / 1e6:.1f}"])
    return table(["method", "AUROC after the last task", "read by more than one task", "units", "rounds a task",
                  "passes a task", "multiply-adds per unit that stays, 10⁶"], rows)


def share(run: dict) -> float:
    """The part of the parameters that more than one task reads."""
    return run["shared"]["shared"] / run["shared"]["parameters"]


def per_unit(run: dict) -> float:
    """Multiply-adds of all tasks, for each unit that is there in the end."""
    return sum(task["multiply_adds"] for task in run["spent"]) / sum(run["units"][-1])


def tree_table(runs: list[dict]) -> str:
    """A row per depth of every tree."""
    rows = []
    for run in runs:
        for depth in sorted({node["depth"] for node in run.get("nodes", [])}):
            own = [node for node in run["nodes"] if node["depth"] == depth]
            rows.append([str(run["seed"]), str(depth), ", ".join(str(node["classes"]) for node in own),
                         str(sum(node["children"] > 0 for node in own)), f"{sum(n['parameters'] for n in own):,}"])
    return table(["seed", "depth", "classes of the nodes", "of them branches", "parameters"], rows)


def on_record() -> dict[tuple[str, int], dict]:
    """(label, seed) -> the run."""
    runs = strict_json(RECORD.read_bytes())["runs"] if RECORD.exists() else []
    return {(run["label"], run["seed"]): run for run in runs}


def learn(again: Sequence[str] = ()) -> None:
    """Every run that is not on record, or has one of these labels; the record is whole after each."""
    wanted = [(label, seed) for label, one in GROWERS.items() for seed in one.seeds]
    known = {key: run for key, run in on_record().items() if key[0] not in again}
    for key in wanted:
        if key not in known:
            known[key] = measured(*key)
            write_json(RECORD, {"runs": [known[one] for one in wanted if one in known]})


def write_tables() -> None:
    """Both tables of the page, from the record."""
    runs = strict_json(RECORD.read_bytes())["runs"]
    write_blocks(PAGE, growers=growers_table(runs), tree=tree_table(runs))


def main() -> None:
    """Learn what is not on record, write the record and the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--again", nargs="+", choices=GROWERS, default=[], metavar="LABEL",
                           help="learn these anew, of " + ", ".join(GROWERS))
    arguments.add_argument("--table", action="store_true", help="fill the tables from the record, learn nothing")
    chosen = arguments.parse_args()
    if not chosen.table:
        learn(chosen.again)
    write_tables()


if __name__ == "__main__":
    main()
