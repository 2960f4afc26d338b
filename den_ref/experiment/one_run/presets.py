"""Options that fit a stream: a method's own defaults fit the digits, a toy wants a smaller network and larger steps.

On streams that methods were tuned on, each has options of its own: ``tuned/STREAM.json``, which ``den-ref tune
--report`` writes from the records of the searches.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from den_ref.den.ablations import L1Network
from den_ref.den.algorithm import DEN
from den_ref.den.finetune import FineTuned
from den_ref.experiment.disk.files import VERSION
from den_ref.experiment.disk.json_files import check_format, check_shape, write_json
from den_ref.methods.adanet import AdaNet
from den_ref.methods.ewc import EWC
from den_ref.methods.incremental_features import IncrementalFeatures
from den_ref.methods.l2 import L2
from den_ref.methods.nonparametric import Nonparametric
from den_ref.methods.shared.network import NetworkMethod
from den_ref.methods.si import SI
from den_ref.protocol import Method
from den_ref.settings import Settings
from den_ref.strict_json import strict_json

#: The stream that the paper's experiment is made on.
PAPERS = "mnist-back"

#: Stream -> class of methods -> what replaces the defaults of all that are of the class; a later row goes before an
#: earlier one, and what a method holds fixed stays.  The toy's are to teach.  DEN starts wide, with an L1 strong enough
#: to leave few of its units; a quarter of the data in a batch lets weights stay exactly 0.  All others are trained to
#: the end: what fine-tuning has forgotten then, it had learnt.
PRESETS: dict[str, dict[type[Method], dict[str, Any]]] = {
    "toy": {
        NetworkMethod: {"hidden": (24, 12), "epochs": 40, "step": 0.01, "batch": 32, "patience": 15,
                        "weight_decay": 1e-3, "mu": 0.0},
        L2: {"lam": 0.01},
        EWC: {"lam": 1.0},
        SI: {"c": 0.1},
        IncrementalFeatures: {"features": 24, "grow": 4, "tau": 500, "window": 500, "corruption": 0.0, "epochs": 40,
                              "step": 0.05, "batch": 32, "patience": 15, "head_on": "hard", "iterations": 20},
        Nonparametric: {"hidden": (10, 10), "lam": 1e-2, "lifetime": 20.0, "step": 10.0, "batch": 50, "patience": 8,
                        "epochs_shrink": 100},
        AdaNet: {"step": 0.01, "batch": 32, "epochs": 40},
        DEN: {"hidden": (24, 12), "k": 16, "tau": 0.2, "sigma": 0.1, "mu": (8e-3, 3e-3), "mu_head": 0.02,
              "mu_l2": 1e-4, "gamma": 1e-3, "lam": (0.15, 1.5e-3), "weight_decay": 1e-5, "init_scale": 1.5,
              "step": 0.01, "batch": 250, "patience": 80, "epochs_eq2": 250, "epochs_eq4": 100, "epochs_eq5": 150,
              "epochs_eq6": 50},
        L1Network: {"mu": 1e-3},                                   # all of it is free at every task, and must not die
        FineTuned: {"finetune_epochs": 100},
    },
}

#: Folder of the files of tuned options, and the shape of one.
TUNED = Path(__file__).with_name("tuned")
SCHEMA = {"format": str, "version": int, "stream": str, "methods": {str: {str: object}}}


@cache
def tuned_options(stream: str) -> dict[str, dict[str, Any]]:
    """Method -> its options on a stream, in JSON types, as far as they were searched there; {} if none were."""
    path = TUNED / f"{stream}.json"
    return read_preset(path)["methods"] if path.exists() else {}


def read_preset(path: Path | str) -> dict[str, Any]:
    """The content of a file of tuned options; a ValueError if it is damaged or foreign."""
    try:
        preset = strict_json(Path(path).read_bytes())
        check_format(preset, "preset")
        check_shape(preset, SCHEMA, "preset")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return preset


def write_preset(path: Path, stream: str, methods: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the options of methods on a stream, in JSON types, as ``read_preset`` reads them."""
    write_json(path, {"format": "den_ref preset", "version": VERSION, "stream": stream, "methods": methods})
    tuned_options.cache_clear()                                    # it may be a file that was read


def default_options(method: type[Method], stream: str) -> Settings:
    """The options a method has on a stream when nothing else is said."""
    fields = {field.name: field for field in dataclasses.fields(method.Config)}
    fitting = [options for kind, options in PRESETS.get(stream, {}).items() if issubclass(method, kind)]
    usual = method.Config(**{name: value for options in fitting for name, value in options.items()
                             if name in fields and fields[name].metadata["check"](value) is None})
    return method.Config.from_dict(usual.to_dict() | tuned_options(stream).get(method.name, {}))


def changed_options(method: type[Method], stream: str, texts: Iterable[str]) -> dict[str, Any]:
    """The options that texts such as ``"mu=1e-4"`` change from what the method has on a stream, in JSON types."""
    default = default_options(method, stream)
    before, after = default.to_dict(), default.with_text(texts).to_dict()
    return {name: value for name, value in after.items() if value != before[name]}
