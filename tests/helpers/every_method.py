"""Every method of the registry that answers about a task that is named, as a parameter of tests."""

import pytest

from den_ref.methods import REGISTRY
from den_ref.methods.registry import methods_on
from den_ref.methods.shared.bases import BasesMethod
from den_ref.protocol import TASK_INCREMENTAL

#: The paper's ablations with the pull: each is the one beside it but for an option that it holds fixed.
TWINS = {"dnn-l2-selective": "dnn-selective", "den-constant": "dnn-constant", "den-dynamic": "dnn-dynamic"}

#: What shows in a twin shows in the other one: it is tried where slow tests are.
EVERY_METHOD = [pytest.param(name, marks=pytest.mark.slow) if name in TWINS else name
                for name in methods_on(TASK_INCREMENTAL)]

#: What takes many steps, of which each is drawn, and what has DEN's boxes.
DRAWN = [pytest.param(name, marks=pytest.mark.slow) if name in ("adanet", "nonparametric", "den-finetune",
                                                                "den-no-timestamps", "dnn-constant") else name
         for name in EVERY_METHOD if isinstance(name, str)]
DRAWN += [name for name in EVERY_METHOD if not isinstance(name, str)]

LINEAR = [name for name, method in REGISTRY.items() if issubclass(method, BasesMethod)]
#: Those that train by epochs, on mini-batches, and keep the best epoch: all but the linear ones, and AdaNet.
TRAINED = [one for one in EVERY_METHOD if one not in (*LINEAR, "adanet")]


def small(name: str) -> dict:
    """Settings of a small network, for methods that are told its size; few rounds of one that is not."""
    quick = {"hidden": {"hidden": (8, 6)}, "additions": {"additions": 2, "epochs": 4}}
    return next((quick[option] for option in quick if option in REGISTRY[name].Config().to_dict()), {})
