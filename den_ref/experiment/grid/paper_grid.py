"""The paper's experiment: the networks of its Figures 3 to 5 on MNIST-Variation, and readings of DEN beside them.

``den-ref compare --paper`` learns them.  Every method has the options that were found for it on the stream
(``presets``) and starts from 312-128 where no other size stands below; the other sizes take the same options.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from den_ref.experiment.one_run.measure import STL_HIDDEN
from den_ref.experiment.one_run.plan import make_config
from den_ref.experiment.one_run.presets import PAPERS
from den_ref.methods import method_named
from .grid import Cell

SEEDS = (0, 1, 2, 3, 4)

#: Label -> method, and what differs from its options on the stream.  The percentages are sizes in parts of MTL's after
#: ten tasks: the paper's for STL and MTL, whose units follow from them; Progressive's units are chosen so that it has
#: 189.8, 510.8 and 1084.7 % (the paper: 189, 511, 1084).
NETWORKS: dict[str, tuple[str, Mapping[str, Any]]] = {
    # Figure 3: top, the curves; bottom, three sizes of each
    "stl": ("stl", {}),                                            # 996 %
    "stl 150-50": ("stl", {"hidden": [150, 50]}),                  # 438 %
    "stl 50-10": ("stl", {"hidden": [50, 10]}),                    # 139 %
    "mtl": ("mtl", {}),                                            # 100 %
    "mtl 500-250": ("mtl", {"hidden": [500, 250]}),                # 182 %
    "mtl 150-50": ("mtl", {"hidden": [150, 50]}),                  # 44 %
    "finetune": ("finetune", {}),                                  # the paper's DNN
    "l2": ("l2", {}),
    "ewc": ("ewc", {}),
    "progressive": ("progressive", {"hidden": [50, 20]}),          # its curve is that of the smallest
    "progressive 104-41": ("progressive", {"hidden": [104, 41]}),
    "progressive 170-72": ("progressive", {"hidden": [170, 72]}),
    "den": ("den", {}),
    "den-finetune": ("den-finetune", {}),
    # Figure 4a, b: full retraining with L1, and selective retraining
    "dnn-l1": ("dnn-l1", {}),
    "dnn-selective": ("dnn-selective", {}),
    # Figure 4c: with the pull to W^{t-1}, as the paper lists them, and without it
    "dnn-l2-selective": ("dnn-l2-selective", {}),
    "den-constant k=13": ("den-constant", {"k": 13}),
    "den-constant k=20": ("den-constant", {"k": 20}),
    "den-dynamic": ("den-dynamic", {}),
    "dnn-dynamic": ("dnn-dynamic", {}),
    "dnn-constant k=13": ("dnn-constant", {"k": 13}),
    "dnn-constant k=20": ("dnn-constant", {"k": 20}),
    # Figure 5
    "den-no-timestamps": ("den-no-timestamps", {}),
}

#: Option of DEN -> its readings (docs/readings.md); those that DEN does not have on the stream are learnt too.
READINGS = {
    "split_original": ("keep", "retire"),
    "anchor_before_split": ("eq6", "eq4"),
    "drift": ("absolute", "relative"),
}

#: Options of the stream for a small version: fewer tasks, fewer digits.
QUICK = {"n_tasks": 5, "per_class": (300, 100, 300)}


def paper_cells(seeds: Iterable[int], stream: str) -> list[Cell]:
    """The cells of all networks and readings."""
    seeds, networks = list(seeds), NETWORKS | readings(stream)
    return [Cell(method, seed, differing(method, stream, {"hidden": list(STL_HIDDEN), **changed}), label)
            for label, (method, changed) in networks.items() for seed in seeds]


def differing(method: str, stream: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a method's options that it does not have on the stream anyway."""
    usual = make_config(method_named(method), stream).to_dict()
    return {name: value for name, value in options.items() if value != usual[name]}


def readings(stream: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """DEN with one reading changed, by label, in the form of NETWORKS."""
    usual = make_config(method_named("den"), stream)
    return {f"den {option}={value}": ("den", {option: value}) for option, values in READINGS.items()
            for value in values if value != getattr(usual, option)}
