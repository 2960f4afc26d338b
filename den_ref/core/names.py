"""What the methods are called in text and pictures."""

from __future__ import annotations

import re

#: Label of a method or a variation -> its name.
NAMES = {
    "stl": "STL", "mtl": "MTL", "finetune": "fine-tuning", "l2": "L2", "ewc": "EWC", "progressive": "Progressive",
    "dnn-l1": "DNN-L1", "dnn-selective": "DNN-Selective", "dnn-dynamic": "DNN-Dynamic", "dnn-constant": "DNN-Constant",
    "den-no-timestamps": "DEN, no timestamps", "den split_original=keep": "DEN, originals kept", "den": "DEN",
    "den-finetune": "DEN-Finetune",
}


def name_of(label: str) -> str:
    """The name of a method; of a variation, the method's name and what the label says besides; else the label.

    >>> name_of("l2"), name_of("den sigma=0.6"), name_of("finetune, DEN's size"), name_of("mine")
    ('L2', 'DEN sigma=0.6', "fine-tuning, DEN's size", 'mine')
    """
    method = re.match(r"[\w-]*", label)[0]
    return NAMES.get(label) or NAMES.get(method, method) + label[len(method):]
