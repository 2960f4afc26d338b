"""What is measured of a method: its quality on a task, its size beside that of separate networks."""

from collections.abc import Sequence
from typing import Any

from den_ref.core.metrics import accuracy, head_auroc
from den_ref.protocol import Method, Task

#: Hidden layers of the paper's base network: what ``stl`` counts on record, whatever shape the run began with.
STL_HIDDEN = (312, 128)


def quality(method: Method, task: Task) -> dict[str, float]:
    """AUROC and accuracy of a learnt task on its test split."""
    logits = method.scores(task.id, task.x_test)
    return {"auroc": head_auroc(logits, task.y_test, task.loss), "accuracy": accuracy(logits, task.y_test, task.loss)}


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
