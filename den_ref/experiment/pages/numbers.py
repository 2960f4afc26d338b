"""What tables and figures show, as pure functions of outcomes (``summary``)."""

from collections.abc import Iterable

import numpy as np

from den_ref.core.metrics import average_performance, forward_transfer, intransigence
from den_ref.experiment.one_run.measure import STL_HIDDEN
from den_ref.experiment.one_run.separate import SeparateNetworks, separate_networks
from .summary import Outcome, Summary

#: The options that DEN's strength is varied in; tau hardly moves its size.
SWEPT = ("sigma", "gamma", "mu", "k")


# --- of one run --------------------------------------------------------------------------------------------------


def average_curve(R) -> np.ndarray:
    """(T,): after stage t, the mean over the tasks seen of R[t, j].

    >>> average_curve([[0.5, np.nan], [0.25, 0.75]])
    array([0.5, 0.5])
    """
    return np.array([np.mean(row[:i]) for i, row in enumerate(R, 1)])


def learnt_curve(R) -> np.ndarray:
    """(T,): after stage t, the mean over the tasks seen of R[j, j], each as it was when just learnt.

    >>> learnt_curve(np.array([[0.5, np.nan], [0.25, 0.75]]))
    array([0.5  , 0.625])
    """
    return average_curve(np.broadcast_to(np.diagonal(R), np.shape(R)))


def transfer_per_task(R) -> np.ndarray:
    """(T - 1,): R[T, j] - R[j, j], whose mean is the backward transfer.

    >>> transfer_per_task(np.array([[0.5, np.nan], [0.25, 0.75]]))
    array([-0.25])
    """
    return (R[-1] - R.diagonal())[:-1]


def selected_share(run: Outcome) -> np.ndarray:
    """(T, L + 1): units selected by Algorithm 2 over units seen, inputs first; NaN in stages that select nothing."""
    return _share(run, "select", "selected", "visible", 1 + len(run.widths[0]))


def split_share(run: Outcome) -> np.ndarray:
    """(T, L): units split by Algorithm 4 over units seen that are older than the stage; NaN without the box."""
    return _share(run, "split", "split", "older", len(run.widths[0]))


def units_split(run: Outcome) -> np.ndarray:
    """(T, L): units split per stage and layer, 0 without the box."""
    return np.nan_to_num(_per_stage(run, "split", "split", len(run.widths[0])))


def units_added(run: Outcome) -> np.ndarray:
    """(T, L): units that a stage brought in and kept, copies of split ones not counted; NaN in the first stage.

    What the widths grew by: with or without removal of useless units, and also if an expansion was undone.
    """
    grown = np.diff(np.array(run.widths, float), axis=0, prepend=np.nan)
    return grown - units_split(run)


def units_selected(run: Outcome) -> np.ndarray:
    """(T, L): units that Algorithm 2 selects per hidden layer; NaN in stages that select nothing.

    Of a method without the box, the units left in use once useless ones are removed, as L1 alone selects.
    """
    if "select" not in run.facts:
        return np.array(run.widths, float)
    return _per_stage(run, "select", "selected", 1 + len(run.widths[0]))[:, 1:]


def expanded(run: Outcome) -> np.ndarray:
    """(T,): whether Algorithm 3 solved Eq. 5 in the stage."""
    return np.isfinite(_per_stage(run, "eq5", "added", len(run.widths[0]))).all(axis=1)


def lost(R) -> np.ndarray:
    """(T,): R[j, j] - R[T, j], what is forgotten of each task from its own stage to the last."""
    return R.diagonal() - R[-1]


# --- of a method, an array over its seeds ------------------------------------------------------------------------


def over_seeds(summary: Summary, label: str, function) -> np.ndarray:
    """function(outcome) of every run of a method, stacked."""
    return np.array([function(run) for run in summary.runs(label)])


def of_R(summary: Summary, label: str, function) -> np.ndarray:
    """function(R) of every run of a method, stacked."""
    return over_seeds(summary, label, lambda run: function(run.R))


def beside_stl(summary: Summary, label: str, function) -> np.ndarray:
    """``of_R`` minus the mean of it over STL's runs; what it is where STL was not learnt."""
    values = of_R(summary, label, function)
    return values - of_R(summary, "stl", function).mean(axis=0) if summary.has("stl") else values


def after_last(summary: Summary, label: str) -> np.ndarray:
    """(n_seeds,): average performance after the last task."""
    return of_R(summary, label, average_performance)


def by_seed(summary: Summary, label: str) -> np.ndarray:
    """(all seeds of the grid,): average performance after the last task; NaN for a seed that the method has not."""
    runs = summary.outcomes.get(label, {})
    return np.array([average_performance(runs[seed].R) if seed in runs else np.nan for seed in summary.seeds])


def ahead(summary: Summary, upper: str, lower: str) -> np.ndarray:
    """Per seed that both methods have: average performance after the last task, upper minus lower."""
    difference = by_seed(summary, upper) - by_seed(summary, lower)
    return difference[np.isfinite(difference)]


def against(summary: Summary, label: str, other: str, measure) -> np.ndarray:
    """(n_seeds,): measure(R, diagonal of the other method's R) of the same seed; NaN where the other did not run."""
    others = summary.outcomes.get(other, {})
    runs = sorted(summary.outcomes.get(label, {}).items())
    return np.array([measure(run.R, others[seed].R.diagonal()) if seed in others else np.nan for seed, run in runs])


def forward(summary: Summary, label: str) -> np.ndarray:
    """(n_seeds,): forward transfer, S being separate networks of the same seed."""
    return against(summary, label, "stl", forward_transfer)


def behind_joint(summary: Summary, label: str) -> np.ndarray:
    """(n_seeds,): intransigence, the joint model being MTL of the same seed, which learns all tasks so far at once."""
    return against(summary, label, "mtl", intransigence)


def size(summary: Summary, label: str, of: str | None = None, kind: str = "allocated") -> np.ndarray:
    """(n_seeds,): parameters after the last task; in parts of the mean of another method's, if given."""
    sizes = over_seeds(summary, label, lambda run: float(getattr(run, kind)[-1]))
    return sizes if of is None else sizes / _yardstick(summary, of)


def name_of_stl(summary: Summary) -> str:
    """What sizes "of STL" are parts of: the STL of the grid, or the separate networks there would be, with the shape.

    The shape is said since DEN may begin with another: STL 312-128, and DEN from 128-64.
    """
    if not summary.has("stl"):
        return str(_separate(summary))
    options = summary.options["stl"]["options"]
    return f"STL {'-'.join(map(str, [*options.get('filters', ()), *options['hidden']]))}"


def stored(summary: Summary, label: str) -> dict[str, float]:
    """What is stored beside parameters: name -> number of floats, mean over seeds."""
    runs = summary.runs(label)
    return {name: float(np.mean([run.stored[name] for run in runs])) for name in runs[0].stored}


def cost(summary: Summary, label: str, kind: str) -> np.ndarray:
    """(n_seeds,): "seconds" of all stages, or "multiply_adds" of their mini-batch solves."""
    return over_seeds(summary, label, lambda run: getattr(run, kind).sum())


def networks(summary: Summary, method: str) -> list[str]:
    """The labels of a method's networks that differ from each other in ``hidden`` alone, the smallest first."""
    alike = summary.options.get(method, {}).get("options", {})
    labels = [label for label, row in summary.options.items() if row["method"] == method
              and {**row["options"], "hidden": None} == {**alike, "hidden": None}]
    return sorted(labels, key=lambda label: size(summary, label).mean())


# --- DEN at other strengths --------------------------------------------------------------------------------------


def variations(summary: Summary) -> dict[str, list[str]]:
    """option -> labels of the runs of DEN that differ from "den" in this option alone, and of "den", by its value."""
    found = {option: [label for label in summary.options if _differs_in(summary, label) == {option}]
             for option in SWEPT}
    return {option: sorted([*labels, "den"], key=lambda label: value_of(summary, label, option))
            for option, labels in found.items() if labels}


def smallest_at_level(summary: Summary) -> str | None:
    """The label of the smallest DEN, at any strength, whose mean score is at least STL's; None if none is.

    This chooses by scores on test data: among several settings, the best is a little too good.
    """
    labels = {label for labels in variations(summary).values() for label in labels} | {"den"}
    level = after_last(summary, "stl").mean()
    enough = [label for label in labels if after_last(summary, label).mean() >= level]
    return min(enough, key=lambda label: size(summary, label).mean(), default=None)


def value_of(summary: Summary, label: str, option: str) -> float:
    """An option's value; of one value per layer the first."""
    value = summary.options[label]["options"][option]
    return float(value[0] if isinstance(value, list) else value)


# --- units -------------------------------------------------------------------------------------------------------


def units(summary: Summary, label: str) -> np.ndarray:
    """(n_seeds, T, L): units per hidden layer after each task, 0 in layers that are not there yet."""
    runs = summary.runs(label)
    L = max(len(widths) for run in runs for widths in run.widths)
    return np.array([[[*widths, *[0] * (L - len(widths))] for widths in run.widths] for run in runs], float)


def cost_per_unit(summary: Summary, label: str) -> float:
    """Multiply-adds of all mini-batch solves per unit there is at the end, mean over seeds; NaN if none counted."""
    spent = cost(summary, label, "multiply_adds")
    return float(np.mean(np.where(spent > 0, spent, np.nan) / units(summary, label)[:, -1].sum(axis=1)))


# --- fine-tuning beside selective retraining ---------------------------------------------------------------------


def full_retraining(summary: Summary) -> str:
    """The label of fine-tuning at DEN's size, all other options as in "finetune"; "finetune" if there is none."""
    usual, den = (summary.options.get(label, {}).get("options", {}) for label in ("finetune", "den"))
    wanted = {**usual, "hidden": den.get("hidden")}
    return next((label for label, row in summary.options.items()
                 if row["method"] == "finetune" and row["options"] == wanted), "finetune")


# --- small parts -------------------------------------------------------------------------------------------------


def _per_stage(run: Outcome, box: str, name: str, n: int) -> np.ndarray:
    """A fact as an array (T, n), NaN in stages that had no such box."""
    items: Iterable = run.facts.get(box, {}).get(name) or [None] * len(run.seconds)
    return np.array([np.full(n, np.nan) if item is None else item for item in items], dtype=float)


def _share(run: Outcome, box: str, part: str, whole: str, n: int) -> np.ndarray:
    parts, wholes = (_per_stage(run, box, name, n) for name in (part, whole))
    return np.divide(parts, wholes, out=np.full_like(parts, np.nan), where=wholes > 0)


def _yardstick(summary: Summary, of: str) -> float:
    """Mean parameters of a method; of STL, if it is not in the grid, of the separate networks there would be."""
    if of == "stl" and not summary.has("stl"):
        return _separate(summary).parameters
    return float(size(summary, of).mean()) if summary.has(of) else np.nan


def _separate(summary: Summary) -> SeparateNetworks:
    """One network per task, of the shape that the grid's first method begins with; 312-128 with none, or filters."""
    first = next(iter(summary.outcomes))
    options = summary.options[first]["options"]
    dense = {"hidden": list(STL_HIDDEN)} | ({} if options.get("filters") else options)
    return separate_networks(dense, summary.about["stream"], summary.runs(first)[0].yardstick.tolist())


def _differs_in(summary: Summary, label: str) -> set[str]:
    """Names of the options in which a run of DEN differs from "den"; {"method"} for another method."""
    here, there = summary.options[label], summary.options.get("den")
    if there is None or here["method"] != "den":
        return {"method"}
    return {name for name, value in here["options"].items() if value != there["options"].get(name)}
