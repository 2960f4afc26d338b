"""Pieces of DEN in plain NumPy, written from the equations: what an adapter in Python looks like.

    den-ref golden check numpy_den.py

A function is named as its operation (``den-ref golden show OPERATION``), its arguments as the inputs; it returns the
output, a tuple of outputs in the order of the signature, or a dict.  What is called weights/0, weights/1, ... comes and
goes as one list, ``weights``.  What is not here is counted as "not implemented".
"""

import numpy as np

# --- layers and losses -------------------------------------------------------------------------------------------


def affine_forward(x, w, b):
    return x @ w + b


def affine_backward(x, w, b, dout):
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def relu_forward(a):
    return np.maximum(a, 0)


def relu_backward(dh, a):
    return np.where(a > 0, dh, 0)


def sigmoid_cross_entropy(logits, labels):
    n = max(len(logits), 1)
    value = np.sum(np.logaddexp(0, logits) - labels * logits) / n
    return value, (sigmoid(logits) - labels) / n


def sigmoid(z):
    tail = np.exp(-np.abs(z))                                   # never overflows
    return np.where(z >= 0, 1, tail) / (1 + tail)


def softmax_cross_entropy(logits, labels):
    n = max(len(logits), 1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    onehot = np.eye(logits.shape[1])[labels]
    return -np.sum(onehot * log_p) / n, (np.exp(log_p) - onehot) / n


def network_forward(x, weights, biases, head, head_bias):
    hidden = []
    for w, b in zip(weights, biases):
        x = relu_forward(affine_forward(x, w, b))
        hidden.append(x)
    return hidden, affine_forward(x, head, head_bias)


def network_backward(x, labels, loss, weights, biases, head, head_bias):
    hidden, logits = network_forward(x, weights, biases, head, head_bias)
    if loss == "softmax":
        value, d = softmax_cross_entropy(logits, labels.argmax(axis=1))
    else:
        value, d = sigmoid_cross_entropy(logits, labels)
    inputs = [x, *hidden]
    d, dhead, dhead_bias = affine_backward(inputs[-1], head, head_bias, d)
    dweights, dbiases = [], []
    for w, b, below, above in reversed(list(zip(weights, biases, inputs, hidden))):
        d, dw, db = affine_backward(below, w, b, relu_backward(d, above))
        dweights.insert(0, dw)
        dbiases.insert(0, db)
    return value, dweights, dbiases, dhead, dhead_bias


# --- proximal operators ------------------------------------------------------------------------------------------


def soft_threshold(w, step, mu):
    return np.sign(w) * np.maximum(np.abs(w) - step * mu, 0)


def group_soft_threshold(w, step, gamma):
    norm = np.sqrt((w**2).sum(axis=0))                          # a column is a unit's incoming weights
    return w * (1 - np.divide(step * gamma, norm, out=np.ones_like(norm), where=norm > step * gamma))


def sparse_group_prox(w, step, mu, gamma):
    return group_soft_threshold(soft_threshold(w, step, mu), step, gamma)


def squared_l2_prox(w, step, strength, anchor):
    return w + step * strength / (1 + step * strength) * (anchor - w)


# --- solving -----------------------------------------------------------------------------------------------------


def ista_step(w, b, dw, db, step, mu, gamma):
    return sparse_group_prox(w - step * dw, step, mu, gamma), b - step * db      # biases are not penalised


def fista(quadratic, linear, mu, start, step, iterations):
    x, y, t, iterates = start, start, 1.0, []
    for _ in range(iterations):
        new = soft_threshold(y - step * (quadratic @ y + linear), step, mu)
        t = 1.0 if (y - new) @ (new - x) > 0 else t             # restart: the momentum points uphill
        new_t = (1 + np.sqrt(1 + 4 * t**2)) / 2
        x, y, t = new, new + (t - 1) / new_t * (new - x), new_t
        iterates.append(x)
    return np.reshape(iterates, (iterations, len(start)))


# --- Algorithms 2 and 4 ------------------------------------------------------------------------------------------


def visible(introduced, retired, stage):
    return (introduced <= stage) & (stage < retired)


def select_units(stage, head, weights, introduced, retired, current_weights):
    seen = [np.ones(len((weights or [head])[0]), bool), *(visible(*life, stage) for life in zip(introduced, retired))]
    selected = [seen[-1] & (head != 0).any(axis=1)]
    for w, below in zip(reversed(weights), reversed(seen[:-1])):
        selected.insert(0, below & (w[:, selected[0]] != 0).any(axis=1))
    return [np.flatnonzero(units) for units in selected]


def extract_subnetwork(weights, biases, head, head_bias, units):
    cut = [w[np.ix_(below, above)] for w, below, above in zip(weights, units, units[1:])]
    return cut, [b[above] for b, above in zip(biases, units[1:])], head[units[-1]], head_bias, [w != 0 for w in cut]


def unit_drift(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift):
    older = [np.flatnonzero(visible(born, gone, stage) & (born < stage)) for born, gone in zip(introduced, retired)]
    rows = [np.arange(len((weights or [[]])[0])), *older]
    rho = []
    for w, b, w_old, b_old, below, above in zip(weights, biases, previous_weights, previous_biases, rows, older):
        before = np.vstack([w_old[np.ix_(below, above)], b_old[above]])
        change = np.vstack([w[np.ix_(below, above)], b[above]]) - before
        absolute, size = np.sqrt((change**2).sum(axis=0)), np.sqrt((before**2).sum(axis=0))
        where_0 = np.where(absolute > 0, np.inf, 0)              # 0/0 = 0 and x/0 = inf
        rho.append(absolute if drift == "absolute" else np.divide(absolute, size, out=where_0, where=size > 0))
    return older, rho


def predict_task(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    rows, task = np.arange(x.shape[1]), list(head_stages).index(stage)
    for w, b, born, gone in zip(weights, biases, introduced, retired):
        units = np.flatnonzero(visible(born, gone, stage))
        x, rows = np.maximum(x @ w[np.ix_(rows, units)] + b[units], 0), units
    return x @ heads[task][rows] + head_biases[task]


# --- metrics -----------------------------------------------------------------------------------------------------


def auroc(scores, labels):
    positive, negative = scores[labels == 1, None], scores[labels == 0]
    pairs = (positive > negative) + (positive == negative) / 2
    return pairs.mean() if pairs.size else np.nan
