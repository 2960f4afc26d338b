"""What this project set itself on MNIST-Variation, before it measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Above:
    """A goal: the mean AUROC of ``upper`` exceeds that of ``lower`` by more than ``margin``."""

    upper: str
    lower: str
    margin: float = 0.0


#: "Far above" is made a number: a little less than the paper's own smallest distance to fine-tuning, .0655 for L2.
FAR = 0.05
GOALS = (Above("den", "stl"), Above("den", "progressive"), Above("den", "ewc"), Above("den", "l2"),
         Above("progressive", "finetune", FAR), Above("ewc", "finetune", FAR), Above("l2", "finetune", FAR))

#: The largest share of STL's parameters that DEN may allocate.
LARGEST_SHARE = 0.12
