"""What the paper's figures show, as numbers to be held beside ours: ``paper.json``, which states its source.

AUROC of methods by den_ref's names; sizes are parameters in percent of MTL's.  Data sets: "mnist-variation",
"cifar-100" and "awa".
"""

from pathlib import Path

import numpy as np

from den_ref.strict_json import strict_json

#: All that was digitised, one entry per figure, and the numbers of the text that are held against them.
PAPER = strict_json(Path(__file__).with_name("paper.json").read_bytes())

#: The data set that den_ref has a stream of, and the number of its tasks.
DATA_SET, TASKS = "mnist-variation", 10


def curves(data_set: str = DATA_SET) -> dict[str, list[float]]:
    """Method -> average AUROC after 1, 2, ... tasks.  Source: Figure 3, top."""
    return PAPER["figure 3, top"]["curves"][data_set]


def after_last(data_set: str = DATA_SET) -> dict[str, float]:
    """Method -> average AUROC after the last task: where its line ends in the top row of Figure 3.

    DEN-Finetune has no line: it is the point of the bottom row.
    """
    top = PAPER["figure 3, top"]
    lines = {method: line[-1] for method, line in top["curves"].get(data_set, {}).items()}
    (_, finetuned), = sizes("den-finetune", data_set)
    return lines | top["ends"].get(data_set, {}) | {"den-finetune": finetuned}


def sizes(method: str, data_set: str = DATA_SET) -> list[tuple[float, float]]:
    """(size, AUROC after the last task) of a method's networks, the smallest first.  Source: Figure 3, bottom."""
    return [tuple(point) for point in PAPER["figure 3, bottom"][data_set].get(method, [])]


def size_of_line(method: str, data_set: str = DATA_SET) -> float:
    """The size of the network behind a method's line in the top row, which does not state it.

    That of the bottom row's point with the nearest AUROC; 100 for a method that has none there and keeps one base
    network.
    """
    end = after_last(data_set)[method]
    return min(sizes(method, data_set), key=lambda point: abs(point[1] - end), default=(100.0, end))[0]


def nearest(method: str, size: float, data_set: str = DATA_SET) -> tuple[float, float]:
    """(size, AUROC) of that of a method's networks whose size is nearest, by their ratio.

    >>> nearest("mtl", 95.0)
    (100, 0.809)
    """
    return min(sizes(method, data_set), key=lambda point: abs(np.log(point[0] / size)))


def at_size(method: str, size: float, data_set: str = DATA_SET) -> float:
    """AUROC at a size, on straight lines between a method's points of the bottom row."""
    return float(np.interp(size, *zip(*sizes(method, data_set))))


def share_of_stl(data_set: str = DATA_SET) -> float:
    """DEN's parameters in parts of the largest STL's, which is the paper's base network once per task."""
    return sizes("den", data_set)[0][0] / sizes("stl", data_set)[-1][0]


def order(data_set: str = DATA_SET) -> list[tuple[str, str]]:
    """(upper, lower): neighbours in the paper's order of AUROC after the last task."""
    scores = after_last(data_set)
    ranked = sorted(scores, key=scores.get, reverse=True)
    return list(zip(ranked, ranked[1:]))
