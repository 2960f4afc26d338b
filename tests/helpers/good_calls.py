"""One good call of every door: what the malformed ones are made from."""

from __future__ import annotations

import atexit
import copy
import importlib
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from den_ref.core import (
    adam, certificate, checks, convolution, fisher, head, lasso, layers, losses, metrics, mlp, newton, penalties, softmax_newton,
    solvers, training)
from den_ref.core.flat import Flat
from den_ref.core.linear_head import LinearHead
from den_ref.core.problem import Part, Problem
from den_ref.den import algorithm, birth, equations, expansion, importance, joint, selective, splitting, surgery
from den_ref.den.finetune import finetune
from den_ref.den.network import NEVER, Head, Network, capacity, extract, insert
from den_ref.den.stage import Stage
from den_ref.methods import REGISTRY, method_named
from den_ref.protocol import CLASS_INCREMENTAL, Task
from den_ref.tasks import Stream, digits, idx, make_stream, stream_from_arrays
from den_ref.tasks.attributes import attribute_stream
from den_ref.tasks.back import mnist_back
from den_ref.tasks.bases import bases_stream
from den_ref.tasks.permuted import permuted_mnist
from den_ref.tasks.split_digits import split_digits
from den_ref.tasks.toy import toy_stream
from den_ref.tasks.variation import mnist_variation


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


def joint_loss():
    return mlp.JointLoss([small_loss(), small_loss()])


def small_problem():
    return Problem(small_loss(), small_network(), [Part("W1", penalties.L1(0.1))])


def penalty_examples():
    """Every method of every penalty."""
    made = {}
    for penalty in (penalties.Zero(), penalties.L1(0.5), penalties.SquaredL2(0.5), penalties.GroupLasso(0.5),
                    penalties.L21(0.5, 1), penalties.SparseGroupLasso(0.5, 0.25), penalties.Sum(penalties.SquaredL2(0.5), penalties.L1(0.5))):
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
    made["core.penalties.L21.__init__"] = example(penalties.L21, strength=1.0, fan=2)
    made["core.penalties.SquaredL2.__init__"] = example(penalties.SquaredL2, strength=1.0, anchor=0.0,
                                                        fine={"strength": ("array of two",),
                                                              "anchor": ("array of two", "-1", "-0.5", "-1e+300")})
    made["core.penalties.Zero.value"].fine["w"] += ("nan", "inf", "-inf", "nan in float32", "inf in float32",
                                                    "-inf in float32")                # 0, whatever w is
    return {path: e for path, e in made.items() if hasattr(e.function, "inner") or isinstance(e.function, type)}


def metric_examples():
    """Functions of R."""
    made = {}
    for name, function in vars(metrics).items():
        if getattr(function, "__module__", "") == metrics.__name__ and hasattr(function, "inner"):
            arguments = dict.fromkeys(function.inner.__code__.co_varnames[:function.inner.__code__.co_argcount], 0)
            if "R" in arguments:
                vectors = {k: np.array([0.5, 0.25]) for k in arguments if k != "R"}
                holes = {k: ("nan", "nan in float32", "transposed") for k in arguments}
                made[f"core.metrics.{name}"] = example(function, R=R, **vectors, fine=holes)
    return made


def image_examples():
    """The layers of images, on one image of 2 x 3 pixels with 2 channels."""
    layer, pool = convolution.Convolution(2, 3, size=2), convolution.Convolution(2, 3, size=1, pool=True)
    x, w, out = np.arange(12.0).reshape(1, 12) / 8, np.arange(24.0).reshape(8, 3) / 8, np.ones((1, 6))
    kept = convolution.convolution_forward(x, w, np.ones(3), layer)[1]
    pooled = convolution.max_pool_forward(x, pool)[1]
    path, rows = "core.convolution.", {"x": ANY_ROWS}
    return {
        path + "flatten": example(convolution.flatten, maps=x.reshape(1, 2, 3, 2), fine={"maps": ANY_MATRIX}),
        path + "unflatten": example(convolution.unflatten, x=x, height=2, width=3, fine=rows),
        path + "patches": example(convolution.patches, x=x, layer=layer, fine=rows),
        path + "convolution_forward": example(convolution.convolution_forward, x=x, w=w, b=np.ones(3), layer=layer,
                                              fine=rows),
        path + "convolution_backward": example(convolution.convolution_backward, dout=out, cache=kept),
        path + "max_pool_forward": example(convolution.max_pool_forward, x=x, layer=pool, fine=rows),
        path + "max_pool_backward": example(convolution.max_pool_backward, dout=out[:, :2], cache=pooled),
    }


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
    **image_examples(),
    "core.losses.sigmoid_cross_entropy": example(losses.sigmoid_cross_entropy, logits=LOGITS, labels=BINARY),
    "core.losses.softmax_cross_entropy": example(losses.softmax_cross_entropy, logits=LOGITS, labels=CLASSES),
    "core.losses.base_rate_entropy": example(losses.base_rate_entropy, labels=BINARY, loss="sigmoid",
                                             fine={"labels": ANY_MATRIX}),
    "core.metrics.auroc": example(metrics.auroc, scores=SCORES, labels=np.array([1, 0, 0, 1]),
                                  fine={"scores": ("inf", "-inf", "inf in float32", "-inf in float32")}),
    "core.metrics.head_auroc": example(metrics.head_auroc, logits=LOGITS, labels=CLASSES, loss="softmax"),
    "core.metrics.class_aurocs": example(metrics.class_aurocs, logits=LOGITS, labels=CLASSES),
    "core.metrics.accuracy": example(metrics.accuracy, logits=LOGITS, labels=CLASSES, loss="softmax",
                                     fine={"logits": ("inf", "-inf", "inf in float32", "-inf in float32")}),
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
    "core.flat.Flat.__init__": example(Flat, shapes={"W": (2, 3), "b": (3,)}, dtype=np.dtype(np.float32),
                                       fine={"shapes": ("dict",)}),
    "core.flat.Flat.of": example(Flat.of, arrays={"W": WIDE, "b": B}, dtype=np.dtype(np.float32),
                                 fine={"arrays": ("dict",)}),
    "core.problem.Part": example(Part, name="W1", penalty=penalties.L1(0.5), pattern=np.eye(2),
                                 fine={"name": ("text",), "pattern": (*ANY_SHAPE, "None", "i1", "u1", "?", "i8", "u8")}),
    "core.problem.Problem.__init__": example(Problem, loss=small_loss(), start=small_network(), parts=[Part("W1")]),
    **{f"core.problem.Problem.{name}": example(getattr(small_problem(), name), w=small_network())
       for name in ("penalty", "objective", "prox_residual")},
    "core.problem.Problem.smooth": example(small_problem().smooth, vector=small_network().vector),
    "core.mlp.JointLoss.__init__": example(mlp.JointLoss, losses=[small_loss(), small_loss()]),
    "core.mlp.JointLoss.value": example(joint_loss().value, w=small_network()),
    "core.mlp.JointLoss.value_and_gradient": example(joint_loss().value_and_gradient, w=small_network(),
                                                     grad=small_network(), batch=(1, np.array([0, 2]), 0.5),
                                                     fine={"batch": ("None",)}),
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
    "core.softmax_newton.softmax_newton": example(softmax_newton.softmax_newton, features=FEATURES,
                                                  labels=np.array([0, 1, 1, 0, 2]),
                                         mu=0.1, tol=1e-6, max_iter=50, n_outputs=3, fine={"n_outputs": ("None",),
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


def network():
    """Two inputs, layers of 3 and 2 units, one of either new at stage 2; heads of two stages."""
    never = np.full(3, NEVER, np.int32)
    return Network([WIDE, WIDE.T.copy()], [SCORES[:3], B], [np.array([1, 1, 2], np.int32), np.array([1, 2], np.int32)],
                   [never, never[:2]], [Head("a", 1, np.array([[1.0], [0.0]]), np.array([0.5])),
                                        Head("b", 2, np.array([[1.0], [2.0]]), np.array([1.0]))])


def previous():
    """The same before stage 2."""
    now = network()
    return Network([now.weights[0][:, :2], now.weights[1][:2, :1]], [now.biases[0][:2], now.biases[1][:1]],
                   [born[:n] for born, n in zip(now.introduced, (2, 1))],
                   [gone[:n] for gone, n in zip(now.retired, (2, 1))],
                   [Head("a", 1, np.array([[1.0]]), np.array([0.5]))])


def learnt(method, scenario=None):
    """A method that has learnt one small task, of a scenario in which it answers."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    task = Task("a", x, (x[:, :1] > 0) * 1.0, x[:9], (x[:9, :1] > 0) * 1.0)
    if (scenario or REGISTRY[method].scenarios[0]) == CLASS_INCREMENTAL:
        y = (x[:, 0] > 0).astype(int)
        task = Task("a", x, y, x[:9], y[:9], loss="softmax", n_outputs=2, classes=("low", "high"))
    usual = REGISTRY[method].Config().to_dict()
    small = {name: value for name, value in {"hidden": (4, 3), "dtype": "float64"}.items() if name in usual}
    made = REGISTRY[method](REGISTRY[method].Config(**small), seed=0)
    made.learn(task)
    return made, replace(task, id="b")


def method_examples():
    """What a user asks of every method."""
    made = {}
    for name, cls in REGISTRY.items():
        method, task = learnt(name)
        path = f"{cls.__module__.removeprefix('den_ref.')}.{cls.__name__}"
        samples = task.x_train[:4]
        rows = {"x": (*ANY_ROWS, "inf", "-inf", "inf in float32", "-inf in float32"), "task_id": ()}
        made |= {f"{path}.scores": example(method.scores, task_id="a", x=samples, fine=rows),
                 f"{path}.loss_of": example(method.loss_of, task_id="a"),
                 f"{path}.predict": example(method.predict, task_id="a", x=samples, fine=rows),
                 f"{path}.learn": example(method.learn, task=task),
                 f"{path}.__init__": example(cls, config=cls.Config(), seed=3, fine={"config": ("None",)})}
        if "class_scores" in vars(cls):
            asked = learnt(name, CLASS_INCREMENTAL)[0]
            made[f"{path}.class_scores"] = example(asked.class_scores, x=samples, fine=rows)
    return made


def stage():
    """The second stage of a DEN that has learnt one task."""
    den, task = learnt("den")
    return den.stage(task)


def with_head():
    """The network of that stage once it has a head."""
    made = stage()
    return selective.fit_head(made.previous, made)[0], made


def box_examples():
    """What the boxes of a stage are made of, each with the network that comes to it."""
    head, now = with_head()
    network, units = now.previous.with_head(head), now.previous.visible(2)
    boxes = {"selective.selective_retraining": now.previous, "expansion.dynamic_expansion": network,
             "expansion.remove_useless": network, "splitting.split_and_duplicate": network,
             "algorithm.whole_network": now.previous}
    more = {"expansion.dynamic_expansion": {"loss_before": 0.5}, "expansion.remove_useless": {"title": "removal"}}
    made = {f"den.{path}": example(inside_out(f"den_ref.den.{path}"), network=given, stage=now,
                                   **more.get(path, {}), fine={"loss_before": NEXT_DRAW, "title": ("text",)}) for path, given in boxes.items()}
    start = extract(network, units, head)
    flat = mlp.pack(start.weights, start.biases, start.head, start.head_bias, np.float64)
    common = {"start": flat, "loss": mlp.DataLoss(flat, now.task.x_train, now.task.y_train), "config": now.config}
    edges = [(w != 0).astype(float) for w in start.weights]
    return made | {
        "den.selective.fit_head": example(selective.fit_head, network=now.previous, stage=now),
        "den.selective.retrain": example(selective.retrain, network=network, head=head, units=units, stage=now,
                                         fine={"units": ("first: one row less", "first: no rows")}),
        "den.expansion.random_new_units": example(expansion.random_new_units, network=network, stage=now),
        "den.expansion.train_new_units": example(expansion.train_new_units, network=network, stage=now),
        "den.splitting.pull_back": example(splitting.pull_back, network=network, stage=now),
        "den.stage.Stage": example(Stage, t=2, task=now.task, config=now.config, rng=now.rng, previous=now.previous),
        "den.equations.eq2": example(equations.eq2, **common),
        "den.equations.eq3": example(equations.eq3, features=FEATURES[:, :1].repeat(8, 0), task=now.task,
                                     config=now.config, fine={"features": ("one column less",)}),
        "den.equations.eq4": example(equations.eq4, **common, edges=edges),
        "den.equations.eq5": example(equations.eq5, **common, older=[4, 3]),
        "den.equations.eq6": example(equations.eq6, **common, edges=edges, anchor=extract(now.previous, now.previous.visible(1))),
    }


#: Right, but with the next random numbers of the stage, so that there is nothing to compare with.
NEXT_DRAW = [f"{form} {dtype}" for form in ("NumPy", "0-d") for dtype in ("f2", "f4", "f8", "g")]


def inside_out(path):
    """A box as a function that runs it to its end."""
    module, name = path.rsplit(".", 1)
    box = getattr(importlib.import_module(module), name)
    return lambda **given: list(box(**given))


BOTH = [np.array([1]), np.array([0])]
ANY_UNITS = {"units": ("first: one row less", "first: no rows")}
DEN = {
    "den.network.Network.visible": example(network().visible, stage=2),
    "den.network.Network.older": example(network().older, stage=2),
    "den.network.Network.head_of": example(network().head_of, task_id="b"),
    "den.network.Network.scores": example(network().scores, task_id="b", x=X, fine={"x": ANY_ROWS}),
    "den.network.Network.with_head": example(network().with_head, head=network().heads[1]),
    "den.network.extract": example(extract, network=network(), units=[np.array([0, 1]), *BOTH], head=network().heads[1],
                                   fine={"head": ("None",), **ANY_UNITS}),
    "den.network.insert": example(insert, network=network(), head=network().heads[1],
                                  sub=extract(network(), [np.array([0, 1]), *BOTH], network().heads[1])),
    "den.network.capacity": example(capacity, network=network()),
    "den.surgery.append_units": example(surgery.append_units, network=network(), counts=[2, 1], stage=2),
    "den.surgery.useless_units": example(surgery.useless_units, network=network(), stage=2),
    "den.surgery.delete_units": example(surgery.delete_units, network=network(), units=BOTH, fine=ANY_UNITS),
    "den.surgery.edge_table": example(surgery.edge_table, original="retire"),
    "den.surgery.split_units": example(surgery.split_units, network=network(), previous=previous(), split=BOTH, stage=2,
                                       original="keep", fine={"split": ANY_UNITS["units"]}),
    "den.surgery.kinds_after_split": example(surgery.kinds_after_split, network=network(), layer=0, split=BOTH[0],
                                             stage=2, fine={"split": ("one row less", "no rows")}),
    "den.selective.select_units": example(selective.select_units, network=network(), head=network().heads[1]),
    "den.splitting.unit_drift": example(splitting.unit_drift, network=network(), previous=previous(), t=2,
                                        drift="relative"),
    "den.splitting.most_drifted": example(splitting.most_drifted, units=[np.array([0, 2])], drifts=[B], sigma=[0.5],
                                          at_most=1, fine={
                                              "at_most": ("None",), "units": ("first: past the end",),
                                              "drifts": ("first: inf", "first: inf in float32")}),
    "den.joint.pack_network": example(joint.pack_network, network=network()),
    "den.joint.unpack_network": example(joint.unpack_network, network=network(), flat=joint.pack_network(network())),
    "den.joint.head_columns": example(joint.head_columns, network=network()),
    "den.birth.with_newborn": example(birth.with_newborn, birth=birth.Birth([], []), network=network()),
    "den.birth.at_birth_edges": example(birth.at_birth_edges, network=network()),
    "den.importance.with_task": example(
        importance.with_task, importance=importance.Importance(previous().weights, previous().biases),
        network=network(), task=Task("b", X[:, :2], X[:, :1] * 0, X[:1, :2], X[:1, :1] * 0), fine={"importance": ("None",)}),
    "den.algorithm.random_network": example(algorithm.random_network, n_inputs=3, config=algorithm.DENConfig(),
                                            rng=np.random.default_rng(0), fine={"n_inputs": ("NumPy int",)}),
    "den.algorithm.read_without_timestamps": example(algorithm.read_without_timestamps, network=network()),
    "den.finetune.finetune": example(finetune, den=learnt("den")[0], tasks=[replace(learnt("den")[1], id="a")],
                                     epochs=1, step=0.5),
    **method_examples(), **box_examples(),
}


def mnist_folder():
    """A folder with four IDX files of three digits a class, which is removed at the end."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rng, labels = np.random.default_rng(0), np.arange(30, dtype=np.uint8) % 10
    for prefix in ("train", "t10k"):
        for name, array in (("images-idx3", rng.integers(0, 256, (30, 28, 28)).astype(np.uint8)), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            (folder / f"{prefix}-{name}-ubyte").write_bytes(header + array.tobytes())
    return str(folder)


def one_task_stream(**task):
    """``stream_from_arrays`` on one task, by its arrays."""
    return stream_from_arrays([{"id": "a", **task}], dtype="float64").tasks[0]


MNIST = mnist_folder()
X6, Y6 = np.arange(12.0).reshape(6, 2), np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
TASKS = {
    "tasks.arrays.stream_from_arrays": example(
        one_task_stream, x_train=X6, y_train=Y6, x_valid=X6, y_valid=Y6, x_test=X6, y_test=Y6,
        fine={f"y_{split}": ("f2", "a column") for split in ("train", "valid", "test")}),
    "tasks.make_stream": example(lambda **given: make_stream("toy", **given).tasks[0], seed=3, n_tasks=2,
                                 dtype="float64", fine={"n_tasks": ("None",)}),
    "tasks.toy.toy_stream": example(lambda **given: toy_stream(**given).tasks[0], seed=3, dtype="float64"),
    "tasks.attributes.attribute_stream": example(lambda **given: attribute_stream(**given).facts, seed=3, noise=0.5,
                                                 dtype="float64"),
    "tasks.bases.bases_stream": example(lambda **given: bases_stream(**given).tasks[0], seed=3, dtype="float64"),
    "tasks.stream.Stream": example(Stream, name="mine", ids=("a", "b"), make=dict, n_inputs=3, details={},
                                   fine={"name": ("text",), "make": ("dict",), "details": ("dict",)}),
    "tasks.stream.Stream.first": example(toy_stream(0).first, n_tasks=2, fine={"n_tasks": ("NumPy int",)}),
    "tasks.stream.Stream.ordered": example(toy_stream(0).ordered, order=[2, 0]),
    "tasks.idx.read_idx": example(idx.read_idx, path=f"{MNIST}/t10k-labels-idx1-ubyte", ndim=1),
    "tasks.idx.find_idx": example(idx.find_idx, folder=MNIST, name="t10k-labels-idx1-ubyte",
                                  fine={"name": ("text",)}),
    "tasks.digits.load_digits": example(digits.load_digits, mnist=MNIST, per_class=(1, 1, 2),
                                        fine={"mnist": ("None",)}),
    "tasks.digits.load_idx_folder": example(digits.load_idx_folder, folder=MNIST, per_class=(1, 1, 2)),
    "tasks.variation.mnist_variation": example(
        lambda **given: mnist_variation(per_class=(1, 1, 1), **given).tasks[0], seed=0, rotation=90.0, amplitude=0.5,
        dtype="float64", mnist=MNIST, fine={"mnist": ("None",)}),
    "tasks.back.mnist_back": example(
        lambda **given: mnist_back(per_class=(1, 1, 1), **given).tasks[0], seed=0, rotation=90.0, composition="over",
        contrast=0.5, deviation=0.1, beta=2.0, textures=2, size=40, mnist=MNIST, transposed=False, dtype="float64",
        fine={"mnist": ("None",)}),
    "tasks.split_digits.split_digits": example(
        lambda **given: split_digits(per_class=(1, 1, 1), **given).tasks[0], seed=0, groups="01,23",
        scenario="class-incremental", dtype="float64"),
    "tasks.permuted.permuted_mnist": example(
        lambda **given: permuted_mnist(per_class=(1, 1, 1), **given).tasks[1], seed=0, permutations=2, loss="sigmoid",
        standardise=False, dtype="float64", mnist=MNIST, fine={"mnist": ("None",)}),
    "methods.registry.method_named": example(method_named, name="den", fine={"name": ("text",)}),
}
EXAMPLES = {**CORE, **DEN, **TASKS}

#: Public functions that are no entrances: called by the house, with what a door has checked.
INSIDE = {
    *(f"core.penalties.Penalty.{method}" for method in ("value", "prox", "prox_metric", "subdiff_distance")),
    *(f"core.chain.{name}" for name in ("at_places", "backward", "depth", "fans", "forward", "heads", "hidden", "layer_backward",
                                        "layer_forward", "links", "n_inputs",
                                        "new_array", "not_wanted", "widths")),
    "core.adam.pieces", "core.certificate.certified", "core.lasso.coordinate_sweep", "core.lasso.orthant_steps",
    "core.newton.output_hessian", "core.stacks.between", "core.stacks.edges", "core.stacks.edge_sizes", "core.stacks.stacked",
    "core.stacks.unstacked",
    "core.linear_head.checked_problem", "core.losses.loss_function", "core.metrics.mean_or_nan", "core.mlp.in_blocks",
    "core.mlp.pack", "core.mlp.unpack", "core.mlp.layers_of", "core.mlp.random_weights", "core.mlp.checked_labels",
    "core.pools.examples", "core.pools.mean_loss", "core.pools.pooled", "core.pools.samples",
    "core.penalties.columns", "core.penalties.power_of_two", "core.result.warn_not_converged", "core.training.cosine",
    "den.rules.check_like", "den.rules.check_network", "methods.shared.network.check_layers",
    "den.config.held", "den.explained.eq2", "den.explained.eq4", "den.explained.eq5", "den.explained.eq6", "den.explained.loss_against_tau",
    "den.explained.pull", "den.explained.sparse", "den.explained.split", "den.network.head_arrays", "den.network.heads_from", "den.units.check_layer",
    "den.units.check_lists", "den.units.check_previous", "den.units.check_split", "den.words.counts_in_words",
    "den.words.in_words", "den.words.parts_in_words", "methods.ella.with_a_new_basis", "methods.finetune.body_of",
    *(f"methods.adanet.{name}" for name in ("below", "in_closed_form", "normed", "pull", "rademacher_bound", "reached",
                                            "trained", "values_of", "weak_learner", "widths")),
    "methods.finetune.pulled", "methods.gomtl.bases", "methods.gomtl.factorise",
    "methods.gomtl.objective", "methods.gomtl.statistics", "methods.gomtl.well_sized", "methods.imm.mean_of",
    "methods.imm.mode_of", "methods.imm.share", "methods.imm.shares", "methods.imm.variance_of",
    "methods.incremental_features.first_sizes", "methods.incremental_features.next_sizes",
    *(f"methods.shared.autoencoder.{name}" for name in (
        "appended", "corrupted", "cross_entropy", "fit_last", "gradient", "hybrid", "merged", "nearest_pairs", "products",
        "sample_losses", "samples_of")),
    "methods.labels.look_of", "methods.labels.name_of", "methods.mtl.all_tasks_loss", "methods.mtl.outputs_of",
    "methods.shared.bases.BasesMethod.scores",
    "methods.shared.bases.contribution", "methods.shared.bases.pictured", "methods.shared.bases.solve_bases",
    "methods.shared.bases.sparse_code", "methods.shared.bases.targets", "methods.shared.features.first_features",
    "methods.shared.single.expansion", "methods.shared.single.single_task",
    "methods.mtl.suffix", "methods.progressive.adapter_parts", "methods.progressive.head_size",
    *(f"methods.nonparametric.{name}" for name in ("box", "in_words", "random_units", "widths", "with_zero_units",
                                                   "without_zero_units")),
    *(f"methods.shared.{name}" for name in ("adarad.along_and_across", "adarad.rotated", "capnorm.capnorm_backward",
                                            "capnorm.capnorm_forward", "capnorm.folded", "capnorm.network_backward",
                                            "capnorm.network_forward")),
    "methods.progressive.random_adapter", "methods.progressive.random_column", "methods.registry.explained_by",
    "methods.nearest_mean.nearness", "methods.registry.known",
    "methods.registry.methods_on", "methods.registry.missing_parts", "methods.shared.classes.among_seen",
    "methods.shared.classes.check_same_scenario", "methods.shared.classes.corner", "methods.shared.classes.grown",
    "methods.shared.classes.grown_to", "methods.shared.classes.heads_of", "methods.shared.classes.joined",
    "methods.shared.classes.pull_on", "methods.shared.confusion.confusion", "methods.shared.confusion.distances",
    "methods.shared.confusion.embedding", "methods.shared.confusion.in_order", "methods.shared.confusion.k_means",
    "methods.shared.confusion.affinity", "methods.shared.confusion.partition", "methods.shared.confusion.shares",
    "methods.shared.nodes.answers",
    "methods.shared.nodes.branch_log_p", "methods.shared.nodes.decomposition", "methods.shared.nodes.log_p",
    "methods.shared.nodes.log_probabilities", "methods.shared.nodes.reached", "methods.shared.nodes.route",
    "methods.shared.nodes.superclass_log_p", "methods.shared.nodes.tree_arrays", "methods.shared.nodes.tree_from",
    "methods.shared.nodes.tree_scores", "methods.tree.box", "methods.tree.worth_it",
    "methods.shared.columns.activations",
    "methods.shared.columns.adapted_layers", "methods.shared.columns.adapter_backward",
    "methods.shared.columns.adapter_forward", "methods.shared.columns.adapter_names",
    "methods.shared.columns.column_links", "methods.shared.columns.columns_forward",
    "methods.shared.drop_transfer.drop_transfer_backward", "methods.shared.drop_transfer.drop_transfer_forward",
    "methods.shared.network.KeepingMethod.loss_of", "methods.shared.network.arrays_of",
    "core.filters.convolutions_from", "core.filters.facts_of", "core.chain.places", "den.equations.fans", "den.equations.sparsity",
    "den.network.seen_by_a_stage",
    "den.equations.in_stack",
    "methods.shared.network.data_losses", "methods.shared.network.flat_from", "methods.shared.network.random_start",
    "methods.shared.network.task_rng", "methods.shared.network.trained", "methods.si.along_the_path",
    "methods.si.damped", "tasks.arrays.channels_seem_first", "tasks.arrays.check_finite",
    "tasks.arrays.check_id", "tasks.arrays.check_keys", "tasks.arrays.checked_task", "tasks.arrays.checksum",
    "tasks.arrays.among_own", "tasks.arrays.class_incremental", "tasks.arrays.common_dtype", "tasks.arrays.found", "tasks.arrays.numeric",
    "tasks.arrays.sigmoid_labels", "tasks.arrays.sizes", "tasks.arrays.softmax_labels", "tasks.arrays.with_arrays",
    "tasks.digits.checked_sizes", "tasks.digits.choose", "tasks.digits.choose_all", "tasks.digits.first_of_each",
    "tasks.digits.load_embedded", "tasks.split_digits.checked_groups",
    "tasks.attributes.principal", "tasks.bases.linear_task",
    *(f"tasks.cifar100.{name}" for name in ("check_enough", "checksum", "chosen", "grey", "moments", "rows")),
    "tasks.amat.fault", "tasks.amat.find_amat", "tasks.amat.parsed", "tasks.amat.read_file", "tasks.back.composed",
    "tasks.back.lay_on", "tasks.back.made", "tasks.back.pictures_and_facts", "tasks.back.refuse",
    "tasks.file.by_task", "tasks.file.coded", "tasks.file.one_against_rest", "tasks.file.standardised",
    "tasks.scale.unsuitable", "tasks.scale.warn_of_scale", "tasks.splits.checked_shares", "tasks.splits.split_rows",
    "tasks.splits.told_rows", "tasks.splits.with_splits",
    "tasks.folders.files_in", "tasks.patches.corners_of", "tasks.patches.deviations", "tasks.patches.square_sums",
    "tasks.photographs.facts_of", "tasks.photographs.read_photograph", "tasks.textures.made_textures",
    "tasks.textures.texture",
    "tasks.permuted.permutation", "tasks.pixels.checked_dtype", "tasks.pixels.flat_rows",
    "tasks.pixels.standardised",
    "tasks.pixels.unit_interval", "tasks.rotation.between", "tasks.rotation.rotate", "tasks.rotation.sample_bilinear",
    "tasks.rotation.source_coordinates", "tasks.seeds.checked_seed", "tasks.seeds.generator", "tasks.stream.label",
    "tasks.toy.toy_labels", "tasks.variation.add_noise", "tasks.variation.in_range", "tasks.variation.one_versus_rest",
    "tasks.variation.turned", "tasks.variation.varied",
    "den.equations.free_biases", "den.equations.matrices", "den.equations.pulls", "den.expansion.group_norms",
    "den.finetune.free_parts", "den.finetune.train_jointly", "den.joint.joint_loss", "den.stage.solve_cut",
    # files: tests/tasks has tables of what these refuse
    "tasks.cifar100.cifar100_stream", "tasks.cifar_files.read_cifar100",
    "tasks.amat.read_amat", "tasks.photographs.read_photographs",
    "tasks.file.file_stream", "tasks.table.read_csv", "tasks.table.read_npz", "tasks.table.read_table",
}
