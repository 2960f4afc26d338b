"""The two losses: value, and gradient with respect to the logits."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, classes, coins, normals
from tests.oracles.recipe import Mistake, Question, Recipe

ORACLE = "value: the formula in 50-digit decimals; gradient: central differences of it"


def oracle_of(loss):
    """Value and gradient by differences of a loss."""
    @hp.in_fifty_digits
    def value_and_gradient(logits, labels):
        return {"value": loss(logits, labels),
                "dlogits": hp.central_differences(lambda: loss(logits, labels), logits)}

    return value_and_gradient


sigmoid_oracle, softmax_oracle = oracle_of(hp.sigmoid_loss), oracle_of(hp.softmax_loss)


def scaled(oracle, factor):
    """The mistake of a wrong constant factor, given as a function of (samples, outputs)."""
    def outputs(logits, labels):
        right, c = oracle(logits=logits, labels=labels), factor(max(len(logits), 1), logits.shape[1])
        return {"value": c * right["value"], "dlogits": c * right["dlogits"]}

    return outputs


def with_gradient(oracle, change):
    """The right value, and a gradient change(dlogits, samples)."""
    return lambda logits, labels: {"dlogits": change(oracle(logits=logits, labels=labels)["dlogits"], len(logits))}


def about_the_gradient(oracle) -> list:
    """What both losses' gradients are taken for."""
    return [
        Mistake("gradient-not-averaged", "The gradient was summed over samples, while the value is their mean; it has "
                "the same 1/n.", with_gradient(oracle, lambda dlogits, n: n * dlogits)),
        Mistake("gradient-reversed", "The gradient has the other sign: it is p - y, not y - p.",
                with_gradient(oracle, lambda dlogits, n: -dlogits))]


# --- sigmoid -----------------------------------------------------------------------------------------------------


def kink_at_zero(logits, labels):
    """max(z, 0) - y z + log(1 + exp(-abs(z))) differentiated term by term with sign(0) = 0 and a gate z >= 0."""
    right = sigmoid_oracle(logits=logits, labels=labels)["dlogits"]
    return {"dlogits": np.where(logits == 0, (1 - labels) / max(len(logits), 1), right)}


def overflowing_sigmoid(logits, labels):
    """log(1 + exp(z)) and exp(z) / (1 + exp(z)) as they stand."""
    with np.errstate(over="ignore", invalid="ignore"):
        n, power = max(len(logits), 1), np.exp(logits)
        return {"value": float((np.log(1 + power) - labels * logits).sum()) / n,
                "dlogits": (power / (1 + power) - labels) / n}


def clipped(logits, labels):
    """Probabilities cut to [1e-7, 1 - 1e-7] before the logarithm."""
    p = np.clip(1 / (1 + np.exp(-np.clip(logits, -700, 700))), 1e-7, 1 - 1e-7)
    losses = -labels * np.log(p) - (1 - labels) * np.log(1 - p)
    return {"value": float(losses.sum()) / max(len(logits), 1)}


def positives_only(logits, labels):
    """-y log p alone."""
    n = max(len(logits), 1)
    return {"value": float((labels * np.logaddexp(0, -logits)).sum()) / n,
            "dlogits": labels * sigmoid_oracle(logits=logits, labels=labels)["dlogits"]}


def clamped(logits, labels):
    """Logarithms of probabilities, not below -100."""
    p = 1 / (1 + np.exp(-np.clip(logits, -700, 700)))
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log(p), -100), np.maximum(np.log(1 - p), -100)
    return {"value": float(-(labels * yes + (1 - labels) * no).sum()) / max(len(logits), 1)}


def margins(logits, labels):
    """log(1 + exp(-y z)) with y in {0, 1}."""
    n, y = max(len(logits), 1), labels
    return {"value": float(np.logaddexp(0, -y * logits).sum()) / n,
            "dlogits": y * sigmoid_oracle(logits=logits, labels=labels)["dlogits"]}


SIGMOID = Recipe(
    name="sigmoid_cross_entropy",
    equation="value = (1/n) sum over samples and outputs of log(1 + exp(z)) - y z;  dlogits = (sigmoid(z) - y) / n",
    inputs={"logits": "float64[*,*]", "labels": "float64[*,*]"},
    outputs={"value": "float64", "dlogits": "float64[*,*]"},
    conventions=["mean over samples, sum over outputs", "at z = 0 the gradient is (1/2 - y) / n",
                 "no samples: value 0"],
    oracle=sigmoid_oracle,
    mistakes=[
        Mistake("mean-over-outputs", "The loss is averaged over outputs; it is summed over outputs, and only averaged "
                "over samples. (Both averages are the default of several frameworks.)",
                scaled(sigmoid_oracle, lambda n, k: 1 / k)),
        Mistake("sum-over-samples", "The loss is summed over samples; it is the mean over samples.",
                scaled(sigmoid_oracle, lambda n, k: n)),
        Mistake("sigmoid-gradient-at-zero", "At logit 0 the gradient is 1 - y: that comes out when the stable form is "
                "differentiated through its max and abs. It is 1/2 - y, and with 1 - y a zero head does not train "
                "(automatic differentiation does this).", kink_at_zero),
        Mistake("exp-overflows", "exp(z) is taken as it stands and overflows for large z. Use "
                "max(z, 0) - y z + log(1 + exp(-abs(z))).", overflowing_sigmoid),
        *about_the_gradient(sigmoid_oracle),
        Mistake("positives-only", "Only outputs with label 1 cost, -y log p: the term -(1 - y) log(1 - p) is missing. "
                "(It is the softmax loss that looks at the right class alone.)", positives_only),
        Mistake("probability-clipped", "Probabilities are cut to [1e-7, 1 - 1e-7] before the logarithm, so the value "
                "stops growing for confident wrong answers (a default of some frameworks).", clipped),
        Mistake("logarithms-clamped", "The logarithms of probabilities were not let below -100, so that a confident "
                "wrong answer costs at most 100 (a default of some frameworks).", clamped),
        Mistake("labels-as-signs", "log(1 + exp(-y z)) is the loss for labels -1 and 1; labels are 0 and 1.", margins),
    ],
    questions=[
        Question("at-zero", "logit 0 for both labels: value log 2, gradient -1/2 and 1/2",
                 {"logits": array([0], [0]), "labels": array([1], [0])},
                 "by hand: log(2), (1/2 - y) / 2",
                 expected={"value": float(np.log(2)), "dlogits": array([-0.25], [0.25])}),
        Question("several-outputs", "three samples, two outputs: sum over outputs, mean over samples",
                 {"logits": array([0.5, -1], [2, 0.25], [-3, 1]), "labels": array([1, 0], [0, 1], [0, 0])}, ORACLE),
        Question("huge-logits", "logits of 1e4 and -1e4, right and wrong",
                 {"logits": array([1e4, -1e4], [-1e4, 1e4]), "labels": array([1, 1], [0, 0])},
                 "by hand: each wrong answer costs 1e4", expected={
                     "value": 10000.0, "dlogits": array([0, -0.5], [0, 0.5])}),
        Question("no-samples", "an empty batch", {"logits": np.zeros((0, 2)), "labels": np.zeros((0, 2))},
                 "by convention", expected={"value": 0.0, "dlogits": np.zeros((0, 2))}),
        Question("square", "three samples, three outputs",
                 lambda: {"logits": normals(3, 3, 3, scale=2), "labels": coins(4, 3, 3)}, ORACLE),
        Question("larger", "eight samples, three outputs",
                 lambda: {"logits": normals(1, 8, 3, scale=3), "labels": coins(2, 8, 3)}, ORACLE),
    ])

# --- softmax -----------------------------------------------------------------------------------------------------


def probabilities(logits):
    """Softmax of every row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def overflowing_softmax(logits, labels):
    """exp(z) / sum exp(z) as it stands."""
    with np.errstate(all="ignore"):
        n, rows = len(logits), np.arange(len(logits))
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return {"value": float(-np.log(p[rows, labels]).sum()) / n,
                "dlogits": (p - np.eye(logits.shape[1])[labels]) / n}


def over_samples(logits, labels):
    """Every column a distribution."""
    p, n = probabilities(logits.T).T, len(logits)
    with np.errstate(divide="ignore"):
        return {"value": float(-np.log(p[np.arange(n), labels]).sum()) / n,
                "dlogits": (p - np.eye(logits.shape[1])[labels]) / n}


def one_sigmoid_each(logits, labels):
    """The sum of C sigmoid losses."""
    return sigmoid_oracle(logits=logits, labels=np.eye(logits.shape[1])[labels])


def shifted_by_the_batch(logits, labels):
    """The largest of all logits is subtracted: exp of the other rows underflows."""
    with np.errstate(all="ignore"):
        n, rows = len(logits), np.arange(len(logits))
        p = np.exp(logits - logits.max())
        p = p / p.sum(axis=1, keepdims=True)
        return {"value": float(-np.log(p[rows, labels]).sum()) / n,
                "dlogits": (p - np.eye(logits.shape[1])[labels]) / n}


def without_class_0(logits, labels):
    """The mean over the other samples."""
    real = labels != 0
    n, right = max(int(real.sum()), 1), probabilities(logits)
    return {"value": float(softmax_oracle(logits=logits[real], labels=labels[real])["value"]) if real.any() else 0.0,
            "dlogits": (right - np.eye(logits.shape[1])[labels]) * real[:, None] / n}


SOFTMAX = Recipe(
    name="softmax_cross_entropy",
    equation="value = (1/n) sum over samples of log(sum over c of exp(z_c)) - z_y;  "
             "dlogits = (softmax(z) - onehot(y)) / n",
    inputs={"logits": "float64[*,*]", "labels": "int64[*]"},
    outputs={"value": "float64", "dlogits": "float64[*,*]"},
    conventions=["mean over samples", "labels are class numbers 0..C-1 (elsewhere, of a network, rows with one 1)"],
    oracle=softmax_oracle,
    mistakes=[
        Mistake("mean-over-classes", "The loss is divided by the number of classes; it is the mean over samples only.",
                scaled(softmax_oracle, lambda n, c: 1 / c)),
        Mistake("sum-over-samples", "The loss is summed over samples; it is the mean over samples.",
                scaled(softmax_oracle, lambda n, c: n)),
        *about_the_gradient(softmax_oracle),
        Mistake("labels-from-1", "Labels were read as 1..C, so that every sample was given the class before its own; "
                "they are 0..C-1.", lambda logits, labels: softmax_oracle(logits=logits,
                                                                          labels=(labels - 1) % logits.shape[1])),
        Mistake("softmax-over-samples", "The softmax was taken over samples; samples are rows, and it is taken over "
                "the classes of each.", over_samples),
        Mistake("sigmoid-for-softmax", "Every class got a sigmoid loss of its own; this is the softmax loss.",
                one_sigmoid_each),
        Mistake("softmax-twice", "Probabilities are passed where logits are expected, so the softmax is taken twice "
                "(seen in a widely used teaching library).",
                lambda logits, labels: softmax_oracle(logits=probabilities(logits), labels=labels)),
        Mistake("exp-overflows", "exp(z) is taken as it stands and overflows. Subtract the largest logit of each "
                "sample first.", overflowing_softmax),
        Mistake("largest-of-the-batch", "The largest logit of all samples was subtracted before exp, which underflows "
                "in other samples: it is the largest of each sample. And log p is z_y less it less the logarithm of "
                "the sum: p itself may be 0.", shifted_by_the_batch),
        Mistake("class-0-ignored", "Samples of class 0 were left out, as if 0 were a padding value (ignore_index=0); "
                "it is a class.", without_class_0),
    ],
    questions=[
        Question("uniform", "equal logits: value log C", {"logits": array([0, 0], [3, 3]), "labels": np.array([1, 0])},
                 "by hand: log(2), (1/2 - onehot) / 2",
                 expected={"value": float(np.log(2)), "dlogits": array([0.25, -0.25], [-0.25, 0.25])}),
        Question("three-classes", "two samples, three classes",
                 {"logits": array([0.5, -1, 2], [1, 1.5, -0.5]), "labels": np.array([2, 0])}, ORACLE),
        Question("huge-logits", "logits of 1e4 and -1e4, one answer right and one wrong",
                 {"logits": array([1e4, 0, -1e4], [1e4, 0, -1e4]), "labels": np.array([0, 2])},
                 "by hand: the wrong answer costs 2e4",
                 expected={"value": 10000.0, "dlogits": array([0, 0, 0], [0.5, 0, -0.5])}),
        Question("one-class", "a single class is always right",
                 {"logits": array([3], [-2]), "labels": np.array([0, 0])},
                 "by hand", expected={"value": 0.0, "dlogits": array([0], [0])}),
        Question("rows-apart", "the largest logits of two samples are far apart",
                 {"logits": array([1e4, 1e4], [-1e4, -1e4]), "labels": np.array([0, 1])}, "by hand: log(2), as at 0",
                 expected={"value": float(np.log(2)), "dlogits": array([-0.25, 0.25], [0.25, -0.25])}),
        Question("square", "three samples, three classes",
                 lambda: {"logits": normals(3, 3, 3, scale=2), "labels": np.array([2, 0, 1])}, ORACLE),
        Question("larger", "seven samples, six classes",
                 lambda: {"logits": normals(1, 7, 6, scale=2), "labels": classes(2, 7, 6)}, ORACLE),
    ])

RECIPES = [SIGMOID, SOFTMAX]
