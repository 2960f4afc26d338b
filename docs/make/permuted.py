"""DEN on permuted MNIST at full size, held against what DEN's released code does on the same images.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.permuted ../shared/data/mnist

Learns ten tasks of 55,000 training images, with ten outputs per task as in the released code, and writes
docs/permuted.md.  OPTIONS were chosen on the validation images, among a handful of settings.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.core.metrics import head_auroc
from den_ref.den import DEN, DENConfig
from den_ref.experiment.disk.environment import environment
from den_ref.settings import as_text
from den_ref.tasks import make_stream

from .blocks import DOCS, write_page
from .figure_6 import METHODS, block, on_record, parameters

#: What differs from DEN's defaults: as in Figure 6, but k, with which it grows about as large as the released code.  The
#: loss is a sum over ten outputs, so the strengths beside it are larger.
OPTIONS = METHODS["den"] | {"k": (25, 13)}

#: The released code with its shipped settings after seven such tasks, run by this project (docs/readings.md).
RELEASED = {"tasks": 7, "accuracy": 0.950, "AUROC": 0.997, "units": (366, 177), "CPU seconds a task": 500}

PAGE = """# Permuted MNIST, beside the released code

Written by `docs/make/permuted.py`. Ten tasks, each all of MNIST with its pixels in another order: 55,000 images
for training, 5,000 for validation, 10,000 for test, split as the code released with the paper splits them; ten outputs
per task with sigmoid cross-entropy, as there. Accuracy is that of the largest output, AUROC the mean of each class against
the rest; both are means over the tasks learnt so far, on test images. CPU seconds are of one core, everything included.

{versions}

| tasks learnt | accuracy | AUROC | accuracy of the new task | units ever made | parameters allocated | CPU seconds for the task |
|---|---|---|---|---|---|---|
{rows}

The released code with its shipped settings, run by this project on the same images and one core, after {tasks} tasks:

| after {tasks} tasks | DEN here | released code |
|---|---|---|
| accuracy | {accuracy:.4f} | {released[accuracy]:.3f} |
| AUROC | {auroc:.4f} | {released[AUROC]:.3f} |
| hidden units | {units} | {released_units} |
| parameters | {parameters:,} | {released_parameters:,} |
| CPU seconds a task | {seconds:.1f} | about {released[CPU seconds a task]} |

Parameters of the released code are those of a network of its widths with a head of ten outputs per task; ours are what is
needed to answer all tasks (edges between units that no task sees together are not counted). The same run, with AUROC and
accuracy per output instead of the accuracy above:

```sh
den-ref run --stream permuted-mnist --mnist DIR --per-class all --data loss=sigmoid --set {options}
```

## The paper's Figure 6

The paper shows permuted MNIST of its own making, as multi-class tasks. Beside it what `docs/make/figure_6.py` learnt here,
each method with the options that stand there; sizes are in percent of the parameters of one network 784-312-128 with ten
outputs per task, which is MTL's. MTL learns all ten tasks at once.

<!-- figure_6:begin -->
{figure_6}
<!-- figure_6:end -->
"""


def measured(folder: Path) -> list[dict]:
    """What is known after each task."""
    stream = make_stream("permuted-mnist", seed=0, mnist=folder, per_class="all", loss="sigmoid")
    den, seen, rows = DEN(DENConfig(**OPTIONS), seed=0), [], []
    for task in stream.tasks:
        started = time.process_time()
        den.learn(task)
        seconds = time.process_time() - started
        seen.append((task.id, task.x_test, task.y_test))
        scores = [(den.scores(task_id, x), y) for task_id, x, y in seen]
        right = [np.mean(z.argmax(axis=1) == y.argmax(axis=1)) for z, y in scores]
        rows.append({"tasks": len(seen), "accuracy": np.mean(right), "new": right[-1], "seconds": seconds,
                     "auroc": np.mean([head_auroc(z, y, "sigmoid") for z, y in scores]),
                     "units": den.network.widths, "parameters": den.capacity().allocated})
        print(rows[-1], flush=True)
    return rows


def page(rows: list[dict]) -> str:
    """docs/permuted.md."""
    lines = [f"| {r['tasks']} | {r['accuracy']:.4f} | {r['auroc']:.4f} | {r['new']:.4f} | {'-'.join(map(str, r['units']))} "
             f"| {r['parameters']:,} | {r['seconds']:.1f} |" for r in rows]
    tasks, where = RELEASED["tasks"], environment()
    then = rows[tasks - 1]
    return PAGE.format(
        versions=f"Python {where['python']}, NumPy {where['numpy']}, {where['blas']}, {where['machine']}.",
        rows="\n".join(lines), tasks=tasks, released=RELEASED, accuracy=then["accuracy"], auroc=then["auroc"],
        units="-".join(map(str, then["units"])), released_units="-".join(map(str, RELEASED["units"])),
        parameters=then["parameters"], released_parameters=parameters(RELEASED["units"], tasks),
        seconds=np.mean([r["seconds"] for r in rows[:tasks]]),
        figure_6=block(on_record()),
        options=" ".join(f"{name}={as_text(value)}" for name, value in OPTIONS.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path, help="folder with the four MNIST files")
    parser.add_argument("--out", type=Path, default=DOCS / "permuted.md")
    arguments = parser.parse_args()
    write_page(arguments.out, page(measured(arguments.mnist)))
