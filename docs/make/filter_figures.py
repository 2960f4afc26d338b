"""Write the pictures of filters in docs/convolution.md: python -m docs.make.filter_figures."""

import numpy as np

from den_ref.den import DEN, DENConfig
from den_ref.plots.canvas import canvas, mosaic
from den_ref.plots.filters import filters, looked_at, maps, selected_filters
from den_ref.plots.panels import maps_of
from den_ref.tasks import make_stream

from .blocks import DOCS

FIGURES = DOCS / "figures"
#: Long steps and strong penalties, no pull: within seconds filters are left out, and others drift so far that it shows.
OPTIONS = DENConfig(filters=(6, 8), stride=2, hidden=(16,), step=0.01, mu=(1e-3, 1e-2, 1e-2, 1e-3), mu_head=2e-2,
                    gamma=1e-4, weight_decay=1e-2, mu_l2=6e-3, lam=0.0, sigma=0.3, max_splits=2, k=5, epochs_eq2=20,
                    epochs_eq4=10, epochs_eq5=8, epochs_eq6=6, patience=4, batch=128)


def learnt(n_tasks: int = 3):
    """(the tasks, all steps of a DEN that learnt them)."""
    tasks = make_stream("mnist-variation", per_class=(100, 40, 100), n_tasks=n_tasks).tasks
    den = DEN(OPTIONS, seed=0)
    return tasks, [step for task in tasks for step in den.learn(task)]


def split(tasks, steps):
    """Two filters of the first layer before the second task, before they are split and after, and their maps."""
    step = next(step for step in steps if (step.stage, step.box) == (2, "split"))
    first = next(step for step in steps if step.stage == 2).before
    units, x = step.arrays["split/1"], tasks[0].x_test[0].reshape(28, 28, 1)
    copies = step.before.widths[0] + np.arange(len(units))
    moments = {"learnt with\nthe first task": (first, units), "retrained for\nthe second": (step.before, units),
               "original\nafter the split": (step.after, units), "copy\nafter the split": (step.after, copies)}
    windows = np.stack([network.weights[0][:, which].T for network, which in moments.values()], axis=1)
    seen = np.stack([maps_of(network, x, 1)[which] for network, which in moments.values()], axis=1)
    made, axes = mosaic([["image", *["filters"] * 3], ["image", *["maps"] * 3]], width=8.1, height=6.4)
    looked_at(axes["image"], x)
    names = [f"filter {unit}" for unit in units]
    filters(axes["filters"], windows, (5, 5), list(moments), names)
    maps(axes["maps"], seen, list(moments), names)
    return made


def selected(tasks, steps):
    """The filters that the third task selects."""
    step = next(step for step in steps if (step.stage, step.box) == (3, "select"))
    made, axes = canvas(rows=2, width=6.0, height=6.6, height_ratios=(1, 4))
    for l, ax in enumerate(axes[:, 0], 1):
        selected_filters(ax, step.after.weights[l - 1], (5, 5), step.arrays[f"selected/{l - 1}"],
                         step.arrays[f"selected/{l}"], name=f"filters W{l}")
    return made


if __name__ == "__main__":
    run = learnt()
    for page in (split, selected):
        page(*run).savefig(FIGURES / f"filters_{page.__name__}.png", dpi=110)
