"""The comparison that comes with the package: DEN at which strengths, and its quick version."""

from collections.abc import Iterable, Mapping
from typing import Any

from den_ref.den import DENConfig
from den_ref.methods.finetune import FineTuningConfig
from den_ref.methods.shared.network import NetworkConfig
from .grid import Cell

#: Options of DEN -> values around the default: AUROC against capacity, one curve per option.  Originals that are kept
#: make the network of DEN without timestamps, here read with them: what timestamps do, all else being equal.
SWEEP = {
    "sigma": (0.02, 0.15, 0.6, 1.5),
    "gamma": (0.0, 3e-3, 1e-2),
    "mu": (1e-4, 3e-4, 1e-3),
    "k": (0, 10, 20),
    "split_original": ("keep",),
}

#: Fine-tuning in two other ways, by label: at DEN's size, for the comparison with selective retraining; and with the
#: options that are best for separate networks, which are not chosen to remember anything.
FINE_TUNING = {
    "finetune, DEN's size": {"hidden": DENConfig().hidden},
    "finetune, STL's options": {name: value for name, value in NetworkConfig().to_dict().items()
                                if value != FineTuningConfig().to_dict()[name]},
}

#: Options of the stream for a small version of the same grid.
QUICK = {"n_tasks": 5, "per_class": (300, 100, 300)}


def swept_cells(seeds: Iterable[int], settings: Mapping[str, Any] | None = None) -> list[Cell]:
    """The cells of DEN with one option at a time changed from its defaults, or from ``settings``; and FINE_TUNING."""
    settings, seeds = dict(settings or {}), list(seeds)
    usual = DENConfig.from_dict(settings)
    cells = [Cell("den", seed, {**settings, name: value}, Cell("den", seed, {name: value}).label)
             for name, values in SWEEP.items() for value in values if value != getattr(usual, name) for seed in seeds]
    return cells + [Cell("finetune", seed, changed, label) for label, changed in FINE_TUNING.items() for seed in seeds]
