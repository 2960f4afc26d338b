"""Every method of the registry, as a parameter of tests."""

import pytest

from den_ref.methods import REGISTRY

#: The paper's ablations with the pull: each is the one beside it but for an option that it holds fixed.
TWINS = {"dnn-l2-selective": "dnn-selective", "den-constant": "dnn-constant", "den-dynamic": "dnn-dynamic"}

#: What shows in a twin shows in the other one: it is tried where slow tests are.
EVERY_METHOD = [pytest.param(name, marks=pytest.mark.slow) if name in TWINS else name for name in REGISTRY]
