"""What the slides of the lecture say and show: a function for each row of the lecture's table, in its order.

Every number is measured: on the toy stream by two runs, DEN's and fine-tuning's (seed 0, some seconds), and on the
digits by docs/results/mnist-variation.json.  Pictures are the package's own (``den_ref.plots``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib.figure import Figure

import den_ref
from den_ref.core.metrics import head_auroc
from den_ref.core.penalties import soft_threshold
from den_ref.experiment import Display, Run
from den_ref.experiment.pages.player.markup import as_math, with_math
from den_ref.plots import performance_matrix, prox_graph, show, timestamps
from den_ref.plots.canvas import canvas
from den_ref.plots.style import Style
from den_ref.protocol import Step
from den_ref.tasks.toy import ABOUT

from . import readme
from .equation_figures import lasso
from .idea import picture as idea
from .markup import html_table

#: Of pictures that are made larger than they are drawn.
STYLE = Style(text=10, line=2.0)


@dataclass(frozen=True)
class Slide:
    """A title, what stands below it (HTML), what is said (HTML), and a picture or none."""

    title: str
    body: str
    notes: str
    picture: Figure | None = None


@dataclass(frozen=True)
class Toy:
    """The toy stream learnt by DEN, box by box, and by fine-tuning."""

    den: Run
    steps: dict[tuple[int, str], Step]
    finetune: Run
    linear: float                                                  # AUROC of the best linear function on its first task


class Keep(Display):
    """Keeps every step of a run."""

    def __init__(self):
        self.steps = {}

    def step(self, step):
        self.steps[step.stage, step.box] = step


def toy() -> Toy:
    """Learn the stream twice."""
    keep = Keep()
    den = den_ref.run("den", "toy", display=keep)
    return Toy(den, keep.steps, den_ref.run("finetune", "toy"), linear_auroc(den_ref.make_stream("toy").tasks[0]))


def linear_auroc(task) -> float:
    """Test AUROC of the linear function that fits the training labels best by least squares."""
    x = [np.column_stack([part, np.ones(len(part))]) for part in (task.x_train, task.x_test)]
    weights = np.linalg.lstsq(x[0], task.y_train, rcond=None)[0]
    return head_auroc(x[1] @ weights, task.y_test, task.loss)


# --- the parts, one function for each row ------------------------------------------------------------------------


def tasks(toy: Toy) -> Iterator[Slide]:
    """The stream, and what fine-tuning makes of it."""
    rules = "".join(f"<li>{with_math(about)}</li>" for about in ABOUT.values())
    facts = toy.den.identity["stream"]
    sizes = ", ".join(f"{n:,} for {use}" for n, use in zip(facts["sizes"].values(), ("training", "validation", "test")))
    yield Slide("Tasks come one after the other", f"""
        <p>{facts["n_inputs"]} random inputs, of which four count: {as_math("p = x_0 x_1")} and
        {as_math("q = x_2 x_3")}. Four tasks, new samples for each ({sizes}):</p>
        <ol start="0">{rules}</ol>
        <p>When a task is over, its data are gone.</p>""",
                f"The best linear function has AUROC {toy.linear:.2f} on the first task; 0.5 is guessing. A product "
                "has to be found by a hidden layer. Tasks 2 and 3 need nothing new once both products are found.")
    R = toy.finetune.R["auroc"]
    yield Slide("What is gone when a task is over", f"""
        <p><b>Fine-tuning</b>: one network, trained on each task in turn.</p>
        <p>Just learnt, a task has {R.diagonal().mean():.2f} in the mean. After the last, the first three have
        {", ".join(f"{value:.2f}" for value in R[-1, :-1])}.</p>
        <p>This is <b>catastrophic forgetting</b>.</p>""",
                "Read the picture along a column: one task, as others are learnt after it. Read the diagonal: each "
                "task was learnt well. What is orange below it is forgotten.", matrices({"fine-tuning": toy.finetune}))


def algorithm(toy: Toy) -> Iterator[Slide]:
    """The idea, the boxes, the equations."""
    yield Slide("The idea of DEN", """
        <p>Retrain only what matters; grow if that is not enough; copy what would forget.</p>""",
                "Three moves. Nothing is trained that the new task does not need; nothing is added that the old units "
                "can do; what moved too far under an old task's feet is put back.", idea())
    first, second = ([step for (at, _), step in toy.steps.items() if at == stage] for stage in (1, 2))
    boxes = ["".join(f"<li>{escape(step.title)}: <em>{escape(step.about.why)}</em></li>" for step in steps)
             for steps in (first, second)]
    yield Slide("Algorithm 1 in one screen", f"""
        <div class="dense"><h3>The first task</h3><ol>{boxes[0]}</ol><h3>Every later task</h3><ol>{boxes[1]}</ol></div>""",
                "A Python generator: every line here is a step that can be stopped at, printed and drawn. Which of "
                "them could make the network forget? Those that train old weights: Eq. 4, and what is not split "
                "after it.")
    yield Slide("Five equations, one sentence", """
        <p>Minimise, over the <b>free</b> weights, the <b>loss</b> plus a <b>penalty</b>, starting from <b>here</b>.</p>
        <table><tr><th>Eq.</th><th>free</th><th>penalty</th></tr>
        <tr><td>2</td><td>the first network</td><td>L1</td></tr>
        <tr><td>3</td><td>the new head</td><td>L1</td></tr>
        <tr><td>4</td><td>the selected subnetwork</td><td>squared L2</td></tr>
        <tr><td>5</td><td>the new units</td><td>L1 and a group norm</td></tr>
        <tr><td>6</td><td>what the stage sees</td><td>squared distance to the weights before</td></tr></table>""",
                "Write the sentence on the board and fill in the blanks once per equation.")


def zeros(toy: Toy) -> Iterator[Slide]:
    """Why L1 gives exact zeros."""
    yield Slide("Where exact zeros come from", """
        <p>A loss of two weights, and a penalty. The lowest point of both lies where a contour of the loss touches the
        diamond of L1, or the disc of L2.</p><p>The diamond has corners, and on a corner one weight is 0.</p>""",
                "Left L1, right squared L2, of the same loss. Both solutions are computed, by FISTA.", lasso())
    points, threshold = np.array([2.0, 0.4, -1.5]), 0.5
    rows = "".join(f"<tr><td>{z:g}</td><td>{u:g}</td></tr>" for z, u in zip(points, soft_threshold(points, threshold)))
    yield Slide("The soft threshold", f"""
        <p>The prox of L1: everything within the threshold becomes 0, everything else moves by it.</p>
        <table><tr><th>z</th><th>threshold {threshold:g}</th></tr>{rows}</table>""",
                "A square scales a weight, and never arrives at 0. L1 subtracts, and does. Draw the three cases on the "
                "board: above, within, below.", prox())


def why(toy: Toy) -> Iterator[Slide]:
    """What the zeros of Eq. 2 are good for."""
    first, select = toy.steps[1, "eq2"], toy.steps[2, "select"]
    shares, prune = first.facts["share_of_zeros"], toy.steps[1, "prune"].facts
    yield Slide("Why they matter: few units are left", f"""
        <p>Eq. 2 on the first task: {" and ".join(f"{share:.0%}" for share in shares)} of the weights of the two layers
        are <b>exactly</b> 0.</p>
        <p>Of {" and ".join(map(str, prune["added"]))} units {" and ".join(map(str, prune["kept"]))} are left.</p>""",
                "Algorithm 2 walks along weights that are not zero. Were they merely small, it would reach every unit: "
                f"all {sum(select.facts['visible'])} inputs and units of the next task instead of "
                f"{sum(select.facts['selected'])}.", drawn(first))


def selection(toy: Toy) -> Iterator[Slide]:
    """Algorithm 2 on the second task."""
    select, retrain = toy.steps[2, "select"], toy.steps[2, "eq4"]
    inputs, *units = zip(select.facts["selected"], select.facts["visible"])
    yield Slide("Selective retraining: the walk", f"""
        <p>From the new head down, along weights that are not 0.</p>
        <p>Second task: {inputs[0]} of {inputs[1]} inputs, {units[0][0]} of {units[0][1]} units of the first layer,
        {units[1][0]} of {units[1][1]} of the second.</p>""",
                "What is not reached is not touched, so that whatever it serves stays as it is.", drawn(select))
    yield Slide("Eq. 4: only these are trained", f"""
        {formula(retrain, toy)}<p>Loss on validation data: {retrain.facts["loss_before"]:.3f}, afterwards
        {retrain.facts["loss_after"]:.3f}.</p>""",
                "Here it hardly helps: the second task has nothing in common with the first, and what was kept for the "
                "first is of no use to it. That is why the next box asks.", drawn(retrain))


def expansion(toy: Toy) -> Iterator[Slide]:
    """The decision of every task, and Algorithm 3 where it said yes."""
    losses = [step for (_, box), step in toy.steps.items() if box == "loss"]
    rows = "".join(f"<tr><td>{step.task}</td><td>{step.facts['loss']:.3f}</td><td>"
                   f"{'expand' if step.facts['expand'] else 'no'}</td></tr>" for step in losses)
    yield Slide("Is it enough?", f"""
        <p>The loss is held against {as_math("τ")} = {losses[0].facts["tau"]:g}.</p>
        <table><tr><th>task</th><th>loss</th><th></th></tr>{rows}</table>""",
                "One expansion that is needed, two that are refused: the last two tasks are made of what the first two "
                "had to find.", drawn(losses[0]))
    grow, prune = toy.steps[2, "eq5"], toy.steps[2, "prune"]
    added, kept = prune.facts["added"], prune.facts["kept"]
    yield Slide("Dynamic expansion: add, and take back", f"""
        <p>{added[0]} and {added[1]} units are added, {kept[0]} and {kept[1]} are kept.</p>
        <p>Loss {grow.facts["loss_before"]:.3f}, afterwards {grow.facts["loss_after"]:.3f}.</p>{formula(grow, toy)}""",
                "L1 makes single weights 0. The group norm makes all incoming weights of a unit 0 at once: such a unit "
                "is useless and goes.", drawn(grow))


def drift(toy: Toy) -> Iterator[Slide]:
    """Algorithm 4 on the third task, and who sees what afterwards."""
    split = toy.steps[3, "split"]
    counts = list(zip(split.facts["split"], split.facts["older"]))
    yield Slide("Drift: who would forget?", f"""
        <p>A unit that moved further than {as_math("σ")} = {split.facts["sigma"][0]:g} is split: the old one gets its
        weights back, a copy takes the new ones.</p>
        <p>Third task: {counts[0][0]} of {counts[0][1]} units of the first layer, {counts[1][0]} of {counts[1][1]} of
        the second.</p>""",
                "The original serves the older tasks, the copy the new one and those to come.", drawn(split))
    R = toy.den.R["auroc"]
    yield Slide("Timestamps: who sees what", f"""
        <p>A task reads the units that were there when it was learnt, and no later ones.</p>
        <p>The first task: {R[0, 0]:.3f} just learnt, {R[1, 0]:.3f} after the second, {R[-1, 0]:.3f} at the end.</p>""",
                "A row is a unit, a column is a task; under each task stands how many units serve it.",
                staircase(toy.den))


def left(toy: Toy) -> Iterator[Slide]:
    """Both methods on the toy, all of them on the digits."""
    ends = {name: run.R["auroc"][-1].mean() for name, run in (("DEN", toy.den), ("fine-tuning", toy.finetune))}
    size, separate = toy.den.capacities[-1]["allocated"], toy.den.separate
    yield Slide("What is left of it", f"""
        <p>After four tasks, in the mean: {", ".join(f"{name} <b>{value:.3f}</b>" for name, value in ends.items())}.</p>
        <p>DEN has {size:,} parameters; {separate} have {separate.parameters:,}.</p>""",
                "Colours are the change since a task was just learnt, on the same scale in both pictures.",
                matrices({"DEN": toy.den, "fine-tuning": toy.finetune}))
    yield Slide("Ten tasks of digits", f'<div class="dense">{html_table(readme.block(readme.results()))}</div>',
                "Learning everything at once from all data (MTL) is above DEN: it is a bound to compare with, not a "
                "method for tasks that come one by one.")


#: In the order of the rows.
PARTS = (tasks, algorithm, zeros, why, selection, expansion, drift, left)


# --- pictures and words ------------------------------------------------------------------------------------------


def drawn(step: Step) -> Figure:
    return show(step, title=False, style=STYLE)


def matrices(runs: dict[str, Run]) -> Figure:
    """R of each run."""
    figure, (axes,) = canvas(columns=len(runs), width=4.2 * len(runs), height=4.0)
    for ax, (name, run) in zip(axes, runs.items()):
        performance_matrix(ax, run.R["auroc"], run.task_ids, f"AUROC, {name}", bar=ax is axes[-1], style=STYLE)
    return figure


def prox() -> Figure:
    figure, ((ax,),) = canvas(width=4.6, height=4.0)
    z = np.linspace(-3, 3, 301)
    prox_graph(ax, z, {"L1: soft threshold": soft_threshold(z, 0.5), "squared l2: z / 1.5": z / 1.5}, threshold=0.5,
               style=STYLE)
    return figure


def staircase(run: Run) -> Figure:
    network = run.method.network
    figure, (axes,) = canvas(columns=2, width=8.4, height=4.4)
    for l, (ax, born, gone) in enumerate(zip(axes, network.introduced, network.retired), 1):
        timestamps(ax, born, gone, run.task_ids, title=f"layer {l}", style=STYLE)
    return figure


def formula(step: Step, toy: Toy) -> str:
    return f'<p class="formula">{as_math(step.about.formula_with(vars(toy.den.method.config)).text)}</p>'
