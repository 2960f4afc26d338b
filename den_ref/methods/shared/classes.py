"""Class-incremental learning: one head for all classes seen, whose columns stand in the order in which classes came."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from den_ref.core.flat import Flat
from den_ref.core.penalties import SquaredL2
from den_ref.den.network import Head
from den_ref.protocol import Task


def among_seen(task: Task, earlier: int) -> Task:
    """The task as a question about all classes seen, of which ``earlier`` came before its own; any other as it is."""
    if not task.classes:
        return task
    y_train, y_valid = task.y_train + earlier, task.y_valid + earlier
    return replace(task, y_train=y_train, y_valid=y_valid, n_outputs=earlier + task.n_outputs, classes=())


def joined(tasks: Sequence[Task]) -> Task:
    """All samples of several lots of classes as one task: which of all their classes is it?"""
    ends = np.cumsum([0, *(task.n_outputs for task in tasks)])
    lots = [among_seen(task, first) for task, first in zip(tasks, ends)]
    arrays = {name: np.concatenate([getattr(lot, name) for lot in lots])
              for name in ("x_train", "y_train", "x_valid", "y_valid")}
    return replace(lots[-1], **arrays)


def check_same_scenario(task: Task, earlier: bool) -> None:
    """A ValueError where class-incremental tasks and others are mixed; ``earlier`` says which those before are."""
    if bool(task.classes) != earlier:
        raise ValueError(f"task.classes: expected {'names' if earlier else 'none'}, as the tasks before have, got "
                         f"{task.classes!r}")


def heads_of(network: Flat, widths: Mapping[Hashable, int]) -> dict[Hashable, Head]:
    """Task -> its own columns of the head V, c for all classes, as views; ``widths``: task -> how many they are."""
    ends = np.cumsum([0, *widths.values()])
    return {task: Head(task, stage, network["V"][:, a:b], network["c"][a:b], "softmax")
            for stage, (task, a, b) in enumerate(zip(widths, ends, ends[1:]), 1)}


# --- arrays that grow with the classes ---------------------------------------------------------------------------


def corner(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The part of an array that was there when it had a smaller shape: a view of its first rows and columns."""
    return array[tuple(slice(n) for n in shape)]


def grown(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The array in a larger shape, with 0 for what is new; itself if nothing is.

    >>> grown(np.array([[1.0], [2.0]]), (2, 2))
    array([[1., 0.],
           [2., 0.]])
    """
    if array.shape == shape:
        return array
    larger = np.zeros(shape, array.dtype)
    corner(larger, array.shape)[...] = array
    return larger


def grown_to(flat: Flat, layout: Flat) -> Flat:
    """The vector in the layout of a network with more classes, with 0 for what is new."""
    return Flat.of({name: grown(array, layout.shapes[name]) for name, array in flat.views.items()},
                   flat.vector.dtype, layout.convolutions)


def pull_on(pull: SquaredL2, shape: tuple[int, ...]) -> SquaredL2:
    """The pull on an array that may have grown since: what is new is not pulled."""
    if np.shape(pull.anchor) == shape:
        return pull
    strength = np.broadcast_to(pull.strength, np.shape(pull.anchor))
    return SquaredL2(grown(strength, shape), grown(pull.anchor, shape))
