"""The diagonal of the Fisher information, by which EWC weighs every weight."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from math import prod

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import GRADIENT, NETWORK, array, coins, network, normals
from tests.oracles.recipe import Mistake, Question, Recipe

# --- labels that a sample may have: (label row, share) -----------------------------------------------------------


def drawn_from_the_model(logits, label, loss) -> list:
    """Every label, with its probability: a class each, or every row of 0 and 1, since sigmoid outputs are independent.

    Nothing is summed up in advance: p (1 - p) does not occur here.
    """
    if loss == "softmax":
        powers = [(z - max(logits)).exp() for z in logits]
        return [(row, power / sum(powers)) for row, power in zip(np.eye(len(logits)), powers, strict=True)]
    return [(np.array(row), prod(hp.sigmoid(z if y else -z) for y, z in zip(row, logits, strict=True)))
            for row in product((0, 1), repeat=len(logits))]


def of_the_data(logits, label, loss) -> list:
    """The label there is."""
    return [(label, Decimal(1))]


def equally_likely(logits, label, loss) -> list:
    """Every label, each with the same share."""
    rows = [row for row, _ in drawn_from_the_model(logits, label, loss)]
    return [(row, 1 / Decimal(len(rows))) for row in rows]


def likeliest(logits, label, loss) -> list:
    """The label that the network itself would give."""
    best = max(logits)
    return [(np.array([z == best if loss == "softmax" else z > 0 for z in logits], float), Decimal(1))]


KINDS = {"exact": drawn_from_the_model, "empirical": of_the_data}
OTHER_KIND = {"exact": of_the_data, "empirical": drawn_from_the_model}

# --- the oracle, and what mistakes make of it --------------------------------------------------------------------

OUTPUTS = {name.replace("d", "fisher_", 1): kind for name, kind in GRADIENT.items()}


def gradients(x, labels, loss, weights, biases, head, head_bias) -> list:
    """dloss/d(every array), in the order of OUTPUTS, as lists."""
    found = hp.network_gradient(x, labels, loss, weights, biases, head, head_bias)
    return [value if isinstance(value, list) else [value] for value in found.values()]


def named(groups) -> dict:
    """Lists of arrays under the names of OUTPUTS."""
    return {name.split("/")[0]: group if "*" in name else group[0]
            for name, group in zip(OUTPUTS, groups, strict=True)}


def each(function, *groups) -> list:
    """function(array, ...) for every array of lists of lists."""
    return [[function(*arrays) for arrays in zip(*lists, strict=True)] for lists in zip(*groups, strict=True)]


def fisher(kinds=KINDS, of=lambda g: g * g):
    """(1/n) sum over samples, and over the labels they may have, of share * of(gradient of that one loss)."""
    @hp.in_fifty_digits
    def outputs(x, labels, loss, kind, **parameters):
        terms = [each(lambda g, share=share: share * of(g), gradients(x[i:i + 1], row[None], loss, **parameters))
                 for i in range(len(x))
                 for row, share in kinds[kind](logits_of(x[i:i + 1], **parameters), labels[i], loss)]
        return named(each(lambda *arrays: sum(arrays) / len(x), *terms))

    return outputs


def logits_of(x, weights, biases, head, head_bias) -> list:
    """The logits of one sample."""
    return list((hp.product([x, *hp.activations(x, weights, biases)][-1], head) + head_bias)[0])


def times(factor, of=fisher()):
    """The answer times factor(inputs)."""
    def outputs(**inputs):
        c = factor(**inputs)
        return {name: [c * one for one in value] if isinstance(value, list) else c * value
                for name, value in of(**inputs).items()}

    return outputs


@hp.in_fifty_digits
def square_of_mean(x, labels, loss, kind, **parameters):
    """The mean gradient of all samples, squared; with labels drawn from the model it would be 0."""
    if kind == "exact":
        return {}
    return named(each(lambda g: g * g, gradients(x, labels, loss, **parameters)))


def outputs_apart(x, labels, loss, kind, head, head_bias, **below):
    """Below the head, the squares of every sigmoid output's own gradient are added up."""
    if kind == "exact" or loss == "softmax":
        return {}
    apart = [fisher()(x=x, labels=labels[:, [o]], loss=loss, kind=kind, head=head[:, [o]], head_bias=head_bias[[o]],
                      **below) for o in range(len(head_bias))]
    return {name: [sum(arrays) for arrays in zip(*(one[name] for one in apart))]
            for name in ("fisher_weights", "fisher_biases")}


def only_exact(kind):
    """Another choice of labels where the exact kind is asked for."""
    return fisher({**KINDS, "exact": kind})


# --- cases -------------------------------------------------------------------------------------------------------

ENUMERATED = ("every sample with every label it may have, one gradient each by central differences in 50-digit "
              "decimals")
#: Logit 0 whatever the label; the second unit is dead.
SMALL = {"loss": "sigmoid", "weights": [array([2, -1])], "biases": [np.array([-1.0, 0.5])], "head": array([0.5], [4]),
         "head_bias": np.array([-0.5])}
SMALL_FISHER = {"fisher_weights": [array([0.0625, 0])], "fisher_biases": [np.array([0.0625, 0])],
                "fisher_head": array([0.25], [0]), "fisher_head_bias": np.array([0.25])}


def drawn(seed, n, widths, n_outputs, loss, kind) -> dict:
    """Samples, labels and a network."""
    labels = coins(seed + 50, n, n_outputs) if loss == "sigmoid" else np.eye(n_outputs)[
        np.random.default_rng(seed + 50).integers(0, n_outputs, n)]
    return {"x": normals(seed, n, widths[0]), "labels": labels, "loss": loss, "kind": kind,
            **network(seed + 1, *widths, n_outputs=n_outputs)}


RECIPE = Recipe(
    name="fisher_diagonal",
    equation="F_w = (1/n) sum over samples x of E_y[(d loss(x, y) / d w)^2] for every weight and bias w, with y ~ "
             "p(y | x) of the network (exact) or y the label in the data (empirical): the Fisher information in EWC "
             "(Kirkpatrick et al. 2017)",
    inputs={"x": "float64[*,*]", "labels": "float64[*,*]", "loss": "string", "kind": "string", **NETWORK},
    outputs=OUTPUTS,
    conventions=["every sample's own gradient is squared, then averaged over samples",
                 "loss(x, y) is that of one sample: summed over sigmoid outputs, -log p_y for a softmax",
                 "exact: an expectation over all labels, not one draw; it does not look at labels",
                 "labels are 0 and 1, one column per output (softmax: one 1 per row, not class numbers)",
                 "the gate of the ReLU is a > 0: a dead unit has F = 0"],
    oracle=fisher(),
    mistakes=[
        Mistake("sum-over-samples", "The squares were summed over samples; F is their mean, or the strength of the "
                "pull depends on how many samples there are.", times(lambda x, **others: len(x))),
        Mistake("batch-squared", "The gradient of the mean loss was squared: gradients of different samples cancel "
                "before the square. Each sample's gradient is squared first. (Seen in a public framework and in the "
                "code of two papers.)", square_of_mean),
        Mistake("batch-squared-times-size", "The gradient of the mean loss was squared, and multiplied by the number "
                "of samples: right in expectation only where the mean gradient is 0. (Seen in the code of a well-known "
                "paper.)", times(lambda x, **others: len(x), square_of_mean)),
        Mistake("other-kind", "Labels of the data were taken where labels drawn from the model are asked for "
                "(exact), or the other way round (empirical).", fisher(OTHER_KIND)),
        Mistake("likeliest-label", "The label that the network finds likeliest was taken; exact goes through all "
                "labels, each with its probability.", only_exact(likeliest)),
        Mistake("labels-equally-likely", "All labels got the same share; each has its probability under the network.",
                only_exact(equally_likely)),
        Mistake("absolute-gradients", "The gradients' absolute values were averaged; it is their squares. (That is the "
                "importance of another method.)", fisher(of=abs)),
        Mistake("mean-over-outputs", "The sigmoid loss was averaged over outputs; it is summed over them, and so F is "
                "K^2 times as large.", times(
                    lambda head, loss, **others: 1 / head.shape[1] ** 2 if loss == "sigmoid" else 1.0)),
        Mistake("outputs-squared-apart", "empirical: every output's own gradient was squared, and the squares added; "
                "the gradient of the whole loss is squared.", outputs_apart),
    ],
    questions=[
        Question("by-hand", "one sample at logit 0, one unit dead: both kinds give the same",
                 {"x": array([1]), "labels": array([1]), "kind": "exact", **SMALL},
                 "by hand: dloss/dlogit = -1/2 or 1/2, h = (1, 0)", expected=SMALL_FISHER),
        Question("gradients-cancel",
                 "two equal samples with both labels: the mean gradient is 0, the information is not",
                 {"x": array([1], [1]), "labels": array([1], [0]), "kind": "empirical", **SMALL},
                 "by hand: (1/4 + 1/4) / 2 at the logit", expected=SMALL_FISHER),
        Question("four-equal-classes", "a softmax head of zeros: p = 1/4 each",
                 {"x": array([1, 2]), "labels": array([0, 1, 0, 0]), "loss": "softmax", "kind": "exact",
                  "weights": [array([1], [0.5])], "biases": [np.array([0.0])], "head": np.zeros((1, 4)),
                  "head_bias": np.zeros(4)},
                 "by hand: h = 2, E[(p_c - y_c)^2] = (1/4) (9/16) + (3/4) (1/16) = 3/16",
                 expected={"fisher_weights": [np.zeros((2, 1))], "fisher_biases": [np.zeros(1)],
                           "fisher_head": array([0.75, 0.75, 0.75, 0.75]), "fisher_head_bias": np.full(4, 0.1875)}),
        Question("several-outputs", "two hidden layers, three sigmoid outputs",
                 lambda: drawn(1, 4, (3, 4, 3), 3, "sigmoid", "exact"), ENUMERATED),
        Question("several-outputs-empirical", "one hidden layer, two sigmoid outputs, the labels of the data",
                 lambda: drawn(2, 6, (3, 5), 2, "sigmoid", "empirical"), ENUMERATED),
        Question("softmax", "two hidden layers, four classes",
                 lambda: drawn(3, 4, (3, 4, 3), 4, "softmax", "exact"), ENUMERATED),
        Question("softmax-empirical", "one hidden layer, three classes, the labels of the data",
                 lambda: drawn(4, 6, (4, 4), 3, "softmax", "empirical"), ENUMERATED),
    ])
