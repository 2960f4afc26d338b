"""Split digits: the ten classes arrive in groups, and the last question is which of all classes seen it is."""

import numpy as np

from den_ref.doors import OneOf
from den_ref.protocol import CLASS_INCREMENTAL, SCENARIOS, Task
from .digits import IMAGE, load_digits
from .pixels import checked_dtype, standardised, unit_interval
from .seeds import checked_seed
from .stream import SPLITS, Stream


def split_digits(seed: int = 0, *, groups="01,23,45,67,89", scenario: str = CLASS_INCREMENTAL, mnist=None,
                 per_class=None, dtype="float32") -> Stream:
    """Tasks 0, 1, ...: the digits of a group, told from each other.

    The scenario says what is asked at test time.  "class-incremental": which of all digits seen so far is it?  Nobody
    says of which task.  "task-incremental", the easier one: of the task that is named, which of its digits is it?

    All images are centred by the mean image and divided by one global deviation, both of the training images of the
    groups' digits, those to come included.

    Parameters
    ----------
    seed : int
        Changes nothing here: the images are as they are.
    groups : text or sequence of groups
        The digits of each task, two at least: "01,23" or [[0, 1], [2, 3]].
    scenario : {"class-incremental", "task-incremental"}
    mnist, per_class, dtype
        As for :func:`~den_ref.tasks.variation.mnist_variation`.

    Returns
    -------
    Stream
        Task ids are 0, 1, ...; x (n, 784); y (n,) places of the digits in their group.  ``Task.classes`` has the digits
        where the scenario is "class-incremental", and is empty where it is not.

    Raises
    ------
    ValueError
        For an argument out of its range, or a damaged file.
    """
    seed, dtype, groups = checked_seed(seed), checked_dtype(dtype), checked_groups(groups)
    OneOf(*SCENARIOS)("scenario", scenario)
    digits = load_digits(mnist, per_class)
    rows = {split: np.isin(digits.labels[split], sum(groups, ())) for split in SPLITS}
    labels = {split: digits.labels[split][rows[split]] for split in SPLITS}
    x = standardised({split: unit_interval(digits.images[split][rows[split]]) for split in SPLITS}, dtype)

    def make(index) -> Task:
        group, arrays = groups[index], []
        for split in SPLITS:
            own = np.isin(labels[split], group)
            places = labels[split][own][:, None] == np.array(group)
            arrays += [x[split][own], places.argmax(axis=1)]
        classes = group if scenario == CLASS_INCREMENTAL else ()
        return Task(index, *arrays, "softmax", len(group), classes, IMAGE)

    details = {"seed": seed, "groups": [list(group) for group in groups], "dtype": dtype.name, "digits": digits.facts}
    about = {index: ", ".join(map(str, group)) for index, group in enumerate(groups)}
    return Stream("split-digits", tuple(range(len(groups))), make, x["train"].shape[1], details, about, scenario)


def checked_groups(groups) -> tuple[tuple[int, ...], ...]:
    """The digits of each group, or a ValueError.

    >>> checked_groups("01,234"), checked_groups([[7, 1]])
    (((0, 1), (2, 3, 4)), ((7, 1),))
    """
    try:
        parts = groups.split(",") if isinstance(groups, str) else groups
        checked = tuple(tuple(int(digit) for digit in part) for part in parts)
    except (TypeError, ValueError):
        checked = ()
    digits = sum(checked, ())
    if not checked or min(map(len, checked)) < 2 or len(set(digits)) < len(digits) or not set(digits) <= set(range(10)):
        raise ValueError(f"groups: expected groups of two digits or more, each digit once, such as '01,23', "
                         f"got {groups!r}")
    return checked
