"""The tables of a comparison, in Markdown: functions of a summary."""

import numpy as np

from den_ref.core.metrics import backward_transfer, forgetting, learning_performance
from den_ref.methods.labels import name_of
from den_ref.settings import as_text
from . import numbers, paper
from .goals import GOALS, LARGEST_SHARE
from .markdown import mean, number, slashed, table
from .summary import Summary

#: What stands in a block whose methods did not run.
NOT_MEASURED = "*not measured*"
BILLIONS, STORED = "multiply-adds, 10⁹", "also stored, floats"


def quality(summary: Summary) -> str:
    """The score, and what each method forgets and carries over."""
    after = f"{summary.score} after the last task, seeds {' / '.join(map(str, summary.seeds))}"
    head = ["method", after, "mean", "just learnt", "forgetting", "backward transfer", "forward transfer",
            "intransigence"]
    return table(head, [_quality_row(summary, label) for label in main_labels(summary)])


def _quality_row(summary: Summary, label: str) -> list[str]:
    after = numbers.after_last(summary, label)
    kept = [mean(numbers.of_R(summary, label, measure), "+.3f") for measure in (forgetting, backward_transfer)]
    learnt = numbers.of_R(summary, label, learning_performance)
    return [name_of(label), slashed(numbers.by_seed(summary, label)), f"**{mean(after)}**", mean(learnt), *kept,
            mean(numbers.forward(summary, label), "+.3f"), mean(numbers.behind_joint(summary, label), "+.3f")]


def size(summary: Summary) -> str:
    """Parameters, what is stored beside them, and what learning costs."""
    of_stl = f"of {numbers.name_of_stl(summary)}"
    head = ["method", "allocated", of_stl, "of MTL's", "nonzero", of_stl, STORED,
            f"units, seed {summary.seeds[0]}", "seconds", BILLIONS]
    return table(head, [_size_row(summary, label) for label in main_labels(summary)])


def _size_row(summary: Summary, label: str) -> list[str]:
    units = "-".join(map(str, summary.runs(label)[0].widths[-1]))
    return [name_of(label), mean(numbers.size(summary, label), ",.0f"),
            mean(numbers.size(summary, label, "stl"), ".1%"), mean(numbers.size(summary, label, "mtl"), ".1%"),
            mean(numbers.size(summary, label, kind="nonzero"), ",.0f"),
            mean(numbers.size(summary, label, "stl", "nonzero"), ".1%"), _stored(summary, label), units,
            mean(numbers.cost(summary, label, "seconds"), ".0f"), _billions(summary, label)]


def units(summary: Summary) -> str:
    """Units per hidden layer after each task, and multiply-adds of training per unit that stays; mean over seeds."""
    rows = []
    for label in main_labels(summary):
        after = ["-".join(f"{n:.0f}" for n in widths) for widths in numbers.units(summary, label).mean(axis=0)]
        if any(after):                                             # a linear method has none
            rows.append([name_of(label), *after, number(numbers.cost_per_unit(summary, label) / 1e6, ",.1f")])
    head = ["units after task", *_positions(summary), "10⁶ multiply-adds per unit"]
    return table(head, rows) if rows else NOT_MEASURED


# --- beside the paper --------------------------------------------------------------------------------------------


def figures_of_paper(summary: Summary) -> str:
    """The paper's averages beside ours, each with the size of its network in percent of MTL's parameters."""
    reported = paper.after_last()
    labels = sorted((label for label in reported if summary.has(label)), key=reported.get, reverse=True)
    ours = {label: numbers.after_last(summary, label).mean() for label in labels}
    theirs = {label: reported[label] for label in labels}
    rows = [[name_of(label), number(theirs[label], ".4f"), f"{paper.size_of_line(label):g}%",
             str(_rank(label, theirs)), number(ours[label], ".4f"), mean(numbers.size(summary, label, "mtl"), ".1%"),
             str(_rank(label, ours))] for label in labels]
    return table(["method", "paper", "of MTL's", "place", "here", "of MTL's", "place"], rows)


def order(summary: Summary) -> str:
    """Neighbours in the paper's order, and whether the order here is the same."""
    reported, rows = paper.after_last(), []
    for upper, lower in paper.order():
        ahead = numbers.ahead(summary, upper, lower)
        agree = f"{(ahead > 0).sum()} of {len(ahead)}" if len(ahead) else "–"
        rows.append([f"{name_of(upper)} > {name_of(lower)}", number(reported[upper] - reported[lower], "+.4f"),
                     mean(ahead, "+.4f"), agree, _reached(ahead, 0)])
    return table(["the paper's order", "difference there", "difference here", "seeds that agree", "agrees"], rows)


def goals(summary: Summary) -> str:
    """What this project set itself, computed seed by seed: reached or not."""
    rows = [_share_goal(summary)]
    for goal in GOALS:
        ahead = numbers.ahead(summary, goal.upper, goal.lower)
        by = f" by more than {goal.margin:g}" if goal.margin else ""
        rows.append([f"{name_of(goal.upper)} above {name_of(goal.lower)}{by}", mean(ahead, "+.3f"),
                     _reached(ahead, goal.margin)])
    return table(["goal", "measured", "reached"], rows)


def capacity(summary: Summary) -> str:
    """With which share of STL's parameters DEN reaches STL's level; of the paper what its text and its figure say."""
    label = numbers.smallest_at_level(summary)
    ours = "no DEN measured reaches it" if label is None else (
        f"{numbers.size(summary, label, 'stl').mean():.1%} ({name_of(label)}; also stored: {_stored(summary, label)})")
    stated = paper.PAPER["text"]["shares of STL's parameters, percent"]
    rows = [["the paper's text", *(f"{share:.1f}%" for share in stated.values())],
            ["its Figure 3: DEN, of the largest STL", *(f"{paper.share_of_stl(name):.1%}" for name in stated)],
            [f"here, of {numbers.name_of_stl(summary)}", ours, "–", "–"]]
    head = ["DEN at STL's level, its share of STL's parameters", *(paper.PAPER["data sets"][name] for name in stated)]
    return table(head, rows)


def _share_goal(summary: Summary) -> list[str]:
    share = numbers.size(summary, "den", "stl").mean()
    return [f"DEN allocates at most {LARGEST_SHARE:.0%} of {numbers.name_of_stl(summary)}", f"{share:.1%}",
            _yes(share <= LARGEST_SHARE)]


# --- what the boxes of the algorithm do --------------------------------------------------------------------------


def retraining(summary: Summary) -> str:
    """Full retraining, L1 and selective retraining: quality, cost, and what is selected."""
    shares = numbers.over_seeds(summary, "dnn-selective", numbers.selected_share)[:, 1:].mean(axis=(0, 1))
    selected = {"dnn-selective": slashed(shares, ".0%")}
    rows = [[name_of(label), mean(numbers.after_last(summary, label)),
             mean(numbers.cost(summary, label, "seconds"), ".1f"), _billions(summary, label),
             selected.get(label, "all")]
            for label in (numbers.full_retraining(summary), "dnn-l1", "dnn-selective") if summary.has(label)]
    return table(["method", summary.score, "seconds", BILLIONS, "selected: inputs / layers"], rows)


def growth(summary: Summary) -> str:
    """Dynamic expansion beside a constant k: units added per task and layer, mean over seeds."""
    rows = []
    for label in ("dnn-dynamic", "dnn-constant"):
        added = numbers.over_seeds(summary, label, numbers.units_added)[:, 1:].mean(axis=0)
        for l, per_task in enumerate(added.T, 1):
            rows.append([f"{name_of(label)}, layer {l}", *(number(units, ".1f") for units in per_task),
                         number(per_task.sum(), ".1f")])
    return table(["units added at task", *_positions(summary)[1:], "all"], rows)


def splitting(summary: Summary) -> str:
    """Units split per task and layer beside the backward transfer of the task that came before; mean over seeds."""
    split = numbers.over_seeds(summary, "den", numbers.units_split).mean(axis=0)
    share = numbers.over_seeds(summary, "den", numbers.split_share).mean(axis=0)
    transfer = numbers.of_R(summary, "den", numbers.transfer_per_task).mean(axis=0)
    rows = [[f"units of layer {l} split", "–", *map(_part, counts[1:], parts[1:])]
            for l, (counts, parts) in enumerate(zip(split.T, share.T), 1)]
    rows.append([f"{summary.score} at the end minus just learnt", *(number(value, "+.3f") for value in transfer),
                 "–"])
    return table(["task", *_positions(summary)], rows)


def split_strengths(summary: Summary) -> str:
    """Units split at different sigma, beside the transfer that is left: what is split cannot transfer back."""
    rows, labels = [], numbers.variations(summary).get("sigma")
    if labels is None:
        return NOT_MEASURED
    for label in labels:
        shares = np.nanmean(numbers.over_seeds(summary, label, numbers.split_share), axis=(0, 1))
        transfers = numbers.of_R(summary, label, numbers.transfer_per_task)
        rows.append([f"{numbers.value_of(summary, label, 'sigma'):g}", *(f"{share:.0%}" for share in shares),
                     mean(numbers.of_R(summary, label, backward_transfer), "+.4f"), number(transfers.max(), "+.3f"),
                     number(transfers.min(), "+.3f"), mean(numbers.after_last(summary, label)),
                     mean(numbers.size(summary, label, "stl"), ".1%")])
    layers = [f"split, layer {l}" for l in range(1, len(rows[0]) - 5)]
    return table(["sigma", *layers, "backward transfer", "largest gain", "largest loss", summary.score,
                  f"of {numbers.name_of_stl(summary)}"], rows)


def strengths(summary: Summary) -> str:
    """DEN with one option changed: quality and size."""
    rows = []
    for option, labels in numbers.variations(summary).items():
        for label in labels:
            value = f"{numbers.value_of(summary, label, option):g}" + (" (default)" if label == "den" else "")
            after, forgotten = numbers.after_last(summary, label), numbers.of_R(summary, label, forgetting)
            rows.append([option, value, slashed(numbers.by_seed(summary, label)), mean(after), mean(forgotten, "+.3f"),
                         mean(numbers.size(summary, label, "stl"), ".1%"),
                         mean(numbers.size(summary, label, "mtl"), ".1%"), _stored(summary, label)])
    head = ["option", "value", f"{summary.score} by seed", "mean", "forgetting",
            f"allocated, of {numbers.name_of_stl(summary)}", "of MTL's", STORED]
    return table(head, rows) if rows else NOT_MEASURED


# --- what was run ------------------------------------------------------------------------------------------------


def conditions(summary: Summary) -> str:
    """What the numbers were measured on, and with; below it what was changed from the defaults."""
    about, seeds = summary.about, ", ".join(map(str, summary.seeds))
    runs = sum(map(len, summary.outcomes.values()))
    first = (f"Stream {about['stream']['name']}, {len(about['tasks'])} tasks in the order "
             f"{', '.join(map(str, about['tasks']))}; seeds {seeds}; {runs} runs; den_ref {about['den_ref']}, "
             f"{_environments(about['environments'])}.")
    changes = [f"- {what}: {', '.join(f'{option} = {as_text(value)}' for option, value in changed.items())}"
               for what, changed in _changed(summary).items() if changed]
    return "\n".join([first, "", "Changed from the defaults:", "", *changes]) if changes else first


def _environments(environments: list[dict]) -> str:
    """The first, and whether runs were begun in others."""
    texts = [f"Python {where['python']}, NumPy {where['numpy']}, SciPy {where['scipy']}, {where['blas']}, "
             f"{where['machine']}" for where in environments]
    return texts[0] + (" and others" if len(set(texts)) > 1 else "")


def _changed(summary: Summary) -> dict[str, dict]:
    """What was changed, of the stream and of each method; DEN at other strengths says so by its label."""
    methods = {name_of(label): summary.options[label]["changed"] for label in main_labels(summary)}
    return {"stream": summary.about["stream_options"], **methods}


#: Name of a block -> the function that writes it, and the methods it needs.
TABLES = {
    "conditions": (conditions, ()),
    "quality": (quality, ()),
    "size": (size, ()),
    "units": (units, ()),
    "goals": (goals, ("den",)),
    "paper": (figures_of_paper, ("den",)),
    "order": (order, ("den",)),
    "capacity": (capacity, ("den", "stl")),
    "strengths": (strengths, ("den",)),
    "retraining": (retraining, ("dnn-selective",)),
    "growth": (growth, ("dnn-dynamic", "dnn-constant")),
    "splitting": (splitting, ("den",)),
    "split_strengths": (split_strengths, ("den", "stl")),
}


#: These hold against the paper what was measured on the paper's tasks.
OF_THE_PAPER = ("goals", "paper", "order", "capacity")


def blocks(summary: Summary) -> dict[str, str]:
    """All tables by name; those whose methods or tasks were not run say so."""
    papers = _on_the_papers_tasks(summary)
    return {name: write(summary) if summary.has(*needed) and (papers or name not in OF_THE_PAPER) else NOT_MEASURED
            for name, (write, needed) in TABLES.items()}


# --- small parts -------------------------------------------------------------------------------------------------


def main_labels(summary: Summary) -> list[str]:
    """The methods, without DEN at other strengths; a variation stands after its method."""
    varied = {label for labels in numbers.variations(summary).values() for label in labels} - {"den"}
    labels, methods = list(summary.outcomes), {label: row["method"] for label, row in summary.options.items()}
    places = {label: labels.index(methods[label] if methods[label] in labels else label) for label in labels}
    return sorted((label for label in labels if label not in varied), key=places.get)


def _on_the_papers_tasks(summary: Summary) -> bool:
    """Whether the stream is the paper's as we understand it: all its tasks, no option of it changed."""
    about = summary.about
    return (about["stream"]["name"] == paper.DATA_SET and len(about["tasks"]) == paper.TASKS
            and set(about["stream_options"]) <= {"n_tasks"})


def _stored(summary: Summary, label: str) -> str:
    return ", ".join(f"{what} {floats:,.0f}" for what, floats in numbers.stored(summary, label).items()) or "0"


def _billions(summary: Summary, label: str) -> str:
    return mean(numbers.cost(summary, label, "multiply_adds") / 1e9, ".3g")


def _part(count: float, share: float) -> str:
    return f"{number(count, '.1f')} ({number(share, '.0%')})"


def _rank(label: str, scores) -> int:
    return 1 + sum(score > scores[label] for score in scores.values())


def _reached(ahead: np.ndarray, margin: float) -> str:
    return _yes(ahead.mean() > margin) if len(ahead) else "not measured"


def _yes(fine: bool) -> str:
    return "yes" if fine else "**no**"


def _positions(summary: Summary) -> list[str]:
    return [str(position) for position in range(1, len(summary.about["tasks"]) + 1)]
