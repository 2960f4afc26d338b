"""What the paper reports on MNIST-Variation, and what this project set itself: to be held beside what is measured."""

from dataclasses import dataclass

#: The stream that all this is about, with its default options, and the number of its tasks.
STREAM, TASKS = "mnist-variation", 10

#: Method -> average AUROC after ten tasks, in an early version of the paper; the final one shows curves.
AUROC = {"stl": 0.796, "mtl": 0.805, "finetune": 0.679, "l2": 0.744, "ewc": 0.748, "progressive": 0.782, "den": 0.813}

#: Share of STL's parameters with which DEN reaches STL's level: MNIST-Variation, CIFAR-100, AWA.
CAPACITY = {"MNIST-Variation": 0.180, "CIFAR-100": 0.603, "AWA": 0.119}

#: (upper, lower): pairs of neighbours in the paper's order of average AUROC.
ORDER = (("den-finetune", "den"), ("den", "stl"), ("den", "mtl"), ("stl", "progressive"), ("mtl", "progressive"),
         ("progressive", "ewc"), ("ewc", "l2"), ("l2", "finetune"))


@dataclass(frozen=True)
class Above:
    """A goal of this project: the mean AUROC of ``upper`` exceeds that of ``lower`` by more than ``margin``."""

    upper: str
    lower: str
    margin: float = 0.0


#: "Far above" is made a number: a little less than the paper's own smallest distance to fine-tuning, .065 for L2.
FAR = 0.05
GOALS = (Above("den", "stl"), Above("den", "progressive"), Above("den", "ewc"), Above("den", "l2"),
         Above("progressive", "finetune", FAR), Above("ewc", "finetune", FAR), Above("l2", "finetune", FAR))

#: The largest share of STL's parameters that DEN may allocate.
LARGEST_SHARE = 0.12
