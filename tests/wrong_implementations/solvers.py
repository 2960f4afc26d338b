"""Steps and solvers: ISTA, FISTA, Eq. 3 to its minimum."""

import numpy as np

from tests import own_answers as own

from .listing import wrong
from .proxes import groups_shrunk, shrunk

# --- ISTA --------------------------------------------------------------------------------------------------------


@wrong("ista_step", known="l1-on-biases")
def every_trainable_shrinks(w, b, dw, db, step, mu, gamma):
    """The prox runs over all trainables, biases too."""
    return own.ista_step(w, b, dw, db, step, mu, gamma)["w"], shrunk(b - step * db, step * mu)


@wrong("ista_step", r"sign|ascent|uphill|added")
def uphill(w, b, dw, db, step, mu, gamma):
    """w + step dw."""
    return own.ista_step(w, b, -dw, -db, step, mu, gamma)


@wrong("ista_step", r"bias.*(group|norm)|(group|norm).*bias")
def bias_in_the_group(w, b, dw, db, step, mu, gamma):
    """A unit's bias belongs to its group: it counts in the norm and shrinks with it."""
    group = np.vstack([shrunk(w - step * dw, step * mu), (b - step * db)[None]])
    both = groups_shrunk(group, step * gamma)
    return both[:-1], both[-1]


@wrong("ista_step", r"one-shrinkage-lost|lost|L1 (part|term)", hard=True)
def groups_or_entries(w, b, dw, db, step, mu, gamma):
    """With gamma > 0 only groups are shrunk; the L1 part is in an else."""
    z = w - step * dw
    return groups_shrunk(z, step * gamma) if gamma else shrunk(z, step * mu), b - step * db


@wrong("ista_step", r"bias.*step|step.*bias")
def bias_step_missing(w, b, dw, db, step, mu, gamma):
    """The bias moves by its whole gradient."""
    return own.ista_step(w, b, dw, db, step, mu, gamma)["w"], b - db


# --- FISTA -------------------------------------------------------------------------------------------------------


def accelerated(restart=lambda s, new: s.gap @ s.move > 0, share=None, gradient=None, told=lambda s: s.x, t0=1.0,
                on_restart=lambda s: setattr(s, "t", 1.0)):
    """FISTA with a part to replace; a state s has x, y, t, gap = y - x+, move = x+ - x, quadratic, linear."""
    def outputs(quadratic, linear, mu, start, step, iterations):
        s, rows = State(start, t0, quadratic, linear, mu), []
        for k in range(iterations):
            slope = linear + quadratic @ s.y if gradient is None else gradient(s)
            new = shrunk(s.y - step * slope, step * mu)
            s.gap, s.move, s.k = s.y - new, new - s.x, k
            if restart(s, new):
                on_restart(s)
            t_new = (1 + np.sqrt(1 + 4 * s.t * s.t)) / 2
            s.y = new + (share(s, t_new) if share else (s.t - 1) / t_new) * s.move
            s.x, s.t = new, t_new
            rows.append(told(s))
        return np.reshape(rows, (iterations, len(start)))

    return outputs


class State:
    """What FISTA carries on."""

    def __init__(self, start, t, quadratic, linear, mu):
        self.x = self.y = start
        self.t, self.quadratic, self.linear, self.mu = t, quadratic, linear, mu

    def objective(self, u):
        """Value at u."""
        return self.linear @ u + u @ self.quadratic @ u / 2 + self.mu * abs(u).sum()


@wrong("fista", known="restart-missing", hard=True)
def never_restarted(**inputs):
    """FISTA as in the paper of Beck and Teboulle, without a restart."""
    return accelerated(restart=lambda s, new: False)(**inputs)


@wrong("fista", r"restart|reset", hard=True)
def restarted_but_t_goes_on(quadratic, linear, mu, start, step, iterations):
    """At a restart y+ = x+, but t keeps growing."""
    x, y, t, rows = start, start, 1.0, []
    for _ in range(iterations):
        new = shrunk(y - step * (linear + quadratic @ y), step * mu)
        t_new = (1 + np.sqrt(1 + 4 * t * t)) / 2
        y = new if (y - new) @ (new - x) > 0 else new + (t - 1) / t_new * (new - x)
        x, t = new, t_new
        rows.append(x)
    return np.reshape(rows, (iterations, len(start)))


@wrong("fista", r"restart|reset|function", hard=True)
def restarted_by_the_value(**inputs):
    """The function scheme: a restart where the objective rises."""
    return accelerated(restart=lambda s, new: s.objective(new) > s.objective(s.x))(**inputs)


@wrong("fista", r"k ?/ ?\(k|Nesterov|\bk\b.*momentum")
def momentum_k_over_k_plus_3(**inputs):
    """The share of the momentum is k / (k + 3)."""
    return accelerated(share=lambda s, t_new: s.k / (s.k + 3))(**inputs)


@wrong("fista", r"extrapolat.*(return|row|told)|(return|row|told).*extrapolat|iterates? y|rows are y")
def extrapolated_points_returned(**inputs):
    """The rows are y, the extrapolated points."""
    return accelerated(told=lambda s: s.y)(**inputs)


@wrong("fista", r"start|off by one|row|one late|shifted")
def start_is_the_first_row(start, iterations, **inputs):
    """Row k is x_k: the start is the first row and the last iterate is missing."""
    return np.vstack([start[None], own.fista(start=start, iterations=iterations, **inputs)])[:iterations]


@wrong("fista", r"factor 2|twice|half|doubled|times 2")
def quadratic_without_its_half(quadratic, **inputs):
    """The gradient is linear + 2 Q y: the quadratic term's 1/2 is forgotten."""
    return own.fista(quadratic=2 * quadratic, **inputs)


# --- Eq. 3 -------------------------------------------------------------------------------------------------------


def fitted(features, labels, loss, mu_head, *, bias=True, until=1e-9):
    """(V, c) by accelerated proximal gradient, as one writes it in NumPy."""
    n, k = labels.shape
    design = np.hstack([features, np.full((n, 1), float(bias))])
    step = 2 * n / max(np.linalg.norm(design, 2) ** 2, 1e-9)
    theta = moving = np.zeros((design.shape[1], k))
    strength, age = np.vstack([np.full(features.shape[1:] + (k,), mu_head), np.zeros((1, k))]), 0
    for _ in range(4000):
        slope = design.T @ own_gradient(design @ moving, labels, loss)
        new = shrunk(moving - step * slope, step * strength)
        done = abs(new - moving).max() <= until * step
        age = 0 if np.vdot(moving - new, new - theta) > 0 else age + 1
        theta, moving = new, new + age / (age + 3) * (new - theta)
        if done:
            break
    return theta[:-1], theta[-1]


def own_gradient(logits, labels, loss):
    """dlogits of the mean loss."""
    if loss == "softmax":
        return own.softmax_cross_entropy(logits, labels.argmax(axis=1))["dlogits"]
    return own.sigmoid_cross_entropy(logits, labels)["dlogits"]


def told_of(features, labels, loss, mu_head, head, bias):
    """Objective, support and residual of a head."""
    at = own.objective_eq3(features, labels, loss, head, bias, mu_head)
    slope = at["dhead"]
    distance = np.where(head != 0, abs(slope + mu_head * np.sign(head)), np.maximum(abs(slope) - mu_head, 0))
    return {"objective": at["smooth"] + at["penalty"], "support": head != 0,
            "residual": max(distance.max(initial=0), abs(at["dhead_bias"]).max())}


@wrong("solve_head", known="stopped-early")
def a_default_tolerance(features, labels, loss, mu_head):
    """The solver stops at a tolerance of 1e-4."""
    return told_of(features, labels, loss, mu_head, *fitted(features, labels, loss, mu_head, until=1e-4))


@wrong("solve_head", r"intercept|no bias|without (a )?bias|bias.*(missing|left out|held|is 0)")
def without_intercept(features, labels, loss, mu_head):
    """fit_intercept=False: the bias stays 0 and its gradient is not looked at."""
    head, _ = fitted(features, labels, loss, mu_head, bias=False)
    told = told_of(features, labels, loss, mu_head, head, np.zeros(labels.shape[1]))
    return {**told, "residual": min(told["residual"], 1e-9)}


@wrong("solve_head", r"penalty.*(missing|left out|not in|without)|without.*penalty|loss alone")
def objective_is_the_loss(features, labels, loss, mu_head):
    """The objective told is the data loss, without the penalty."""
    head, bias = fitted(features, labels, loss, mu_head)
    told = told_of(features, labels, loss, mu_head, head, bias)
    return {**told, "objective": told["objective"] - mu_head * abs(head).sum()}


@wrong("solve_head", r"softmax|sigmoid|one-vs|one against")
def one_against_the_rest(features, labels, loss, mu_head):
    """Softmax labels are fitted with a sigmoid per class."""
    return own.solve_head(features, labels, "sigmoid", mu_head)


@wrong("solve_head", r"toleran|rounded|thresh|1e-|almost-zero|taken for 0", hard=True)
def support_above_a_tolerance(features, labels, loss, mu_head):
    """support is abs(V) > 0.05: small weights are rounded away."""
    head, bias = fitted(features, labels, loss, mu_head)
    return {**told_of(features, labels, loss, mu_head, head, bias), "support": abs(head) > 0.05}


@wrong("solve_head", r"half|factor|mu_head / 2|2 mu|twice")
def half_the_penalty(features, labels, loss, mu_head):
    """The penalty is (mu_head / 2) abs, as where L1 and L2 share one strength."""
    return own.solve_head(features, labels, loss, mu_head / 2)


@wrong("solve_head", r"standard|scal|normal|deviation|centred", hard=True)
def features_standardised(features, labels, loss, mu_head):
    """Features are standardised first, as a pipeline does."""
    scale = features.std(axis=0)
    return own.solve_head((features - features.mean(axis=0)) / np.where(scale > 0, scale, 1), labels, loss, mu_head)


@wrong("solve_head", r"any output|all outputs|whole (row|unit)|per unit|joint", hard=True)
def support_per_unit(features, labels, loss, mu_head):
    """support marks a unit in every column as soon as one output reads it."""
    right = own.solve_head(features, labels, loss, mu_head)
    return {**right, "support": right["support"] | right["support"].any(axis=1, keepdims=True)}
