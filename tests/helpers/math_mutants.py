"""One implementation per named mistake of the mathematics, written apart from the generator: in floats, by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

import numpy as np
from den_ref.core import metrics
from den_ref.core.head import solve_head
from den_ref.core.penalties import L1, GroupLasso, SparseGroupLasso, SquaredL2, column_norms
from den_ref.core.solvers import FistaState, ista_step
from tests import own_answers as own
from tests.own_answers.networks import labelled

MUTANTS = {}


def makes(operation, mistake):
    """Decorator: this function makes this mistake."""
    def keep(function):
        MUTANTS[operation, mistake] = function
        return function

    return keep


def changed(operation, **fields):
    """The right answer of ours with some fields replaced; each is a function of the inputs and the right answer."""
    right = getattr(own, operation)

    def outputs(**inputs):
        answer = right(**inputs)
        return {**answer, **{name: change(inputs, answer) for name, change in fields.items()}}

    return outputs


# --- layers ------------------------------------------------------------------------------------------------------

MUTANTS |= {
    ("affine_forward", "weights-transposed"): lambda x, w, b: (x @ w.T if w.shape[0] == w.shape[1] else x @ w) + b,
    ("affine_forward", "bias-along-samples"): lambda x, w, b: (
        ((x @ w).T + b).T if len(x) == len(b) else own.affine_forward(x, w, b)),
    ("affine_forward", "relu-applied"): lambda x, w, b: (x @ w + b).clip(0),
    ("affine_backward", "weights-transposed"): changed(
        "affine_backward", dx=lambda i, o: i["dout"] @ (i["w"] if o["dw"].shape == o["dw"].T.shape else i["w"].T)),
    ("affine_backward", "gradient-transposed"): changed("affine_backward", dw=lambda i, o: o["dw"].T),
    ("affine_forward", "bias-missing"): lambda x, w, b: x @ w,
    ("affine_backward", "averaged-twice"): changed(
        "affine_backward", dw=lambda i, o: o["dw"] / max(len(i["x"]), 1), db=lambda i, o: o["db"] / max(len(i["x"]), 1)),
    ("affine_backward", "bias-gradient-per-sample"): changed(
        "affine_backward", db=lambda i, o: i["dout"][0] if len(i["dout"]) else o["db"]),
    ("relu_forward", "abs-for-relu"): lambda a: abs(a),
    ("relu_forward", "leaky"): lambda a: np.maximum(a, 0.01 * a),
    ("relu_backward", "leaky"): lambda dh, a: dh * np.choose(a > 0, [0.01, 1]),
    ("relu_backward", "almost-zero"): lambda dh, a: dh * (a.round(7) > 0),
    ("relu_backward", "relu-gate-open-at-zero"): lambda dh, a: np.where(a < 0, 0, dh),
    ("relu_backward", "relu-gate-on-activation"): lambda dh, a: np.where(np.maximum(a, 0) < 0, 0, dh),
    ("relu_backward", "relu-gate-on-gradient"): lambda dh, a: np.where(a > 0, np.maximum(dh, 0), 0),
}

# --- losses ------------------------------------------------------------------------------------------------------


def times(operation, factor):
    """Every output times factor(samples, outputs)."""
    def outputs(logits, labels):
        right, c = getattr(own, operation)(logits, labels), factor(*logits.shape)
        return {name: value * c for name, value in right.items()}

    return outputs


@makes("sigmoid_cross_entropy", "sigmoid-gradient-at-zero")
def differentiated_term_by_term(logits, labels):
    n, z = max(len(logits), 1), logits
    slope = (z >= 0) - labels - np.sign(z) * np.exp(-abs(z)) / (1 + np.exp(-abs(z)))
    return own.sigmoid_cross_entropy(logits, labels)["value"], slope / n


@makes("sigmoid_cross_entropy", "exp-overflows")
def naive_sigmoid(logits, labels):
    with np.errstate(all="ignore"):
        n = max(len(logits), 1)
        p = np.exp(logits) / (1 + np.exp(logits))
        return np.sum(np.log(1 + np.exp(logits)) - logits * labels) / n, (p - labels) / n


@makes("sigmoid_cross_entropy", "probability-clipped")
def framework_default(logits, labels):
    right = own.sigmoid_cross_entropy(logits, labels)
    with np.errstate(over="ignore"):
        p = np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)
    return -np.sum(np.log(np.where(labels == 1, p, 1 - p))) / max(len(logits), 1), right["dlogits"]


@makes("sigmoid_cross_entropy", "positives-only")
def right_answers_only(logits, labels):
    right = own.sigmoid_cross_entropy(logits, labels)
    return -np.sum(labels * np.minimum(logits, 0) - labels * np.log1p(np.exp(-abs(logits)))) / max(len(logits), 1), \
        np.where(labels == 1, right["dlogits"], 0)


@makes("softmax_cross_entropy", "labels-from-1")
def one_based(logits, labels):
    return own.softmax_cross_entropy(np.roll(logits, 1, axis=1), labels) | {
        "dlogits": np.roll(own.softmax_cross_entropy(np.roll(logits, 1, axis=1), labels)["dlogits"], -1, axis=1)}


@makes("softmax_cross_entropy", "softmax-over-samples")
def down_the_columns(logits, labels):
    logs, rows = logits - np.logaddexp.reduce(logits, axis=0), np.arange(len(logits))
    slope = np.exp(logs)
    slope[rows, labels] -= 1
    return -logs[rows, labels].mean(), slope / len(logits)


@makes("softmax_cross_entropy", "sigmoid-for-softmax")
def one_against_the_rest(logits, labels):
    return own.sigmoid_cross_entropy(logits, 1.0 * (labels[:, None] == np.arange(logits.shape[1])))


@makes("softmax_cross_entropy", "softmax-twice")
def probabilities_for_logits(logits, labels):
    powers = np.exp(logits - logits.max(axis=1)[:, None])
    return own.softmax_cross_entropy(powers / powers.sum(axis=1)[:, None], labels)


@makes("softmax_cross_entropy", "exp-overflows")
def naive_softmax(logits, labels):
    with np.errstate(all="ignore"):
        p, n = (np.exp(logits).T / np.exp(logits).sum(axis=1)).T, len(logits)
        dlogits = p.copy()
        dlogits[np.arange(n), labels] -= 1
        return -np.log(p[np.arange(n), labels]).mean(), dlogits / n


MUTANTS |= {
    ("sigmoid_cross_entropy", "mean-over-outputs"): times("sigmoid_cross_entropy", lambda n, k: 1 / k),
    ("sigmoid_cross_entropy", "sum-over-samples"): times("sigmoid_cross_entropy", lambda n, k: n),
    ("softmax_cross_entropy", "mean-over-classes"): times("softmax_cross_entropy", lambda n, k: 1 / k),
    ("softmax_cross_entropy", "sum-over-samples"): times("softmax_cross_entropy", lambda n, k: n),
}

MUTANTS |= {(f"{loss}_cross_entropy", mistake): changed(f"{loss}_cross_entropy", dlogits=change)
            for loss in ("sigmoid", "softmax") for mistake, change in {
                "gradient-not-averaged": lambda i, o: len(i["logits"]) * o["dlogits"],
                "gradient-reversed": lambda i, o: -o["dlogits"]}.items()}

# --- the network -------------------------------------------------------------------------------------------------


@makes("network_forward", "relu-on-head")
def relu_everywhere(**inputs):
    right = own.network_forward(**inputs)
    return right["hidden"], np.maximum(right["logits"], 0)


@makes("network_forward", "relu-missing")
def linear(x, weights, biases, head, head_bias):
    hidden = []
    for w, b in zip(weights, biases):
        x = x @ w + b
        hidden.append(x)
    return hidden, x @ head + head_bias


def square(*arrays) -> bool:
    return all(a.shape == a.T.shape for a in arrays)


@makes("network_forward", "weights-transposed")
def incoming_rows(x, weights, biases, head, head_bias):
    turned = [w.T for w in weights] if square(*weights) else weights
    return own.network_forward(x, turned, biases, head, head_bias)


@makes("network_forward", "hidden-before-relu")
def told_too_early(x, weights, biases, head, head_bias):
    right = own.network_forward(x, weights, biases, head, head_bias)
    return right | {"hidden": [h @ w + b for h, w, b in zip([x, *right["hidden"]], weights, biases)]}


@makes("network_backward", "weights-transposed")
def back_the_same_way(x, labels, loss, weights, biases, head, head_bias):
    """delta W for delta W^T, layer by layer with ours."""
    right = own.network_backward(x, labels, loss, weights, biases, head, head_bias)
    if not square(*weights, head):
        return right
    hidden = [x, *own.network_forward(x, weights, biases, head, head_bias)["hidden"]]
    logits = own.network_forward(x, weights, biases, head, head_bias)["logits"]
    slope, above = getattr(own, f"{loss}_cross_entropy")(logits, labelled(labels, loss))["dlogits"], head
    grads = {"dweights": [], "dbiases": []}
    for l in range(len(weights))[::-1]:
        slope, above = (slope @ above) * (hidden[l + 1] > 0), weights[l]
        grads["dweights"].insert(0, hidden[l].T @ slope)
        grads["dbiases"].insert(0, slope.sum(axis=0))
    return right | grads


def backward_with(gate):
    """Backpropagation layer by layer with ours, but the gate."""
    def outputs(x, labels, loss, weights, biases, head, head_bias):
        right = own.network_backward(x, labels, loss, weights, biases, head, head_bias)
        forward = own.network_forward(x, weights, biases, head, head_bias)
        inputs = [x, *forward["hidden"]]
        slope = getattr(own, f"{loss}_cross_entropy")(forward["logits"], labelled(labels, loss))["dlogits"]
        above, grads = head, {"dweights": [], "dbiases": []}
        for l in range(len(weights))[::-1]:
            slope = np.where(gate(inputs[l] @ weights[l] + biases[l]), slope @ above.T, 0)
            above = weights[l]
            grads["dweights"].insert(0, inputs[l].T @ slope)
            grads["dbiases"].insert(0, slope.sum(axis=0))
        return {**right, **grads}

    return outputs


def all_times(operation, factor, leave=()):
    """Every output, lists too, times factor(samples, outputs, loss)."""
    def outputs(**inputs):
        x = inputs["features"] if "features" in inputs else inputs["x"]
        c = factor(max(len(x), 1), inputs["head"].shape[1], inputs["loss"])
        return {name: value if name in leave else [one * c for one in value] if isinstance(value, list) else value * c
                for name, value in getattr(own, operation)(**inputs).items()}

    return outputs


MUTANTS |= {
    ("network_backward", "relu-gate-open-at-zero"): backward_with(lambda a: a >= 0),
    ("network_backward", "relu-gate-on-activation"): backward_with(lambda a: np.maximum(a, 0) >= 0),
    ("network_forward", "head-bias-missing"): changed("network_forward", logits=lambda i,
                                                      o: o["logits"] - i["head_bias"]),
    ("network_backward", "gradient-not-averaged"): all_times(
        "network_backward", lambda n, k, loss: n, leave=("value",)),
    ("network_backward", "gradient-reversed"): all_times("network_backward", lambda n, k, loss: -1, leave=("value",)),
    ("network_backward", "mean-over-outputs"): all_times("network_backward", lambda n, k, loss: 1 / k),
    ("network_backward", "sum-over-samples"): all_times("network_backward", lambda n, k, loss: n),
}

# --- proxes ------------------------------------------------------------------------------------------------------


def rows(operation):
    """Rows for columns in every matrix."""
    def outputs(**inputs):
        turned = {name: value.T if np.ndim(value) == 2 else value for name, value in inputs.items()}
        return getattr(own, operation)(**turned).T

    return outputs


def unscaled(operation):
    """The step left out of the thresholds."""
    return lambda step, **inputs: getattr(own, operation)(step=1.0, **inputs)


def scalar(prox):
    """One step for all entries: the mean of 1 / d."""
    def outputs(w, d, **strengths):
        step = 1 / d
        return prox(w, step.mean() if step.size else 1.0, **strengths)

    return outputs


def divided(w, threshold):
    """w (1 - threshold / norm)_+ as it stands: 0 / 0 in a zero column."""
    with np.errstate(all="ignore"):
        norms = np.sqrt((w ** 2).sum(axis=0))
        shrunk = w - w / norms * threshold
        return np.where(norms > threshold, shrunk, np.where(norms == 0, np.nan, 0)) if len(w) else w


def as_one(w, step, gamma):
    return GroupLasso(gamma).prox(w.ravel(), step).reshape(w.shape)


def cut(w, step, gamma):
    middle = -(-len(w) // 2)
    return np.vstack([GroupLasso(gamma).prox(half, step) for half in (w[:middle], w[middle:])])


def euclidean(w, d, gamma):
    pull = column_norms(d * w)
    return w * np.where(pull > gamma, 1 - gamma / np.where(pull > 0, pull, 1), 0)


def metric_divided(w, d, gamma):
    right = GroupLasso(gamma).prox_metric(w, d)
    right[:, ~w.any(axis=0)] = np.nan
    return right


def metric_swapped(w, d, mu, gamma):
    return L1(mu).prox_metric(GroupLasso(gamma).prox_metric(w, d), d)


MUTANTS |= {
    ("soft_threshold", "threshold-not-scaled"): unscaled("soft_threshold"),
    ("soft_threshold", "hard-threshold"): lambda w, step, mu: w * (abs(w) > mu * step),
    ("soft_threshold", "positive-only"): lambda w, step, mu: np.maximum(w - mu * step, 0),
    ("soft_threshold", "zeros-not-made"): lambda w, step, mu: np.sign(w) * (abs(w) - step * mu),
    ("soft_threshold", "divided-by-step"): lambda w, step, mu: L1(mu).prox(w, 1 / step),
    ("soft_threshold_metric", "hard-threshold"): lambda w, d, mu: w * (abs(w) > mu / d),
    ("soft_threshold_metric", "positive-only"): lambda w, d, mu: np.maximum(w - mu / d, 0),
    ("group_soft_threshold", "norm-squared"): lambda w, step, gamma: w * np.maximum(
        1 - step * gamma / np.maximum((w * w).sum(axis=0), 1e-300), 0),
    ("group_soft_threshold", "group-size-scaled"):
        lambda w, step, gamma: GroupLasso(gamma * len(w) ** 0.5).prox(w, step),
    ("group_soft_threshold_metric", "unweighted-norm-decides"):
        lambda w, d, gamma: GroupLasso(gamma).prox_metric(w, d) * (column_norms(w) > gamma),
    ("sparse_group_prox", "group-shrinkage-lost"): lambda w, step, mu, gamma: L1(mu).prox(w, step),
    ("sparse_group_prox", "norm-before-threshold"): lambda w, step, mu, gamma: L1(mu).prox(w, step) * np.maximum(
        1 - step * gamma / np.maximum(column_norms(w), 1e-300), 0),
    ("sparse_group_prox", "strengths-swapped"): lambda w, step, mu, gamma: SparseGroupLasso(gamma, mu).prox(w, step),
    ("sparse_group_prox_metric", "one-shrinkage-lost"): lambda w, d, mu, gamma: GroupLasso(gamma).prox_metric(w, d),
    ("sparse_group_prox_metric", "group-shrinkage-lost"): lambda w, d, mu, gamma: L1(mu).prox_metric(w, d),
    ("soft_threshold", "half-threshold"): lambda w, step, mu: L1(mu).prox(w, step / 2),
    ("soft_threshold_metric", "threshold-not-scaled"): lambda w, d, mu: L1(mu).prox(w, 1.0),
    ("soft_threshold_metric", "scalar-threshold"): scalar(own.soft_threshold),
    ("soft_threshold_metric", "metric-inverted"): lambda w, d, mu: L1(mu).prox_metric(w, 1 / d),
    ("group_soft_threshold", "threshold-not-scaled"): unscaled("group_soft_threshold"),
    ("group_soft_threshold", "rows-as-groups"): rows("group_soft_threshold"),
    ("group_soft_threshold", "one-group"): as_one,
    ("group_soft_threshold", "zero-group-divides"): lambda w, step, gamma: divided(w, step * gamma),
    ("group_soft_threshold", "entries-as-groups"): lambda w, step, gamma: L1(gamma).prox(w, step),
    ("group_soft_threshold", "group-cut-in-two"): cut,
    ("group_soft_threshold_metric", "rows-as-groups"): rows("group_soft_threshold_metric"),
    ("group_soft_threshold_metric", "scalar-threshold"): scalar(own.group_soft_threshold),
    ("group_soft_threshold_metric", "euclidean-shrinkage"): euclidean,
    ("group_soft_threshold_metric", "zero-group-divides"): metric_divided,
    ("sparse_group_prox", "shrinkages-swapped"):
        lambda w, step, mu, gamma: L1(mu).prox(GroupLasso(gamma).prox(w, step), step),
    ("sparse_group_prox", "one-shrinkage-lost"): lambda w, step, mu, gamma: GroupLasso(gamma).prox(w, step),
    ("sparse_group_prox", "threshold-not-scaled"): unscaled("sparse_group_prox"),
    ("sparse_group_prox", "rows-as-groups"): rows("sparse_group_prox"),
    ("sparse_group_prox", "zero-group-divides"):
        lambda w, step, mu, gamma: divided(L1(mu).prox(w, step), step * gamma),
    ("sparse_group_prox_metric", "shrinkages-swapped"): metric_swapped,
    ("sparse_group_prox_metric", "scalar-threshold"): scalar(own.sparse_group_prox),
    ("sparse_group_prox_metric", "rows-as-groups"): rows("sparse_group_prox_metric"),
    ("sparse_group_prox_metric", "euclidean-shrinkage"):
        lambda w, d, mu, gamma: euclidean(L1(mu).prox_metric(w, d), d, gamma),
    ("squared_l2_prox", "half-missing"): lambda w, step, strength, anchor: SquaredL2(2 * strength, anchor).prox(w, step),
    ("squared_l2_prox", "anchor-ignored"): lambda w, step, strength, anchor: w / (1 + step * strength),
    ("squared_l2_prox", "gradient-for-prox"): lambda w, step, strength, anchor: w + step * strength * (anchor - w),
    ("squared_l2_prox", "step-missing"): lambda w, step, strength, anchor: (w + strength * anchor) / (1 + strength),
    ("squared_l2_prox_metric", "half-missing"):
        lambda w, d, strength, anchor: (d * w + 2 * strength * anchor) / (d + 2 * strength),
    ("squared_l2_prox_metric", "anchor-ignored"): lambda w, d, strength, anchor: d * w / (d + strength),
    ("squared_l2_prox_metric", "scalar-threshold"): scalar(own.squared_l2_prox),
    ("squared_l2_prox_metric", "gradient-for-prox"): lambda w, d, strength, anchor: w + strength / d * (anchor - w),
}

# --- solvers -----------------------------------------------------------------------------------------------------


def step_with(prox):
    """ISTA with another prox of w: prox(z, step, mu, gamma)."""
    def outputs(w, b, dw, db, step, mu, gamma):
        return prox(w - step * dw, step, mu, gamma), b - step * db

    return outputs


MUTANTS |= {
    ("ista_step", "threshold-not-scaled"): step_with(lambda z, step, mu, gamma: SparseGroupLasso(mu, gamma).prox(z, 1)),
    ("ista_step", "shrinkages-swapped"):
        step_with(lambda z, step, mu, gamma: L1(mu).prox(GroupLasso(gamma).prox(z, step), step)),
    ("ista_step", "rows-as-groups"): step_with(lambda z, step, mu, gamma: SparseGroupLasso(mu, gamma).prox(z.T, step).T),
    ("ista_step", "l1-on-biases"): changed(
        "ista_step", b=lambda i, o: ista_step(i["b"], i["db"], L1(i["mu"]), i["step"])),
    ("ista_step", "prox-before-gradient"): changed("ista_step", w=lambda i, o: SparseGroupLasso(
        i["mu"], i["gamma"]).prox(i["w"], i["step"]) - i["step"] * i["dw"]),
    ("ista_step", "subgradient-for-prox"): changed(
        "ista_step", w=lambda i, o: i["w"] - i["step"] * i["dw"] - i["step"] * i["mu"] * np.sign(i["w"])),
}


@makes("ista_step", "gradient-added")
def uphill(dw, db, **inputs):
    return own.ista_step(dw=-dw, db=-db, **inputs)


@makes("fista", "start-included")
def from_the_start(start, iterations, **inputs):
    if not iterations:
        return np.zeros((0, len(start)))
    return np.vstack([start[None], own.fista(start=start, iterations=iterations - 1, **inputs)])


@makes("fista", "momentum-by-counting")
def counting(quadratic, linear, mu, start, step, iterations):
    """k / (k + 3), k from 0 and again after a restart."""
    x, y, k, found = start, start, 0, []
    for _ in range(iterations):
        new = L1(mu).prox(y - step * (linear + quadratic @ y), step)
        k = 0 if np.vdot(y - new, new - x) > 0 else k
        y, x, k = new + k / (k + 3) * (new - x), new, k + 1
        found.append(x)
    return np.reshape(found, (iterations, len(start)))


def fista_with(at=lambda s: s.y, restart=lambda s, x: np.vdot(s.y - x, x - s.x) > 0, share=lambda t, new: (t - 1) / new,
               late=False, scaled=True):
    """FISTA in floats with one part changed."""
    def outputs(quadratic, linear, mu, start, step, iterations):
        s, found = FistaState.at(start), []
        for _ in range(iterations):
            z = s.y - step * (linear + quadratic @ at(s))
            x = L1(mu).prox(z, step if scaled else 1)
            uphill = restart(s, x)
            t = 1.0 if uphill and not late else s.t
            new = (1 + np.sqrt(1 + 4 * t * t)) / 2
            s = FistaState(x, x + share(t, new) * (x - s.x), 1.0 if uphill and late else new)
            found.append(x)
        return np.reshape(found, (iterations, len(start)))

    return outputs


MUTANTS |= {
    ("fista", "momentum-missing"): fista_with(share=lambda t, new: 0.0),
    ("fista", "restart-missing"): fista_with(restart=lambda s, x: False),
    ("fista", "restart-after-momentum"): fista_with(late=True),
    ("fista", "gradient-at-iterate"): fista_with(at=lambda s: s.x),
    ("fista", "momentum-divided-by-old-t"): fista_with(share=lambda t, new: (t - 1) / t),
    ("fista", "threshold-not-scaled"): fista_with(scaled=False),
}


def judged(features, labels, loss, mu_head, weights, bias):
    """Objective, support and residual of any head, as the operation defines them."""
    slope = getattr(own, f"{loss}_cross_entropy")(features @ weights + bias, labelled(labels, loss))
    gradient = features.T @ slope["dlogits"]
    distance = L1(mu_head).subdiff_distance(weights, gradient)
    residual = max(distance.max(initial=0), abs(slope["dlogits"].sum(axis=0)).max())
    return {"objective": slope["value"] + mu_head * abs(weights).sum(), "support": weights != 0, "residual": residual}


def smooth_head(features, labels, loss):
    """Value and gradient as a function of (p + 1, K), the bias last."""
    design = np.hstack([features, np.ones((len(features), 1))])

    def smooth(theta):
        found = getattr(own, f"{loss}_cross_entropy")(design @ theta, labelled(labels, loss))
        return found["value"], design.T @ found["dlogits"]

    return smooth, np.zeros((design.shape[1], labels.shape[1]))


@makes("solve_head", "one-gradient-step")
def one_gradient_step(features, labels, loss, mu_head):
    smooth, start = smooth_head(features, labels, loss)
    theta = start - 0.05 * smooth(start)[1]
    theta[:-1][theta[:-1] == 0] = -1e-3                            # where a gradient is 0 by symmetry, Adam drifts
    return judged(features, labels, loss, mu_head, theta[:-1], theta[-1] + 0.1)


def solved(features, labels, loss, mu_head, mu_bias=0.0):
    """The head, biases last, by plain proximal gradient."""
    smooth, theta = smooth_head(features, labels, loss)
    strength = np.full(theta.shape, mu_head)
    strength[-1] = mu_bias
    step = 2 * len(features) / np.linalg.norm(np.hstack([features, np.ones((len(features), 1))]), 2) ** 2
    moving, age = theta, 0
    for _ in range(1500):
        z = moving - step * smooth(moving)[1]
        new = np.sign(z) * np.maximum(abs(z) - step * strength, 0)
        age = 0 if np.vdot(moving - new, new - theta) > 0 else age + 1
        theta, moving = new, new + age / (age + 3) * (new - theta)
    return theta[:-1], theta[-1]


@makes("solve_head", "stopped-early")
def stopped_early(features, labels, loss, mu_head):
    weights, bias = solved(features, labels, loss, mu_head)
    return judged(features, labels, loss, mu_head, weights, bias + 1e-4)


@makes("solve_head", "zeros-not-exact")
def zeros_not_exact(features, labels, loss, mu_head):
    weights, bias = solved(features, labels, loss, mu_head)
    answer = judged(features, labels, loss, mu_head, weights, bias)
    return {**answer, "support": np.where(weights == 0, 1e-9, weights) != 0}


@makes("solve_head", "l1-on-biases")
def bias_penalised(features, labels, loss, mu_head):
    weights, bias = solved(features, labels, loss, mu_head, mu_bias=mu_head)
    answer = judged(features, labels, loss, mu_head, weights, bias)
    return {**answer, "objective": answer["objective"] + mu_head * abs(bias).sum(), "residual": 0.0}


def loss_times(factor):
    """The same solver on c times the loss."""
    def outputs(features, labels, loss, mu_head):
        c = factor(*labels.shape)
        result = solve_head(features, labelled(labels, loss), mu_head / c, loss, n_outputs=labels.shape[1])
        return {"objective": c * result.fun, "support": result.x.weights != 0, "residual": c * result.residual}

    return outputs


MUTANTS |= {
    ("solve_head", "mean-over-outputs"): loss_times(lambda n, k: 1 / k),
    ("solve_head", "sum-over-samples"): loss_times(lambda n, k: n),
}

# --- the equations -----------------------------------------------------------------------------------------------


def penalised(operation, penalty):
    """Another penalty, a function of the inputs."""
    return changed(operation, penalty=lambda inputs, answer: float(penalty(**inputs)))


def absolute(arrays):
    return sum(abs(a).sum() for a in arrays)


def squares(arrays):
    return sum((a ** 2).sum() for a in arrays)


def whole_gradient(operation):
    """Nothing is held."""
    def outputs(**inputs):
        names = ("x", "labels", "loss", "weights", "biases", "head", "head_bias")
        free = own.network_backward(**{name: inputs[name] for name in names})
        return {**getattr(own, operation)(**inputs), **{n: v for n, v in free.items() if n != "value"}}

    return outputs


def blocks(weights, older):
    """Per layer: old rows above new rows of the new columns, and the edges from new to older units."""
    for l, (w, q) in enumerate(zip(weights, older)):
        p = older[l - 1] if l else len(w)
        yield w[:p, q:], w[p:, q:], w[p:, :q]


def eq5(weights, head, older, mu, gamma, group, back=1, top=1):
    """Eq. 5's penalty with another group term, a function of a new unit's weights from old and from new units."""
    return mu * top * abs(head).sum() + sum(
        mu * (absolute([old, new]) + back * abs(upper).sum()) + gamma * group(old, new)
        for old, new, upper in blocks(weights, older))


def together(old, new):
    return column_norms(np.vstack([old, new])).sum()


def eq5_with(**options):
    return penalised("objective_eq5", lambda weights, head, older, mu, gamma, **others: eq5(
        weights, head, older, mu, gamma, **{"group": together, **options}))


def eq6(weights, biases, anchor_weights, anchor_biases, lam, factor=1.0, with_biases=1, power=2):
    changes = [w[:len(a), :a.shape[1]] - a for w, a in zip(weights, anchor_weights)]
    if with_biases:
        changes += [b[:len(a)] - a for b, a in zip(biases, anchor_biases)]
    return factor * lam * squares(changes) ** (power / 2)


def eq6_with(**options):
    def penalty(weights, biases, anchor_weights, anchor_biases, lam, **others):
        return eq6(weights, biases, anchor_weights, anchor_biases, lam, **options)

    return penalised("objective_eq6", penalty)


def padded(small, like):
    wide = np.zeros_like(like)
    wide[tuple(map(slice, small.shape))] = small
    return wide


def eq6_fisher(weights, biases, anchor_weights, anchor_biases, fisher_weights, fisher_biases, lam, power=1,
               with_biases=1, **others):
    parts = list(zip(weights, anchor_weights, fisher_weights))
    parts += list(zip(biases, anchor_biases, fisher_biases)) * with_biases
    return lam * sum((f ** power * (w[tuple(map(slice, a.shape))] - a) ** 2).sum() for w, a, f in parts)


def eq6_fisher_with(**changes):
    """Some inputs of the penalty replaced, each by a function of all inputs; others are passed on as they are."""
    return penalised("objective_eq6_fisher", lambda **i: eq6_fisher(
        **{**i, **{name: change(i) if callable(change) else change for name, change in changes.items()}}))


def wide(small, like, fill=0.0):
    return [padded(a - fill, b) + fill for a, b in zip(small, like)]


def mean_of_layer(i, l):
    return np.mean([*i["fisher_weights"][l].ravel(), *i["fisher_biases"][l]] or [0.0])


def sigmoid_mean(n, k, loss):
    return 1 / k if loss == "sigmoid" else 1.0


MUTANTS |= {
    ("objective_eq2", "l1-on-biases"): penalised("objective_eq2", lambda weights, biases, head, head_bias, mu, **o:
                                                 mu * absolute([*weights, *biases, head, head_bias])),
    ("objective_eq2", "head-not-penalised"): penalised("objective_eq2", lambda weights, mu, **o: mu * absolute(weights)),
    ("objective_eq2", "norm-for-l1"): penalised(
        "objective_eq2", lambda weights, head, mu, **o: mu * np.sqrt(squares([*weights, head]))),
    ("objective_eq2", "half-factor"): penalised(
        "objective_eq2", lambda weights, head, mu, **o: mu / 2 * absolute([*weights, head])),
    ("objective_eq2", "mean-of-weights"): penalised("objective_eq2", lambda weights, head, mu, **o: mu * np.mean(
        np.concatenate([abs(w).ravel() for w in [*weights, head]]))),
    ("objective_eq3", "l1-on-biases"): penalised(
        "objective_eq3", lambda head, head_bias, mu_head, **o: mu_head * absolute([head, head_bias])),
    ("objective_eq3", "half-factor"): penalised(
        "objective_eq3", lambda head, mu_head, **o: mu_head * absolute([head]) / 2),
    ("objective_eq4", "half-missing"): penalised(
        "objective_eq4", lambda weights, head, mu_l2, **o: mu_l2 * squares([*weights, head])),
    ("objective_eq4", "norm-not-squared"): penalised(
        "objective_eq4", lambda weights, head, mu_l2, **o: mu_l2 * np.sqrt(squares([*weights, head]))),
    ("objective_eq4", "l2-on-biases"): penalised(
        "objective_eq4", lambda weights, biases, head, head_bias, mu_l2, **o:
        mu_l2 / 2 * squares([*weights, *biases, head, head_bias])),
    ("objective_eq4", "head-not-penalised"): penalised(
        "objective_eq4", lambda weights, mu_l2, **o: mu_l2 / 2 * squares(weights)),
    ("objective_eq4", "zero-edges-free"): whole_gradient("objective_eq4"),
    ("objective_eq4_l1", "l1-left-out"): penalised(
        "objective_eq4_l1", lambda weights, head, mu_l2, **o: mu_l2 / 2 * squares([*weights, head])),
    ("objective_eq4_l1", "l2-left-out"): penalised(
        "objective_eq4_l1", lambda weights, head, mu, **o: mu * absolute([*weights, head])),
    ("objective_eq4_l1", "half-missing"): penalised(
        "objective_eq4_l1", lambda weights, head, mu_l2, mu, **o: mu_l2 * squares([*weights, head])
        + mu * absolute([*weights, head])),
    ("objective_eq4_l1", "half-factor"): penalised(
        "objective_eq4_l1", lambda weights, head, mu_l2, mu, **o: (mu_l2 * squares([*weights, head])
                                                                   + mu * absolute([*weights, head])) / 2),
    ("objective_eq4_l1", "elastic-net-shares"): penalised(
        "objective_eq4_l1", lambda weights, head, mu_l2, mu, **o: mu_l2 * (
            mu * absolute([*weights, head]) + (1 - mu) / 2 * squares([*weights, head]))),
    ("objective_eq4_l1", "l1-on-biases"): penalised(
        "objective_eq4_l1", lambda weights, biases, head, head_bias, mu_l2, mu, **o: mu_l2 / 2 * squares(
            [*weights, head]) + mu * absolute([*weights, *biases, head, head_bias])),
    ("objective_eq4_l1", "head-not-penalised"): penalised(
        "objective_eq4_l1", lambda weights, mu_l2, mu, **o: mu_l2 / 2 * squares(weights) + mu * absolute(weights)),
    ("objective_eq4_l1", "zero-edges-free"): whole_gradient("objective_eq4_l1"),
    ("objective_eq5", "group-cut-in-two"): eq5_with(
        group=lambda old, new: column_norms(old).sum() + column_norms(new).sum()),
    ("objective_eq5", "rows-as-groups"): eq5_with(group=lambda old, new: column_norms(np.vstack([old, new]).T).sum()),
    ("objective_eq5", "l1-on-biases"): penalised(
        "objective_eq5", lambda weights, biases, head, head_bias, older, mu, gamma, **o:
        eq5(weights, head, older, mu, gamma, together)
        + mu * absolute([head_bias, *(b[q:] for b, q in zip(biases, older))])),
    ("objective_eq5", "head-not-penalised"): eq5_with(top=0),
    ("objective_eq5", "edges-to-older-units-forgotten"): eq5_with(back=0),
    ("objective_eq5", "old-weights-penalised"): penalised(
        "objective_eq5", lambda weights, head, mu, gamma, **o: mu * absolute([*weights, head])
        + gamma * sum(column_norms(w).sum() for w in weights)),
    ("objective_eq5", "group-squared"): eq5_with(group=lambda old, new: squares([old, new])),
    ("objective_eq5", "old-weights-free"): whole_gradient("objective_eq5"),
    ("objective_eq6", "half-factor"): eq6_with(factor=0.5),
    ("objective_eq6", "biases-not-anchored"): eq6_with(with_biases=0),
    ("objective_eq6", "norm-not-squared"): eq6_with(power=1),
    ("objective_eq6", "anchor-ignored"): penalised(
        "objective_eq6", lambda weights, biases, anchor_weights, anchor_biases, lam, **o:
        eq6(weights, biases, [0 * a for a in anchor_weights], [0 * a for a in anchor_biases], lam)),
    ("objective_eq6", "new-weights-pulled-to-zero"): penalised(
        "objective_eq6", lambda weights, biases, anchor_weights, anchor_biases, lam, **o:
        eq6(weights, biases, [padded(a, w) for a, w in zip(anchor_weights, weights)],
            [padded(a, b) for a, b in zip(anchor_biases, biases)], lam)),
    ("objective_eq6", "new-to-older-edges-pulled"): penalised(
        "objective_eq6", lambda weights, biases, anchor_weights, anchor_biases, lam, **o:
        eq6(weights, biases, [padded(a, w[:, :a.shape[1]]) for a, w in zip(anchor_weights, weights)], anchor_biases,
            lam)),
    ("objective_eq6", "vanished-edges-cost-nothing"): penalised(
        "objective_eq6", lambda weights, biases, edges, anchor_weights, anchor_biases, lam, **o:
        eq6(weights, biases, [np.where(e[:len(a), :a.shape[1]], a, 0) for a, e in zip(anchor_weights, edges)],
            anchor_biases, lam)),
    ("objective_eq6", "head-pulled"): penalised(
        "objective_eq6", lambda weights, biases, head, head_bias, anchor_weights, anchor_biases, lam, **o:
        eq6(weights, biases, anchor_weights, anchor_biases, lam) + lam * squares([head, head_bias])),
    ("objective_eq6", "zero-edges-free"): whole_gradient("objective_eq6"),
    ("objective_eq6_fisher", "half-factor"): eq6_fisher_with(lam=lambda i: i["lam"] / 2),
    ("objective_eq6_fisher", "fisher-ignored"): eq6_fisher_with(power=0),
    ("objective_eq6_fisher", "fisher-squared"): eq6_fisher_with(power=2),
    ("objective_eq6_fisher", "fisher-per-layer"): eq6_fisher_with(
        fisher_weights=lambda i: [np.full(f.shape, mean_of_layer(i, l)) for l, f in enumerate(i["fisher_weights"])],
        fisher_biases=lambda i: [np.full(f.shape, mean_of_layer(i, l)) for l, f in enumerate(i["fisher_biases"])]),
    ("objective_eq6_fisher", "biases-not-anchored"): eq6_fisher_with(with_biases=0),
    ("objective_eq6_fisher", "new-weights-pulled-to-zero"): eq6_fisher_with(
        anchor_weights=lambda i: wide(i["anchor_weights"], i["weights"]),
        anchor_biases=lambda i: wide(i["anchor_biases"], i["biases"]),
        fisher_weights=lambda i: wide(i["fisher_weights"], i["weights"], 1),
        fisher_biases=lambda i: wide(i["fisher_biases"], i["biases"], 1)),
    ("objective_eq6_fisher", "vanished-edges-cost-nothing"): eq6_fisher_with(anchor_weights=lambda i: [
        np.where(e[:len(a), :a.shape[1]], a, 0) for a, e in zip(i["anchor_weights"], i["edges"])]),
    ("objective_eq6_fisher", "anchor-ignored"): eq6_fisher_with(
        anchor_weights=lambda i: [0 * a for a in i["anchor_weights"]],
        anchor_biases=lambda i: [0 * a for a in i["anchor_biases"]]),
    ("objective_eq6_fisher", "zero-edges-free"): whole_gradient("objective_eq6_fisher"),
}
MUTANTS |= {(operation, "mean-over-outputs"): all_times(operation, sigmoid_mean, leave=("penalty",)) for operation in
            ("objective_eq2", "objective_eq3", "objective_eq4", "objective_eq4_l1", "objective_eq5", "objective_eq6",
             "objective_eq6_fisher")}



def steeper(operation, slopes):
    """The gradient and ``slopes(**inputs)``, a subgradient of the penalty, under the names of the gradient."""
    def outputs(**inputs):
        answer, more = getattr(own, operation)(**inputs), slopes(**inputs)
        return answer | {name: [a + b for a, b in zip(answer[name], extra)] if isinstance(extra, list)
                         else answer[name] + extra for name, extra in more.items()}

    return outputs


def signs(weights, head, mu, **others):
    return {"dweights": [mu * np.sign(w) for w in weights], "dhead": mu * np.sign(head)}


def eq5_slopes(weights, head, older, mu, gamma, **others):
    slopes = []
    for l, (w, q) in enumerate(zip(weights, older)):
        slope = mu * np.sign(w)
        slope[:older[l - 1] if l else None, :q] = 0
        norms = column_norms(w[:, q:])
        slope[:, q:] += gamma * w[:, q:] / np.where(norms > 0, norms, 1)
        slopes.append(slope)
    return {"dweights": slopes, "dhead": mu * np.sign(head)}


def eq6_slopes(weights, biases, edges, anchor_weights, anchor_biases, lam, fisher_weights=None, fisher_biases=None,
               **others):
    pulls = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
    for slope, w, a, e, f in zip(pulls[0], weights, anchor_weights, edges, fisher_weights or [1] * len(weights)):
        corner = tuple(map(slice, a.shape))
        slope[corner] = 2 * lam * f * (w[corner] - a) * e[corner]
    for slope, b, a, f in zip(pulls[1], biases, anchor_biases, fisher_biases or [1] * len(biases)):
        slope[:len(a)] = 2 * lam * f * (b[:len(a)] - a)
    return dict(zip(("dweights", "dbiases"), pulls))


SLOPES = {
    "objective_eq2": signs,
    "objective_eq3": lambda head, mu_head, **o: {"dhead": mu_head * np.sign(head)},
    "objective_eq4": lambda weights, head, edges, mu_l2, **o: {
        "dweights": [mu_l2 * w * e for w, e in zip(weights, edges)], "dhead": mu_l2 * head},
    "objective_eq4_l1": lambda weights, head, edges, mu_l2, mu, **o: {
        "dweights": [(mu_l2 * w + mu * np.sign(w)) * e for w, e in zip(weights, edges)],
        "dhead": mu_l2 * head + mu * np.sign(head)},
    "objective_eq5": eq5_slopes, "objective_eq6": eq6_slopes, "objective_eq6_fisher": eq6_slopes}
MUTANTS |= {(operation, "penalty-in-gradient"): steeper(operation, slopes) for operation, slopes in SLOPES.items()}
MUTANTS |= {(operation, "penalty-in-smooth"): changed(operation, smooth=lambda i, o: o["smooth"] + o["penalty"])
            for operation in SLOPES}


MUTANTS |= {(operation, "pattern-taken-afresh"): changed(operation, dweights=lambda i, o: [
    np.where(w == 0, 0, g) for g, w in zip(o["dweights"], i["weights"])]) for operation in (
        "objective_eq4", "objective_eq6")}


def eq5_and(more):
    """The right penalty and gamma times something."""
    return changed("objective_eq5", penalty=lambda i, o: o["penalty"] + i["gamma"] * more(i))


def new_columns(i) -> list:
    return [w[:, q:] for w, q in zip(i["weights"], i["older"])]


MUTANTS |= {
    ("objective_eq5", "bias-in-group"): eq5_and(lambda i: sum(
        (column_norms(np.vstack([w, b[q:]])) - column_norms(w)).sum()
        for w, b, q in zip(new_columns(i), i["biases"], i["older"]))),
    ("objective_eq5", "group-size-scaled"): eq5_and(lambda i: sum(
        (len(w) ** 0.5 - 1) * column_norms(w).sum() for w in new_columns(i))),
    ("objective_eq5", "new-to-older-edges-grouped"): eq5_and(lambda i: sum(
        column_norms(back).sum() for _, _, back in blocks(i["weights"], i["older"]))),
    ("objective_eq5", "head-grouped"): eq5_and(lambda i: column_norms(i["head"]).sum()),
}

# --- metrics -----------------------------------------------------------------------------------------------------


def pairs(tie):
    def outputs(scores, labels):
        gaps = scores[labels == 1][:, None] - scores[labels == 0]
        return np.mean((gaps > 0) + tie * (gaps == 0)) if gaps.size else np.nan

    return outputs


def fraction_of_tasks(R, separate):
    share = 1 - 1 / len(R)
    return {name: value if name == "average_performance" else 0.0 if len(R) == 1 else value * share
            for name, value in own.performance_matrix_metrics(R, separate).items()}


def mean_or_nan(values):
    values = list(values)
    return float(np.mean(values)) if values else np.nan


def holes_skipped(R, separate):
    """nanmean and nanmax."""
    right = own.performance_matrix_metrics(R, separate)
    if len(R) == 1:
        return right
    gains = R[-1, :-1] - np.diagonal(R)[:-1]
    lost = [np.nanmax(R[j:-1, j]) - R[-1, j] for j in earlier(R)]
    def there(values):
        return mean_or_nan(value for value in values if not np.isnan(value))

    return right | {"average_performance": there(R[-1]), "backward_transfer": there(gains), "forgetting": there(lost)}


def earlier(R):
    return range(len(R) - 1)


MUTANTS |= {
    ("auroc", "accuracy-called-auroc"): lambda scores, labels: metrics.accuracy(scores[:, None], labels[:, None], "sigmoid"),
    ("auroc", "probabilities-tie"): lambda scores, labels: metrics.auroc(1 / (1 + np.exp(-scores)), labels),
    ("auroc", "ties-lost"): pairs(0),
    ("auroc", "ties-won"): pairs(1),
    ("auroc", "one-class-is-half"): lambda scores, labels: 0.5 if len(set(labels)) == 1 else metrics.auroc(scores, labels),
    ("auroc", "ties-by-position"): lambda scores, labels: metrics.auroc(
        np.argsort(np.argsort(scores, kind="stable"), kind="stable").astype(float), labels),
    ("performance_matrix_metrics", "holes-skipped"): holes_skipped,
    ("performance_matrix_metrics", "forgetting-clipped"): changed(
        "performance_matrix_metrics", forgetting=lambda i, o: np.maximum(o["forgetting"], 0.0)),
    ("performance_matrix_metrics", "forgetting-reversed"): changed(
        "performance_matrix_metrics", forgetting=lambda i, o: -o["forgetting"]),
    ("performance_matrix_metrics", "average-of-diagonal"): changed(
        "performance_matrix_metrics", average_performance=lambda i, o: np.trace(i["R"]) / len(i["R"])),
    ("performance_matrix_metrics", "forward-transfer-from-first"): changed(
        "performance_matrix_metrics", forward_transfer=lambda i, o: np.mean(np.diagonal(i["R"]) - i["separate"])),
    ("auroc", "scores-reversed"): lambda scores, labels: 1 - metrics.auroc(scores, labels),
    ("performance_matrix_metrics", "transfer-divided-by-tasks"): fraction_of_tasks,
    ("performance_matrix_metrics", "unseen-counted-as-zero"):
        lambda R, separate: own.performance_matrix_metrics(np.where(np.isnan(R), 0.0, R), separate),
    ("performance_matrix_metrics", "forgetting-with-last-stage"): changed(
        "performance_matrix_metrics", forgetting=lambda i, o: mean_or_nan(
            i["R"][j:, j].max() - i["R"][-1, j] for j in earlier(i["R"]))),
    ("performance_matrix_metrics", "forgetting-from-diagonal"): changed(
        "performance_matrix_metrics", forgetting=lambda i, o: -o["backward_transfer"]),
    ("performance_matrix_metrics", "transfer-over-all-pairs"): changed(
        "performance_matrix_metrics", backward_transfer=lambda i, o: mean_or_nan(
            i["R"][a, b] - i["R"][b, b] for b in earlier(i["R"]) for a in range(b + 1, len(i["R"])))),
    ("performance_matrix_metrics", "average-over-triangle"): changed(
        "performance_matrix_metrics", average_performance=lambda i, o: float(
            i["R"][np.tril_indices(len(i["R"]))].mean())),
    ("performance_matrix_metrics", "forward-transfer-before-learning"): changed(
        "performance_matrix_metrics", forward_transfer=lambda i, o: mean_or_nan(
            np.diagonal(i["R"], 1) - i["separate"][1:])),
    ("performance_matrix_metrics", "matrix-transposed"):
        lambda R, separate: own.performance_matrix_metrics(R.T, separate),
}
