"""The toy stream learnt twice, by den_ref and by the lab's JavaScript, from the same numbers, handed over as JSON."""

import json
import subprocess
from pathlib import Path

import numpy as np

from den_ref.den import DEN, DENConfig
from den_ref.den.stage import Stage
from den_ref.experiment.one_run.presets import PRESETS
from den_ref.golden.values import encode
from den_ref.lab import MATHEMATICS
from den_ref.tasks import make_stream

LEARN = Path(__file__).resolve().parents[1] / "lab" / "toy_runs.js"
OPTIONS = PRESETS["toy"][DEN]
#: Box -> what it chooses: arrays of a Step, from the layer that is told first.
CHOICES = {"select": ("selected", 0), "prune": ("removed", 1), "split": ("split", 1)}


class Recorded(Stage):
    """A stage that writes down its draws and, for every solve, its orders of samples."""

    def draw(self, n_in, shape, scale=1.0):
        self.draws.append(drawn := super().draw(n_in, shape, scale))
        return drawn

    def solve(self, problem, validation, epochs, **how):
        orders, batches = [], problem.loss.batches

        def written_down(rng, size):
            orders.append(np.concatenate(cut := batches(rng, size)).tolist())
            return cut

        problem.loss.batches = written_down
        self.orders.append(orders)
        return super().solve(problem, validation, epochs, **how)


class RecordedDEN(DEN):
    """DEN with everything written down that is left to chance."""

    def __init__(self, config, seed):
        super().__init__(config, seed)
        self.draws, self.orders = [], []

    def stage(self, task):
        stage = super().stage(task)
        if stage.t == 1:
            self.draws += stage.previous.weights
        stage = Recorded(**vars(stage))
        stage.draws, stage.orders = self.draws, self.orders
        return stage


def learnt(seed: int, n_tasks: int = 4, **options):
    """den_ref's run: what every box chose, and the JSON from which the same can be learnt elsewhere."""
    settings = OPTIONS | {"dtype": "float64"} | options
    den = RecordedDEN(DENConfig(**settings), seed)
    tasks = make_stream("toy", dtype="float64", seed=seed).tasks[:n_tasks]
    told = [chosen(step) for task in tasks for step in den.steps(task)]
    given = {"options": {name: value for name, value in settings.items() if name != "dtype"},
             "tasks": [{split: {name: encode(getattr(task, f"{name}_{split}").astype(float)) for name in "xy"}
                        for split in ("train", "valid")} for task in tasks],
             "draws": [encode(array) for array in den.draws], "orders": den.orders}
    return told, json.dumps(given)


def chosen(step):
    """(stage, box, the units chosen in each layer, their drifts), as the JavaScript tells it."""
    name, first = CHOICES.get(step.box, ("", 0))
    layers = range(1, len(step.after.widths) + 1)
    units = [step.arrays[f"{name}/{l}"].tolist() for l in range(first, layers.stop)] if name else []
    return [step.stage, step.box, units, [step.arrays[f"drift/{l}"].tolist() for l in layers if step.box == "split"]]


def in_node(given: list[str], mathematics=MATHEMATICS) -> list:
    """What Node's runs chose, a run for each text of JSON."""
    command, asked = ["node", str(LEARN), str(mathematics)], "".join(f"{text}\n" for text in given)
    done = subprocess.run(command, input=asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
