"""Eq. 2 to 6 as a run solves them, in 50-digit decimals: which numbers are free, and what the prox does to them.

A stage works on the full arrays; what it does not see is silenced.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

import numpy as np

from . import head_problem
from . import high_precision as hp
from .small_networks import NEVER, visible


@dataclass(frozen=True)
class Options:
    """The numbers of Algorithm 1.  ``step``, ``steps``: every solve but Eq. 3 is so many proximal gradient steps."""

    step: float
    steps: int
    mu: float
    mu_head: float
    mu_l2: float
    gamma: float
    lam: float
    tau: float
    sigma: np.ndarray
    k: int


@dataclass
class Parameters:
    """Arrays, one per trainable of a stage: weights, biases, and the head of that stage."""

    weights: list
    biases: list
    head: np.ndarray
    head_bias: np.ndarray

    def map(self, function, *others):
        """function(name, own array, the others' arrays) for every array."""
        def pairs(name):
            return [function(name, *arrays) for arrays in zip(*(getattr(p, name) for p in (self, *others)))]

        head, bias = (function(name, *(getattr(p, name) for p in (self, *others))) for name in ("head", "head_bias"))
        return Parameters(pairs("weights"), pairs("biases"), head, bias)


# --- calculus ----------------------------------------------------------------------------------------------------


def gradient(p: Parameters, seen, x, y) -> Parameters:
    """Of the mean sigmoid cross-entropy of the network in which only the seen units speak."""
    before, h = [], [x]
    for w, b, units in zip(p.weights, p.biases, seen):
        before.append(hp.product(h[-1], w) + b)
        h.append(hp.relu(before[-1]) * units)
    logits = hp.product(h[-1], p.head) + p.head_bias
    delta = (hp.elementwise(hp.sigmoid, logits) - y) / Decimal(len(x))
    grad = Parameters([], [], hp.product(h[-1].T, delta), delta.sum(axis=0))
    above = p.head
    for l in reversed(range(len(p.weights))):
        delta = hp.product(delta, above.T) * ((before[l] > 0) & seen[l])
        grad.weights.insert(0, hp.product(h[l].T, delta))
        grad.biases.insert(0, delta.sum(axis=0))
        above = p.weights[l]
    return grad


# --- the equations -----------------------------------------------------------------------------------------------


class Equations:
    """A network, and what a stage t solves on it.

    ``nearest`` is the smallest distance of any number from the threshold that decides whether it is 0.
    """

    def __init__(self, x, y, weights, biases, head, head_bias, new_weights, new_head, **options):
        self.x, self.y, self.new_weights, self.new_head = x, y, new_weights, new_head
        self.options, self.nearest, self.distances = Options(**options), Decimal("inf"), []
        ones = [np.ones(len(b), np.int64) for b in biases]
        self.net = {"weights": weights, "biases": biases, "introduced": ones, "retired": [NEVER * one for one in ones],
                    "heads": [head], "head_biases": [head_bias], "head_stages": np.array([1])}

    # what the stage sees

    def seen(self) -> list:
        """Per hidden layer: which units does the stage see?"""
        return [visible(born, gone, self.t) for born, gone in zip(self.net["introduced"], self.net["retired"])]

    def rows_seen(self) -> list:
        """The same below every matrix: all input features first."""
        return [np.ones(len(self.net["weights"][0]), bool), *self.seen()]

    def older(self) -> list:
        """Seen, and there at t-1."""
        return [np.ones(len(self.net["weights"][0]), bool),
                *(units & (born < self.t) for units, born in zip(self.seen(), self.net["introduced"]))]

    # one solve

    def data(self):
        """(x, y) of the stage, in decimals."""
        return hp.to_decimal(self.x[self.t - 1]), hp.to_decimal(self.y[self.t - 1])

    def parameters(self) -> Parameters:
        """What the stage may train, in decimals."""
        return Parameters(*hp.to_decimal([self.net["weights"], self.net["biases"]]),
                          *hp.to_decimal([self.net["heads"][-1], self.net["head_biases"][-1]]))

    def put(self, p: Parameters):
        """Trained numbers back into the network, rounded to float64."""
        p = p.map(lambda name, a: hp.to_float(a))
        self.net = self.net | {"weights": p.weights, "biases": p.biases, "heads": [*self.net["heads"][:-1], p.head],
                               "head_biases": [*self.net["head_biases"][:-1], p.head_bias]}

    def descend(self, free: Parameters, prox):
        """``steps`` times: w <- prox(w - step * gradient) where free.  prox(p, step) works on all arrays."""
        with localcontext(Context(prec=hp.DIGITS)):
            p, step, (x, y), seen = self.parameters(), Decimal(self.options.step), self.data(), self.seen()
            for _ in range(self.options.steps):
                z = p.map(lambda name, w, g: w - step * g, gradient(p, seen, x, y))
                self.distances = []
                moved = prox(z, step)
                p = p.map(lambda name, w, m, f: np.where(f, m, w), moved, free)
            self.nearest = min([self.nearest, *self.distances])
            self.put(p)

    def whole_head(self, rows):
        """Which entries of the head of t are free: all on these rows, and its bias."""
        head, bias = self.net["heads"][-1], self.net["head_biases"][-1]
        return np.broadcast_to(rows[:, None], head.shape), np.ones(bias.shape, bool)

    # the equations: what is free, and the prox

    def solve_eq2(self):
        """L + mu sum(abs(W)), everything free."""
        self.t = 1
        mu = Decimal(self.options.mu)
        free = self.parameters().map(lambda name, a: np.ones(a.shape, bool))
        self.descend(free, lambda z, step: z.map(
            lambda name, a: self.soft(a, self.threshold(step, mu)) if self.is_penalised(name) else a))

    def solve_eq3(self):
        """The new head on what the stage sees, everything below held."""
        blank = np.zeros((len(self.net["biases"][-1]), self.y[self.t - 1].shape[1]))
        self.net = self.net | {
            "heads": [*self.net["heads"], blank], "head_biases": [*self.net["head_biases"], blank.sum(axis=0)],
            "head_stages": np.append(self.net["head_stages"], self.t)}
        with localcontext(Context(prec=hp.DIGITS)):
            p = self.parameters()
            p.head, p.head_bias = self.solve_head(self.top_activations(p), self.data()[1])
            self.put(p)

    def top_activations(self, p):
        """Of what the stage sees; 0 of the rest."""
        h = self.data()[0]
        for w, b, units in zip(p.weights, p.biases, self.seen()):
            h = hp.relu(hp.product(h, w) + b) * units
        return h

    def solve_head(self, h, y):
        """(V, c) with the certificate of ``head_problem``; the bias is not penalised."""
        mu = self.options.mu_head
        design = np.concatenate([h, np.full((len(h), 1), Decimal(1))], axis=1)
        strength = np.full((design.shape[1], y.shape[1]), Decimal(mu))
        strength[-1] = Decimal(0)
        for iterations in (1_000, 10_000, 100_000):
            signs = head_problem.candidate(hp.to_float(h), hp.to_float(y), "sigmoid", mu, 0.0, iterations)
            theta = head_problem.newton(design, y, "sigmoid", strength, signs)
            slope = head_problem.slope(design, y, "sigmoid", theta)
            try:
                self.nearest = min(self.nearest, head_problem.certified_margin(theta, slope, strength))
                return theta[:-1], theta[-1]
            except ArithmeticError as error:
                reason = error
        raise reason

    def solve_eq4(self, selected):
        """L + (mu_l2 / 2) norm(W_S)^2 on the nonzero edges among the selected units, and their head rows."""
        chosen = [np.isin(np.arange(n), units) for n, units in zip(
            [len(self.net["weights"][0]), *map(len, self.net["biases"])], selected)]
        edges = [self.connected(w) & np.outer(a, b) for w, a, b in zip(self.net["weights"], chosen, chosen[1:])]
        free = Parameters(edges, chosen[1:], *self.whole_head(chosen[-1]))
        strength = Decimal(self.options.mu_l2)
        self.descend(free, lambda z, step: z.map(
            lambda name, a: a / (1 + step * strength) if name in ("weights", "head") else a))

    def connected(self, w):
        """Which edges Eq. 4 trains."""
        return w != 0

    def solve_eq5(self):
        """L + mu sum(abs(W^N)) + gamma sum over new units of norm(incoming weights)."""
        rows, older = self.rows_seen(), self.older()
        incoming = [np.outer(a, b & ~old) for a, b, old in zip(rows, rows[1:], older[1:])]
        edges = [down | np.outer(a & ~low, up) for down, a, low, up in zip(incoming, rows, older, older[1:])]
        free = Parameters(edges, [b & ~old for b, old in zip(rows[1:], older[1:])], *self.whole_head(rows[-1]))
        self.descend(free, lambda z, step: self.prox_eq5(z, step, incoming, edges))

    def prox_eq5(self, z, step, incoming, edges):
        """L1 on every free weight and the head, then the group of each new unit's incoming weights."""
        mu, gamma = self.threshold(step, Decimal(self.options.mu)), step * Decimal(self.options.gamma)
        weights = [self.sparse_group(np.where(free, w, Decimal(0)), mu, gamma, group, old)
                   for w, group, free, old in zip(z.weights, incoming, edges, self.older())]
        bare = z.map(lambda name, a: self.soft(a, mu) if self.is_penalised(name) else a)
        return Parameters(weights, bare.biases, bare.head, bare.head_bias)

    def sparse_group(self, z, mu, gamma, group, old):
        """Soft threshold, then shrink the columns that are groups; ``old`` tells which rows are older units."""
        thin = self.soft(z, mu)
        return np.where(group, self.shrunk_columns(np.where(group, thin, Decimal(0)), gamma), thin)

    def solve_eq6(self):
        """L + lam norm(W - W^{t-1})^2 on the nonzero weights that the stage sees."""
        rows = self.rows_seen()
        edges = [(w != 0) & np.outer(a, b) for w, a, b in zip(self.net["weights"], rows, rows[1:])]
        free = Parameters(edges, rows[1:], *self.whole_head(rows[-1]))
        self.descend(free, lambda z, step: self.prox_eq6(z, step, *self.anchors()))

    def anchors(self):
        """(weights, biases, which weights are pulled, which biases are pulled), arrays of today's shapes."""
        older, anchors_w, anchors_b = self.older(), [], []
        for w, b, old_w, old_b in zip(self.net["weights"], self.net["biases"], *self.anchor()):
            large_w, large_b = np.zeros(w.shape), np.zeros(b.shape)
            large_w[:old_w.shape[0], :old_w.shape[1]], large_b[:len(old_b)] = old_w, old_b
            anchors_w.append(hp.to_decimal(large_w))
            anchors_b.append(hp.to_decimal(large_b))
        return anchors_w, anchors_b, [np.outer(a, b) for a, b in zip(older, older[1:])], older[1:]

    def anchor(self):
        """W^{t-1}."""
        return self.previous["weights"], self.previous["biases"]

    def prox_eq6(self, z, step, weights, biases, edges, units):
        """lam * norm(w - anchor)^2, whose half-strength form has 2 lam."""
        s = step * self.factor_eq6() * Decimal(self.options.lam)

        def pulled(arrays, anchors, where):
            return [np.where(here, (a + s * anchor) / (1 + s), a) for a, anchor, here in zip(arrays, anchors, where)]

        return Parameters(pulled(z.weights, weights, edges), pulled(z.biases, biases, units), z.head, z.head_bias)

    def factor_eq6(self) -> int:
        """The prox of lam norm^2 is that of (2 lam / 2) norm^2."""
        return 2

    # the two shrinkages; both note how near a number came to its threshold

    def soft(self, z, threshold):
        """Soft threshold of every entry."""
        self.distances += [abs(abs(one) - threshold) for one in z.ravel()]
        return hp.elementwise(lambda one: hp.soft(one, threshold), z)

    def shrunk_columns(self, z, threshold):
        """Every column made shorter by the threshold, down to 0."""
        z = z.copy()
        for j in range(z.shape[1]):
            length = hp.norm(z[:, j])
            self.distances.append(abs(length - threshold))
            z[:, j] = z[:, j] * (1 - threshold / length) if length > threshold else z[:, j] * 0
        return z

    def threshold(self, step, mu):
        """Of the soft threshold in a step of this length."""
        return step * mu

    def is_penalised(self, name) -> bool:
        """By L1."""
        return name in ("weights", "head")
