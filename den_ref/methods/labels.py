"""What the labels of a comparison are called, and how they are drawn.

A label is a method's name, alone or followed by what is varied: "den", "den sigma=0.6", "finetune, DEN's size".
"""

import re

from den_ref.describe import Look

from .registry import known

#: Variations with a name or a look of their own, those of the comparison that comes with the package.
VARIATIONS = {
    "den split_original=keep": ("DEN, originals kept", Look("#E69F00", "-", "d")),
    "den split_original=retire": ("DEN, originals retired", Look("#009E73", "-", "d")),
    "den anchor_before_split=eq6": ("DEN, Eq. 6 before the split", Look("#CC79A7", "-", "<")),
    "den anchor_before_split=eq4": ("DEN, the pull in Eq. 4", Look("#CC79A7", "--", ">")),
    "den drift=absolute": ("DEN, absolute drift", Look("#E69F00", "-", "P")),
    "den drift=relative": ("DEN, relative drift", Look("#E69F00", "--", "X")),
    "den, defaults": ("DEN, its defaults", Look("#0072B2", "--", "d")),
    "den, dense": ("DEN without filters", Look("#0072B2", ":", "s")),
    "finetune, DEN's size": ("fine-tuning, DEN's size", Look("#D55E00", "-.", "p")),
    "finetune, STL's options": ("fine-tuning, STL's options", Look("#D55E00", ":", "<")),
}

_METHOD = re.compile(r"[\w.]+:\w+|[\w-]*")


def name_of(label: str) -> str:
    """The title of a method; of a variation, the method's title and what the label says besides; else the label.

    >>> name_of("l2"), name_of("den sigma=0.6"), name_of("finetune, DEN's size"), name_of("mine")
    ('L2', 'DEN sigma=0.6', "fine-tuning, DEN's size", 'mine')
    """
    if label in VARIATIONS:
        return VARIATIONS[label][0]
    method = _METHOD.match(label)[0]
    kind = known(method)
    return (kind.title if kind and kind.title else method) + label[len(method):]


def look_of(label: str) -> Look | None:
    """How a method, or a variation with a look of its own, is drawn; None for anything else."""
    if label in VARIATIONS:
        return VARIATIONS[label][1]
    kind = known(label)
    return kind.look if kind else None
