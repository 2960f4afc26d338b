"""What is measured of a method: its quality on tasks, its size beside that of separate networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from den_ref.core.metrics import accuracy, class_aurocs, head_auroc
from den_ref.protocol import CLASS_INCREMENTAL, Method, Task

#: Hidden layers of the paper's base network: what ``stl`` counts on record, whatever shape the run began with.
STL_HIDDEN = (312, 128)


def quality(method: Method, task: Task) -> dict[str, float]:
    """AUROC and accuracy of a learnt task on its test split."""
    logits = method.scores(task.id, task.x_test)
    return {"auroc": head_auroc(logits, task.y_test, task.loss), "accuracy": accuracy(logits, task.y_test, task.loss)}


def qualities(method: Method, tasks: Sequence[Task], scenario: str) -> list[dict[str, float]]:
    """A row of R: the quality on the test split of each task learnt so far, by the question that the scenario asks.

    Task-incremental: :func:`quality`, with the task told.  Class-incremental, with C_i the classes of tasks 1..i::

        accuracy  R[i, j] = share of task j's samples x whose class is argmax over c in C_i of class_scores(x)_c
        AUROC     R[i, j] = mean over the classes c of task j of P(p_c(x) > p_c(x')), x of class c, x' of any other
                            class in C_i; p is the softmax over C_i of the scores, and ties count 1/2

    The accuracy over all classes seen is the mean of R[i, j] over j, each task counting as often as it has samples.
    """
    if scenario != CLASS_INCREMENTAL:
        return [quality(method, task) for task in tasks]
    ends = np.cumsum([0, *(task.n_outputs for task in tasks)])
    scores = [method.class_scores(task.x_test) for task in tasks]
    labels = [task.y_test + first for task, first in zip(tasks, ends)]
    aurocs = class_aurocs(np.concatenate(scores), np.concatenate(labels))
    return [{"auroc": float(np.mean(aurocs[a:b])), "accuracy": accuracy(own, y, "softmax")}
            for own, y, a, b in zip(scores, labels, ends, ends[1:])]


def stl_parameters(n_inputs: int, n_outputs: int) -> int:
    """Parameters of one separate network n_inputs-312-128-n_outputs, biases included.

    >>> stl_parameters(784, 1)
    285113
    """
    return network_parameters([n_inputs, *STL_HIDDEN, n_outputs])


def network_parameters(widths: Sequence[int]) -> int:
    """Parameters of a network of these widths, inputs to outputs, biases included."""
    return sum((below + 1) * above for below, above in zip(widths, widths[1:]))


def capacity(method: Method, separate: int) -> dict[str, Any]:
    """The method's capacity in JSON types, beside that of one separate network for each task learnt.

    ``separate`` is the number of parameters of all these networks; ``per_task`` follows the order of learning.
    """
    size = method.capacity()
    return {
        "allocated": int(size.allocated),
        "nonzero": int(size.nonzero),
        "arrays": int(size.arrays),
        "widths": [int(width) for width in size.widths],
        "per_task": [int(size.per_task[task_id]) for task_id in method.tasks],
        "stored": {name: int(floats) for name, floats in size.stored.items()},
        "stl": separate,
        "allocated_share": size.allocated / separate,
        "nonzero_share": size.nonzero / separate,
    }
