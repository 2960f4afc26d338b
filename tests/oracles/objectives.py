"""What the objectives of Eq. 2 to 6 share: an oracle made of a penalty and of what is free, and a network by hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import GRADIENT, array, coins, normals
from tests.oracles.recipe import Mistake

DATA = {"x": "float64[*,*]", "labels": "float64[*,*]", "loss": "string"}
OUTPUTS = {"smooth": "float64", "penalty": "float64", **GRADIENT}
ORACLE = "values: the formulas in 50-digit decimals; gradient: central differences"
CONVENTIONS = [
    "smooth is the data loss L alone, and the gradient is that of L; everything else is in penalty",
    "labels are 0 and 1, one column per output (softmax: one 1 per row, not class numbers); mean over samples, sum "
    "over sigmoid outputs",
    "the gradient of what is held is 0", "biases are not penalised",
]
BIASES = "Biases were penalised too; they are not. (The released code applies L1 and weight decay to every trainable.)"
HEAD_FREE = "The head was left out of the penalty; it is penalised like every other weight."
HELD = "What the equation holds got a gradient: only the free weights move."


def all_of(start) -> list:
    """The weight matrices, the head last."""
    return [*start["weights"], start["head"]]


def objective(penalty, free=None):
    """An oracle from a penalty and from what is free, both functions of the inputs.

    ``free(**inputs)`` is a list of truth values, or arrays of them, for weights, biases, head, head bias in turn.
    """
    @hp.in_fifty_digits
    def outputs(x, labels, loss, weights, biases, head, head_bias, **given):
        parameters = {"weights": weights, "biases": biases, "head": head, "head_bias": head_bias}
        gradient = hp.network_gradient(x, labels, loss, weights, biases, head, head_bias)
        masks = free(**parameters, **given) if free else dict.fromkeys(parameters, True)
        return {"smooth": hp.network_loss(x, labels, loss, **parameters),
                "penalty": Decimal(penalty(**parameters, **given)),
                **{f"d{name}": masked(gradient[f"d{name}"], masks[name]) for name in parameters}}

    return outputs


def masked(gradient, mask):
    """0 where the mask is false."""
    if isinstance(gradient, list):
        return [masked(one, keep) for one, keep in zip(gradient, mask if isinstance(mask, list) else
                                                       [mask] * len(gradient), strict=True)]
    return np.where(mask, gradient, Decimal(0)) if gradient.size else gradient


def other_penalty(penalty):
    """The mistake of another penalty on the same numbers."""
    @hp.in_fifty_digits
    def outputs(x, labels, loss, **parameters):
        return {"penalty": Decimal(penalty(**parameters))}

    return outputs


def other_gradient(free):
    """The mistake of another choice of what is free."""
    right = objective(lambda **given: 0, free)

    def outputs(**inputs):
        return {name: value for name, value in right(**inputs).items() if name.startswith("d")}

    return outputs


def mean_over_outputs(oracle):
    """The mistake of dividing the loss and its gradient by the number of outputs, which a sigmoid loss sums over."""
    def outputs(**inputs):
        k = inputs["head"].shape[1] if inputs["loss"] == "sigmoid" else 1
        return {name: [one / k for one in value] if isinstance(value, list) else value / k
                for name, value in oracle(**inputs).items() if name != "penalty"}

    return Mistake("mean-over-outputs", "The sigmoid loss was averaged over outputs; it is summed over them and "
                   "averaged over samples only.", outputs)


def added_to_smooth(penalty, free=None) -> list:
    """The mistakes of a penalty that is counted among what is smooth; the arguments are those of ``objective``."""
    right = objective(penalty, free)

    def value(**inputs):
        answer = right(**inputs)
        return {"smooth": answer["smooth"] + answer["penalty"]}

    @hp.in_fifty_digits
    def slope(x, labels, loss, weights, biases, head, head_bias, **given):
        parameters = {"weights": weights, "biases": biases, "head": head, "head_bias": head_bias}
        found = hp.network_gradient(x, labels, loss, weights, biases, head, head_bias)
        masks = free(**parameters, **given) if free else dict.fromkeys(parameters, True)

        def steeper(gradient, array):
            return gradient + hp.central_differences(lambda: Decimal(penalty(**parameters, **given)), array)

        return {f"d{name}": masked([steeper(g, a) for g, a in zip(found[f"d{name}"], arrays)] if isinstance(arrays,
                                                                                                            list)
                                   else steeper(found[f"d{name}"], arrays), masks[name])
                for name, arrays in parameters.items()}

    return [
        Mistake("penalty-in-smooth", "The penalty was added to the smooth value; smooth is the data loss alone.",
                value),
        Mistake("penalty-in-gradient", "The gradient (or a subgradient) of the penalty was added; the gradient is "
                "that of the data loss, and the penalty is left to its prox.", slope)]


def data(seed, n, n_inputs, n_outputs, loss="sigmoid") -> dict:
    """Samples and labels."""
    labels = coins(seed + 50, n, n_outputs) if loss == "sigmoid" else np.eye(n_outputs)[
        np.random.default_rng(seed + 50).integers(0, n_outputs, n)]
    return {"x": normals(seed, n, n_inputs), "labels": labels, "loss": loss}


#: One sample at 1, whose logit is 0 in a network 1-2-1: the loss is log 2.
SMALL = {"x": array([1]), "labels": array([1]), "loss": "sigmoid", "weights": [array([2, -1])],
         "biases": [np.array([-1.0, 0.5])], "head": array([0.5], [4]), "head_bias": np.array([-0.5])}
SMALL_GRADIENT = {"smooth": float(np.log(2)), "dweights": [array([-0.25, 0])], "dbiases": [np.array([-0.25, 0])],
                  "dhead": array([-0.5], [0]), "dhead_bias": np.array([-0.5])}
