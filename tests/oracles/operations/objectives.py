"""Eq. 2 to 6: value and gradient of the smooth part, and value of the penalty."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import GRADIENT, NETWORK, array, coins, network, normals
from tests.oracles.recipe import Mistake, Question, Recipe

DATA = {"x": "float64[*,*]", "labels": "float64[*,*]", "loss": "string"}
OUTPUTS = {"smooth": "float64", "penalty": "float64", **GRADIENT}
ORACLE = "values: the formulas in 50-digit decimals; gradient: central differences"
CONVENTIONS = [
    "smooth is the data loss L alone, and the gradient is that of L; everything else is in penalty",
    "labels are 0 and 1, one column per output (softmax: one 1 per row); mean over samples, sum over sigmoid outputs",
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
AT_LOGIT_0 = {"smooth": "f64", "penalty": "exact", "dweights": "exact", "dbiases": "exact", "dhead": "exact",
              "dhead_bias": "exact"}

# --- Eq. 2 -------------------------------------------------------------------------------------------------------


def l1_of(weights, head, mu, **others):
    """mu sum abs of every weight matrix."""
    return mu * sum(map(hp.l1, [*weights, head]), Decimal(0))


def rms(weights, head, mu, **others):
    """mu times the Euclidean norm."""
    return mu * hp.norm(np.concatenate([w.ravel() for w in [*weights, head]]))


EQ2 = Recipe(
    name="objective_eq2",
    equation="L(W) + mu sum over all weight matrices, the head included, of sum(abs(W))  (Eq. 2)",
    inputs={**DATA, **NETWORK, "mu": "float64"},
    outputs=OUTPUTS,
    conventions=CONVENTIONS,
    oracle=objective(l1_of),
    mistakes=[
        Mistake("l1-on-biases", BIASES, other_penalty(
            lambda biases, head_bias, mu, **others: l1_of(mu=mu, **others)
            + mu * sum(map(hp.l1, [*biases, head_bias]), Decimal(0)))),
        Mistake("head-not-penalised", HEAD_FREE, other_penalty(
            lambda weights, head, mu, **others: l1_of(weights, head * 0, mu))),
        Mistake("norm-for-l1", "The Euclidean norm was taken; L1 is the sum of abs. (Seen in a popular collection of "
                "implementations.)", other_penalty(rms)),
        Mistake("half-factor", "The penalty was halved; L1 has no factor 1/2.",
                other_penalty(lambda **given: l1_of(**given) / 2)),
        Mistake("mean-of-weights", "The mean of abs was taken; it is the sum.", other_penalty(
            lambda weights, head, mu, **others: l1_of(weights, head, mu) / sum(w.size for w in [*weights, head]))),
        mean_over_outputs(objective(l1_of)),
    ],
    questions=[
        Question("by-hand", "one sample, two units, one of them silent; the logit is 0", {**SMALL, "mu": 0.25},
                 "by hand: h = (1, 0), dlogit = -1/2; penalty (3 + 4.5) / 4", AT_LOGIT_0,
                 expected={**SMALL_GRADIENT, "penalty": 1.875}),
        Question("no-penalty", "strength 0", {**SMALL, "mu": 0.0}, "by hand", AT_LOGIT_0,
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("several-outputs", "two hidden layers, three sigmoid outputs",
                 lambda: {**data(1, 5, 4, 3), **network(2, 4, 4, 3, n_outputs=3), "mu": 0.01}, ORACLE),
        Question("softmax", "one hidden layer, four classes",
                 lambda: {**data(3, 6, 3, 4, "softmax"), **network(4, 3, 5, n_outputs=4), "mu": 0.03}, ORACLE),
    ])

# --- Eq. 3 -------------------------------------------------------------------------------------------------------


def of_head(function):
    """An oracle or mistake on a network without hidden layers, in the names of Eq. 3."""
    def outputs(features, labels, loss, head, head_bias, mu_head):
        answer = function(x=features, labels=labels, loss=loss, weights=[], biases=[], head=head, head_bias=head_bias,
                          mu=mu_head)
        return {name: value for name, value in answer.items() if name not in ("dweights", "dbiases")}

    return outputs


HEAD = {"features": "float64[*,*]", "labels": "float64[*,*]", "loss": "string", "head": "float64[*,*]",
        "head_bias": "float64[*]", "mu_head": "float64"}


def head_case(seed, n, p, k, loss, mu_head) -> dict:
    """Features as a ReLU leaves them, and a head with a zero."""
    given = data(seed, n, p, k, loss)
    head = normals(seed + 1, p, k)
    head[0] = 0
    return {"features": np.maximum(given["x"], 0), "labels": given["labels"], "loss": loss, "head": head,
            "head_bias": normals(seed + 2, k), "mu_head": mu_head}


EQ3 = Recipe(
    name="objective_eq3",
    equation="L(V, c) + mu_head sum(abs(V)) with logits = features V + c; everything below the head is held  (Eq. 3)",
    inputs=HEAD,
    outputs={"smooth": "float64", "penalty": "float64", "dhead": "float64[*,*]", "dhead_bias": "float64[*]"},
    conventions=CONVENTIONS,
    oracle=of_head(objective(l1_of)),
    mistakes=[
        Mistake("l1-on-biases", BIASES, of_head(EQ2.mistakes[0].outputs)),
        Mistake("half-factor", "The penalty was halved; L1 has no factor 1/2.", of_head(EQ2.mistakes[3].outputs)),
        mean_over_outputs(of_head(objective(l1_of))),
    ],
    questions=[
        Question("by-hand", "two samples, both at logit 0, one of either label",
                 {"features": array([1, 2], [2, 4]), "labels": array([1], [0]), "loss": "sigmoid",
                  "head": array([2], [-1]), "head_bias": np.array([0.0]), "mu_head": 0.5},
                 "by hand: dlogits = (-1/4, 1/4)", {"smooth": "f64", "penalty": "exact", "dhead": "exact",
                                                    "dhead_bias": "exact"},
                 expected={"smooth": float(np.log(2)), "penalty": 1.5, "dhead": array([0.25], [0.5]),
                           "dhead_bias": np.array([0.0])}),
        Question("no-features", "nothing below: the head is its bias",
                 {"features": np.zeros((2, 0)), "labels": array([1], [0]), "loss": "sigmoid", "head": np.zeros((0, 1)),
                  "head_bias": np.array([0.0]), "mu_head": 0.5}, "by hand",
                 {"smooth": "f64", "penalty": "exact", "dhead": "exact", "dhead_bias": "exact"},
                 expected={"smooth": float(np.log(2)), "penalty": 0.0, "dhead": np.zeros((0, 1)),
                           "dhead_bias": np.array([0.0])}),
        Question("several-outputs", "eight samples, five features, three outputs",
                 lambda: head_case(1, 8, 5, 3, "sigmoid", 0.02), ORACLE),
        Question("softmax", "eight samples, six features, four classes",
                 lambda: head_case(4, 8, 6, 4, "softmax", 0.05), ORACLE),
    ])

# --- Eq. 4 -------------------------------------------------------------------------------------------------------


def square_of(weights, head, mu_l2, **others):
    """(mu_l2 / 2) norm^2 of the weight matrices and the head."""
    return mu_l2 / 2 * sum((hp.total(w ** 2) for w in [*weights, head]), Decimal(0))


def free_edges(weights, biases, edges, **others):
    """The nonzero edges, every bias, the whole head."""
    return {"weights": edges, "biases": True, "head": True, "head_bias": True}


def sparse(seed, *shape, share=0.6):
    """Which connections exist."""
    return np.random.default_rng(seed).random(shape) < share


def sparse_network(seed, *widths, n_outputs=1) -> dict:
    """A network some of whose connections do not exist, with its edges; one edge is 0 by chance."""
    drawn = network(seed, *widths, n_outputs=n_outputs)
    edges = [sparse(seed + 40 + l, *w.shape) for l, w in enumerate(drawn["weights"])]
    return {**drawn, "weights": [w * e for w, e in zip(drawn["weights"], edges, strict=True)], "edges": edges}


EQ4 = Recipe(
    name="objective_eq4",
    equation="L(W_S) + (mu_l2 / 2) norm(W_S)^2, W_S being the edges among the selected units that exist, and the "
             "selected head rows  (Eq. 4)",
    inputs={**DATA, **NETWORK, "edges/*": "bool[*,*]", "mu_l2": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS, "weights, biases and head are the subnetwork, cut out",
                 "edges: which connections existed in W^{t-1}; the others are 0, are held and get gradient 0",
                 "the norm is squared, with a factor 1/2 (our reading of a norm printed without a square)"],
    oracle=objective(square_of, free_edges),
    mistakes=[
        Mistake("half-missing", "The factor 1/2 of the penalty was left out.",
                other_penalty(lambda **given: 2 * square_of(**given))),
        Mistake("norm-not-squared", "mu_l2 norm(W_S) without the square: the paper prints it so; the squared norm is "
                "this project's default.", other_penalty(
                    lambda mu_l2, **given: mu_l2 * (2 * square_of(mu_l2=Decimal(1), **given)).sqrt())),
        Mistake("l2-on-biases", "Biases were decayed too; the penalty is on weights only.", other_penalty(
            lambda biases, head_bias, mu_l2, **given: square_of(mu_l2=mu_l2, **given)
            + mu_l2 / 2 * sum((hp.total(b ** 2) for b in [*biases, head_bias]), Decimal(0)))),
        Mistake("head-not-penalised", HEAD_FREE, other_penalty(
            lambda head, **given: square_of(head=head * 0, **given))),
        Mistake("zero-edges-free", "Connections that do not exist got a gradient: the zero pattern of W^{t-1} is kept, "
                "or retraining fills it up.", other_gradient(None)),
        mean_over_outputs(objective(square_of, free_edges)),
    ],
    questions=[
        Question("by-hand", "one sample at logit 0, one connection that does not exist",
                 {**SMALL, "x": array([1, 1]), "weights": [array([2, -1], [0, 0])], "mu_l2": 0.5,
                  "edges": [np.array([[True, True], [False, True]])]},
                 "by hand: h = (1, 0), dlogit = -1/2; penalty (4 + 1 + 1/4 + 16) / 4", AT_LOGIT_0,
                 expected={**SMALL_GRADIENT, "dweights": [array([-0.25, 0], [0, 0])], "penalty": 5.3125}),
        Question("nothing-selected", "no unit was selected: only the head's bias is free",
                 {"x": array([1], [2]), "labels": array([1], [0]), "loss": "sigmoid", "weights": [np.zeros((1, 0))],
                  "biases": [np.zeros(0)], "head": np.zeros((0, 1)), "head_bias": np.array([0.0]),
                  "edges": [np.zeros((1, 0), bool)], "mu_l2": 0.5}, "by hand", AT_LOGIT_0,
                 expected={"smooth": float(np.log(2)), "penalty": 0.0, "dweights": [np.zeros((1, 0))],
                           "dbiases": [np.zeros(0)], "dhead": np.zeros((0, 1)), "dhead_bias": np.array([0.0])}),
        Question("several-outputs", "two sparse hidden layers, two outputs",
                 lambda: {**data(1, 6, 5, 2), **sparse_network(2, 5, 4, 4, n_outputs=2), "mu_l2": 0.02}, ORACLE),
        Question("softmax", "one sparse hidden layer, three classes",
                 lambda: {**data(3, 6, 4, 3, "softmax"), **sparse_network(4, 4, 6, n_outputs=3), "mu_l2": 0.1}, ORACLE),
    ])

# --- Eq. 5 -------------------------------------------------------------------------------------------------------


def new_edges(weights, older):
    """Per layer: (incoming weights of the new units, edges from new to older units)."""
    below = [0, *older[:-1]]
    return [(w[:, q:], w[p:, :q] if l else w[:0, :q])
            for l, (w, p, q) in enumerate(zip(weights, below, older, strict=True))]


def expansion(weights, head, older, mu, gamma, **others):
    """mu abs of W^N and V, gamma norm of every new unit's incoming weights."""
    return sum((mu * (hp.l1(new) + hp.l1(back)) + gamma * hp.column_norms(new)
                for new, back in new_edges(weights, older)), mu * hp.l1(head))


def cut_groups(weights, head, older, mu, gamma, **others):
    """Groups cut where the rows of older units end."""
    right, below = expansion(weights, head, older, mu, gamma), [len(weights[0]), *older[:-1]]
    for (new, _), p in zip(new_edges(weights, older), below, strict=True):
        right += gamma * (hp.column_norms(new[:p]) + hp.column_norms(new[p:]) - hp.column_norms(new))
    return right


def row_groups(weights, head, older, mu, gamma, **others):
    """Groups of outgoing weights."""
    return sum((mu * (hp.l1(new) + hp.l1(back)) + gamma * hp.column_norms(new.T)
                for new, back in new_edges(weights, older)), mu * hp.l1(head))


def free_new(weights, biases, older, **others):
    """Columns of new units, rows from new to older units, new biases, the head."""
    below, masks = [len(weights[0]), *older[:-1]], []
    for w, p, q in zip(weights, below, older, strict=True):
        mask = np.ones(w.shape, bool)
        mask[:p, :q] = False
        masks.append(mask)
    return {"weights": masks, "biases": [np.arange(len(b)) >= q for b, q in zip(biases, older, strict=True)],
            "head": True, "head_bias": True}


EQ5 = Recipe(
    name="objective_eq5",
    equation="L(W^N) + mu sum(abs(W^N and V)) + gamma sum over new units of norm(all their incoming weights)  (Eq. 5)",
    inputs={**DATA, **NETWORK, "older": "int64[*]", "mu": "float64", "gamma": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS, "older[l]: how many units of hidden layer l are older than the stage; they stand first",
                 "free: incoming weights and biases of new units, edges from new to older units, the head",
                 "a group is all incoming weights of one new unit, from old and new units together",
                 "edges from new to older units carry L1 and no group; the head is no group"],
    oracle=objective(expansion, free_new),
    mistakes=[
        Mistake("group-cut-in-two", "A unit's incoming weights from older and from new units were taken as two groups "
                "(the released code does this). They are one.", other_penalty(cut_groups)),
        Mistake("rows-as-groups", "Outgoing weights were grouped; a group is a column, the incoming weights of a new "
                "unit.", other_penalty(row_groups)),
        Mistake("l1-on-biases", BIASES, other_penalty(
            lambda biases, head_bias, older, mu, **given: expansion(older=older, mu=mu, **given) + mu * (
                hp.l1(head_bias) + sum((hp.l1(b[q:]) for b, q in zip(biases, older, strict=True)), Decimal(0))))),
        Mistake("head-not-penalised", HEAD_FREE, other_penalty(
            lambda head, **given: expansion(head=head * 0, **given))),
        Mistake("edges-to-older-units-forgotten", "Edges from new units to older ones carry L1 as well.",
                other_penalty(lambda weights, head, older, mu, gamma, **others: expansion(
                    weights, head, older, mu, gamma) - mu * sum(
                        (hp.l1(back) for _, back in new_edges(weights, older)), Decimal(0)))),
        Mistake("old-weights-penalised", "The penalty was taken over all weights; old ones are held and cost nothing.",
                other_penalty(lambda weights, head, mu, gamma, **others: expansion(
                    weights, head, [0] * len(weights), mu, gamma))),
        Mistake("group-squared", "The squared norm was taken for the groups; it is the norm, whose kink at 0 makes "
                "whole units vanish.", other_penalty(
                    lambda weights, head, older, mu, gamma, **others: expansion(weights, head, older, mu, 0 * gamma)
                    + gamma * sum((hp.total(new ** 2) for new, _ in new_edges(weights, older)), Decimal(0)))),
        Mistake("old-weights-free", HELD, other_gradient(None)),
        mean_over_outputs(objective(expansion, free_new)),
    ],
    questions=[
        Question("by-hand", "one old and one new unit in each of two layers, at logit 0",
                 {"x": array([1, 1]), "labels": array([0]), "loss": "sigmoid",
                  "weights": [array([1, 3], [0, 4]), array([2, 3], [0.5, 4])], "biases": [np.zeros(2), np.zeros(2)],
                  "head": array([0], [0]), "head_bias": np.array([0.0]), "older": np.array([1, 1]), "mu": 0.5,
                  "gamma": 0.25},
                 "by hand: h_1 = (1, 7), h_2 = (5.5, 31), dlogit = 1/2; abs 7 + 7 + 0.5, norms 5 and 5", AT_LOGIT_0,
                 expected={"smooth": float(np.log(2)), "penalty": 9.75, "dweights": [np.zeros((2, 2))] * 2,
                           "dbiases": [np.zeros(2)] * 2, "dhead": array([2.75], [15.5]),
                           "dhead_bias": np.array([0.5])}),
        Question("nothing-appended", "k = 0: only the head is free",
                 {**SMALL, "older": np.array([2]), "mu": 0.5, "gamma": 4.0}, "by hand: the head alone, 4.5 / 2",
                 AT_LOGIT_0,
                 expected={**SMALL_GRADIENT, "dweights": [array([0, 0])], "dbiases": [np.zeros(2)], "penalty": 2.25}),
        Question("all-new", "a layer whose old units are all gone, under one that has some",
                 lambda: {**data(1, 5, 3, 1), **network(2, 3, 3, 4), "older": np.array([0, 2]), "mu": 0.02,
                          "gamma": 0.3}, ORACLE),
        Question("several-outputs", "two old and two new units in both layers, two outputs",
                 lambda: {**data(3, 5, 4, 2), **network(4, 4, 4, 4, n_outputs=2), "older": np.array([2, 2]), "mu": 0.05,
                          "gamma": 0.2}, ORACLE),
        Question("softmax", "one layer, three old and two new units, three classes",
                 lambda: {**data(5, 6, 4, 3, "softmax"), **network(6, 4, 5, n_outputs=3), "older": np.array([3]),
                          "mu": 0.05, "gamma": 0.2}, ORACLE),
    ])

# --- Eq. 6 -------------------------------------------------------------------------------------------------------


def anchored(weights, biases, anchor_weights, anchor_biases, lam, with_biases=True, **others):
    """lam norm^2 of the change of what existed."""
    pairs = [(w[:a.shape[0], :a.shape[1]], a) for w, a in zip(weights, anchor_weights, strict=True)]
    if with_biases:
        pairs += [(b[:len(a)], a) for b, a in zip(biases, anchor_biases, strict=True)]
    return lam * sum((hp.total((w - a) ** 2) for w, a in pairs), Decimal(0))


def padded(anchor, like):
    """The anchor with zeros for what is newer."""
    whole = np.full(like.shape, Decimal(0))
    whole[tuple(slice(n) for n in anchor.shape)] = anchor
    return whole


def new_pulled_to_zero(weights, biases, anchor_weights, anchor_biases, lam, **others):
    """Everything anchored, new weights at 0."""
    wide = [padded(a, w) for a, w in zip(anchor_weights, weights, strict=True)]
    wide_biases = [padded(a, b) for a, b in zip(anchor_biases, biases, strict=True)]
    return anchored(weights, biases, wide, wide_biases, lam)


def eq6_case(seed, widths, older, n_outputs=1, loss="sigmoid", lam=0.3) -> dict:
    """A sparse network, and anchors near its older part with the same zeros."""
    drawn = sparse_network(seed, *widths, n_outputs=n_outputs)
    below = [widths[0], *older[:-1]]
    near = [np.round((w[:p, :q] + normals(seed + 60 + l, p, q, scale=0.3)) * e[:p, :q], 6) for l, (w, e, p, q) in
            enumerate(zip(drawn["weights"], drawn["edges"], below, older, strict=True))]
    return {**data(seed + 1, 5, widths[0], n_outputs, loss), **drawn, "anchor_weights": near,
            "anchor_biases": [normals(seed + 70 + l, q) for l, q in enumerate(older)], "lam": lam}


EQ6 = Recipe(
    name="objective_eq6",
    equation="L(W) + lam norm(W - W^{t-1})^2, over weights and biases of the units that existed at t-1  (Eq. 6)",
    inputs={**DATA, **NETWORK, "edges/*": "bool[*,*]", "anchor_weights/*": "float64[*,*]",
            "anchor_biases/*": "float64[*]", "lam": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS[:3], "no half: the strength of the square is 2 lam", "biases of older units are anchored",
                 "anchors are W^{t-1} on the older units, which stand first; newer units and the head have none",
                 "edges: nonzero weights of the network handed over; the others are 0, are held and get gradient 0"],
    oracle=objective(anchored, free_edges),
    mistakes=[
        Mistake("half-factor", "The penalty was halved: Eq. 6 has no factor 1/2. (The released code uses a loss that "
                "has one.)", other_penalty(lambda **given: anchored(**given) / 2)),
        Mistake("biases-not-anchored", "The change of the biases was left out: a unit's bias belongs to it.",
                other_penalty(lambda **given: anchored(with_biases=False, **given))),
        Mistake("norm-not-squared", "The norm was not squared: Eq. 6 has the squared norm.", other_penalty(
            lambda lam, **given: lam * anchored(lam=Decimal(1), **given).sqrt())),
        Mistake("new-weights-pulled-to-zero", "Weights of units that are new at t were pulled to 0: they have no "
                "anchor.", other_penalty(new_pulled_to_zero)),
        Mistake("anchor-ignored", "The weights themselves were penalised, not their change since t-1.", other_penalty(
            lambda anchor_weights, anchor_biases, **given: anchored(
                anchor_weights=[0 * a for a in anchor_weights], anchor_biases=[0 * a for a in anchor_biases],
                **given))),
        Mistake("zero-edges-free", "Weights that are 0 got a gradient: Eq. 6 moves the nonzero ones only, or the next "
                "walk selects everything.", other_gradient(None)),
        mean_over_outputs(objective(anchored, free_edges)),
    ],
    questions=[
        Question("by-hand", "one old unit that moved, one new unit, at logit 0",
                 {**SMALL, "edges": [np.array([[True, True]])], "anchor_weights": [array([1.5])],
                  "anchor_biases": [np.array([-2.0])], "lam": 0.25},
                 "by hand: changes 1/2 and 1; penalty (1/4 + 1) / 4", AT_LOGIT_0,
                 expected={**SMALL_GRADIENT, "penalty": 0.3125}),
        Question("nothing-moved", "weights at their anchors cost nothing",
                 {**SMALL, "edges": [np.array([[True, True]])], "anchor_weights": [array([2, -1])],
                  "anchor_biases": [np.array([-1.0, 0.5])], "lam": 0.25}, "by hand", AT_LOGIT_0,
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("all-new", "no unit existed at t-1: nothing is anchored",
                 {**SMALL, "edges": [np.array([[True, True]])], "anchor_weights": [np.zeros((1, 0))],
                  "anchor_biases": [np.zeros(0)], "lam": 0.25}, "by hand", AT_LOGIT_0,
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("several-outputs", "two layers with old and new units, two outputs",
                 lambda: eq6_case(1, (4, 4, 4), (3, 2), 2), ORACLE),
        Question("softmax", "one layer with old and new units, three classes",
                 lambda: eq6_case(3, (4, 6), (4,), 3, "softmax"), ORACLE),
    ])

RECIPES = [EQ2, EQ3, EQ4, EQ5, EQ6]
