"""One good call of every door: what the malformed ones are made from."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from den_ref.core import (
    adam, certificate, checks, fisher, head, lasso, layers, losses, metric_variants, metrics, mlp, newton, penalties,
    softmax, solvers, training)
from den_ref.core.flat import Flat
from den_ref.core.linear_head import LinearHead
from den_ref.core.problem import Part, Problem


@dataclass
class Example:
    """A call: a function, or a method with what it is called on; its arguments; what is fine though malformed.

    ``fine``: argument -> names of malformed values that have a right answer (see ``malformed``), or "*" for all.
    """

    function: Any
    arguments: dict
    fine: dict = field(default_factory=dict)
    others: dict = field(default_factory=dict)

    def call(self):
        return lambda **given: self.function(**{**copy.deepcopy(self.others), **given})

    def inside(self):
        plain = getattr(self.function, "inner", self.function)
        owner = getattr(self.function, "__self__", None)
        bound = plain if owner is None or plain is self.function else plain.__get__(owner)
        return lambda **given: bound(**{**copy.deepcopy(self.others), **given})

    def fresh(self):
        return copy.deepcopy(self.arguments)


def example(function, *, fine=None, others=None, **arguments):
    return Example(function, arguments, fine or {}, others or {})


#: Shapes that are as good as the example's, where an argument stands alone and any shape will do.
ANY_SHAPE = ("one axis more", "raveled", "one row less", "one row more", "no rows", "one column less", "transposed")
#: Where each row (or column) stands for itself.
ANY_ROWS = ("one row less", "one row more", "no rows")
ANY_MATRIX = (*ANY_ROWS, "one column less", "transposed")

Z = np.array([[3.0, 0.25, -1.0], [4.0, 1.0, 2.0]])
D = np.array([[1.0, 2.0, 1.0], [2.0, 1.0, 3.0]])
X, W, B = np.array([[1.0, 2.0], [0.0, 3.0], [2.0, 1.0]]), np.array([[1.0, 0.0], [2.0, 1.0]]), np.array([1.0, 2.0])
LOGITS, BINARY, CLASSES = np.array([[1.0, -2.0], [0.0, 2.0], [3.0, 1.0]]), np.eye(3, 2), np.array([1, 0, 1])
R = np.array([[0.5, 0.25], [0.75, 1.0]])
SCORES = np.array([3.0, 1.0, 2.0, 1.0])
FEATURES = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 0.0], [3.0, 1.0], [1.0, 1.0]])
HEAD = (np.array([[1.0], [2.0]]), np.array([1.0]))
ROWS5 = np.array([[0.0], [1.0], [1.0], [0.0], [1.0]])
WIDE = np.array([[1.0, 0.0, 2.0], [2.0, 1.0, 1.0]])
LABELS_FINE = ("as floats",)


def small_network():
    return mlp.pack([W], [B], np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([0.0, 1.0]), np.float64)


def small_loss():
    return mlp.DataLoss(small_network(), X, BINARY)


def penalty_examples():
    """Every method of every penalty."""
    made = {}
    for penalty in (penalties.Zero(), penalties.L1(0.5), penalties.SquaredL2(0.5), penalties.GroupLasso(0.5),
                    penalties.SparseGroupLasso(0.5, 0.25), penalties.Sum(penalties.SquaredL2(0.5), penalties.L1(0.5))):
        name = f"core.penalties.{type(penalty).__name__}"
        any_shape = {"w": ANY_SHAPE, "z": ANY_SHAPE}
        made |= {f"{name}.value": example(penalty.value, w=Z, fine=any_shape),
                 f"{name}.prox": example(penalty.prox, z=Z, step=0.5, fine=any_shape),
                 f"{name}.prox_metric": example(penalty.prox_metric, z=Z, d=D),
                 f"{name}.subdiff_distance": example(penalty.subdiff_distance, w=Z, grad=D)}
        if hasattr(penalty, "critical_strength"):
            made[f"{name}.critical_strength"] = example(penalty.critical_strength, grad=Z, fine={"grad": ANY_SHAPE})
    for cls in (penalties.L1, penalties.GroupLasso):
        made[f"core.penalties.{cls.__name__}.__init__"] = example(cls, strength=1.0)
    made["core.penalties.SquaredL2.__init__"] = example(penalties.SquaredL2, strength=1.0, anchor=0.0,
                                                        fine={"strength": ("array of two",),
                                                              "anchor": ("array of two", "-1", "-0.5", "-1e+300")})
    made["core.penalties.Zero.value"].fine["w"] += ("nan", "inf", "-inf", "nan in float32", "inf in float32",
                                                    "-inf in float32")                # 0, whatever w is
    return {path: e for path, e in made.items() if hasattr(e.function, "inner") or isinstance(e.function, type)}


def metric_examples():
    """Functions of R."""
    made = {}
    for module in (metrics, metric_variants):
        for name, function in vars(module).items():
            if getattr(function, "__module__", "") == module.__name__ and hasattr(function, "inner"):
                path = f"{module.__name__.removeprefix('den_ref.')}.{name}"
                arguments = dict.fromkeys(function.inner.__code__.co_varnames[:function.inner.__code__.co_argcount], 0)
                if "R" in arguments:
                    vectors = {k: np.array([0.5, 0.25]) for k in arguments if k != "R"}
                    holes = {k: ("nan", "nan in float32", "transposed") for k in arguments}
                    made[path] = example(function, R=R, **vectors, fine=holes)
    return made


CORE = {
    "core.penalties.soft_threshold": example(penalties.soft_threshold, z=Z, threshold=1.0, fine={"z": ANY_SHAPE}),
    "core.penalties.group_soft_threshold": example(penalties.group_soft_threshold, z=Z, threshold=1.0,
                                                   fine={"z": ANY_MATRIX}),
    "core.penalties.group_soft_threshold_metric": example(penalties.group_soft_threshold_metric, z=Z, d=D,
                                                          threshold=1.0, iterations=50),
    "core.penalties.l1_subdiff_distance": example(penalties.l1_subdiff_distance, w=Z, grad=D, strength=1.0),
    "core.penalties.column_norms": example(penalties.column_norms, w=Z, fine={"w": ANY_MATRIX}),
    **penalty_examples(), **metric_examples(),
    "core.layers.affine_forward": example(layers.affine_forward, x=X, w=WIDE, b=SCORES[:3], fine={"x": ANY_ROWS}),
    "core.layers.affine_backward": example(layers.affine_backward, dout=X, cache=(X, W)),
    "core.layers.relu_forward": example(layers.relu_forward, a=Z, fine={"a": (*ANY_SHAPE, "-inf", "-inf in float32")}),
    "core.layers.relu_backward": example(layers.relu_backward, dh=Z, h=np.abs(Z)),
    "core.losses.sigmoid_cross_entropy": example(losses.sigmoid_cross_entropy, logits=LOGITS, labels=BINARY),
    "core.losses.softmax_cross_entropy": example(losses.softmax_cross_entropy, logits=LOGITS, labels=CLASSES),
    "core.losses.base_rate_entropy": example(losses.base_rate_entropy, labels=BINARY, loss="sigmoid",
                                             fine={"labels": ANY_MATRIX}),
    "core.metrics.auroc": example(metrics.auroc, scores=SCORES, labels=np.array([1, 0, 0, 1]),
                                  fine={"scores": ("inf", "-inf", "inf in float32", "-inf in float32")}),
    "core.metrics.head_auroc": example(metrics.head_auroc, logits=LOGITS, labels=CLASSES, loss="softmax"),
    "core.metrics.accuracy": example(metrics.accuracy, logits=LOGITS, labels=CLASSES, loss="softmax",
                                     fine={"logits": ("inf", "-inf", "inf in float32", "-inf in float32")}),
    "core.metric_variants.model_size_efficiency": example(metric_variants.model_size_efficiency, sizes=SCORES,
                                                          fine={"sizes": ("one row less", "one row more")}),
    "core.adam.proximal_adam_step": example(adam.proximal_adam_step, w=Z, g=D, m=Z, v=D, k=2, step=0.5, beta1=0.9,
                                            beta2=0.99, eps=1e-8, penalty=penalties.L1(0.5)),
    "core.adam.proximal_sgd_step": example(adam.proximal_sgd_step, w=Z, g=D, m=Z, step=0.5, beta=0.9,
                                           penalty=penalties.L1(0.5)),
    "core.solvers.ista_step": example(solvers.ista_step, w=Z, grad=D, step=0.5, penalty=penalties.L1(0.5)),
    "core.solvers.fista_step": example(solvers.fista_step, state=(Z, Z, 1.0), grad=D, step=0.5,
                                       penalty=penalties.L1(0.5)),
    "core.solvers.prox_residual": example(solvers.prox_residual, w=Z, grad=D, penalty=penalties.L1(0.5)),
    **{f"core.solvers.{f.__name__}": example(
        f, smooth=lambda w: (float((w - 3).ravel() @ (w - 3).ravel()) / 2, w - 3), penalty=penalties.L1(0.5), start=Z,
        step=0.5, tol=1e-6, max_iter=100, fine={"start": ANY_SHAPE, "step": ("None",), "callback": ("None",)})
       for f in (solvers.ista, solvers.fista)},
    "core.training.train": example(training.train, problem=Problem(small_loss(), small_network(), [Part("W1")]),
                                   options=training.Training(dtype="float64"), epochs=1,
                                   rng=np.random.default_rng(0)),
    "core.checks.check_gradient": example(
        checks.check_gradient, f=lambda x: float((x**2).sum()), x=SCORES, gradient=2 * SCORES, directions=3, step=1e-5,
        rtol=1e-4, fine={"step": ("None",), "rtol": ("None",), "directions": ("array of two",)}),
    "core.checks.check_prox": example(checks.check_prox, penalty=penalties.L1(0.5), z=SCORES, step=0.5, trials=5,
                                      rtol=1e-6, fine={"z": ANY_SHAPE, "rtol": ("None",)}),
    "core.fisher.fisher_diagonal": example(fisher.fisher_diagonal, w=small_network(), x=X, y=BINARY, loss="sigmoid",
                                           kind="empirical"),
    "core.head.solve_head": example(head.solve_head, features=FEATURES, labels=ROWS5, mu=0.1, loss="sigmoid", tol=1e-6,
                                    fine={"features": ("one column less",)}),
    "core.newton.prox_newton": example(newton.prox_newton, features=FEATURES, labels=ROWS5, mu=0.1, tol=1e-6,
                                       max_iter=50, start=HEAD, intercept=True, fine={"start": ("None",)}),
    "core.newton.prox_newton_step": example(newton.prox_newton_step, features=FEATURES, labels=ROWS5, mu=0.1, head=HEAD,
                                            intercept=True),
    "core.softmax.softmax_head": example(softmax.softmax_head, features=FEATURES, labels=np.array([0, 1, 1, 0, 2]),
                                         mu=0.1, tol=1e-6, max_iter=5000, n_outputs=3, fine={"n_outputs": ("None",),
                                                                        "features": ("one column less",)}),
    "core.certificate.head_certificate": example(certificate.head_certificate, features=FEATURES, labels=ROWS5, mu=0.1,
                                                 head=HEAD, intercept=True, loss="sigmoid"),
    "core.lasso.solve_lasso": example(lasso.solve_lasso, quadratic=np.array([[4.0, 1.0], [1.0, 3.0]]), linear=B, threshold=B, start=B, tol=1e-9,
                                      max_rounds=50),
    "core.mlp.hidden": example(mlp.hidden, x=X, weights=[WIDE, WIDE.T], biases=[SCORES[:3], B],
                                fine={"x": ANY_ROWS, "biases": ("first: -inf", "first: -inf in float32")}),
    "core.mlp.scores": example(mlp.scores, x=X, weights=[WIDE, WIDE.T], biases=[SCORES[:3], B], head=WIDE,
                                head_bias=SCORES[:3], fine={"x": ANY_ROWS, "biases": ("first: -inf", "first: -inf in float32")}),
    "core.mlp.DataLoss.__init__": example(mlp.DataLoss, layout=small_network(), x=X, y=BINARY, loss="sigmoid",
                                          scale=1.0, block=5),
    "core.mlp.DataLoss.value": example(small_loss().value, w=small_network()),
    "core.mlp.DataLoss.value_and_gradient": example(small_loss().value_and_gradient, w=small_network(),
                                                    grad=small_network(), batch=np.array([0, 2]),
                                                    fine={"batch": (*ANY_ROWS, "None")}),
}
EXAMPLES = {**CORE}

#: Public functions that are no entrances: called by the house, with what a door has checked.
INSIDE = {
    *(f"core.penalties.Penalty.{method}" for method in ("value", "prox", "prox_metric", "subdiff_distance")),
    "core.adam.pieces", "core.certificate.certified", "core.lasso.coordinate_sweep", "core.lasso.orthant_steps",
    "core.linear_head.checked_problem", "core.losses.loss_function", "core.metrics.mean_or_nan", "core.mlp.in_blocks",
    "core.mlp.pack", "core.mlp.unpack", "core.mlp.depth", "core.mlp.random_weights", "core.mlp.checked_labels",
    "core.pools.examples", "core.pools.mean_loss", "core.pools.pooled", "core.pools.samples",
    "core.penalties.columns", "core.penalties.power_of_two", "core.result.warn_not_converged", "core.training.cosine",
}
