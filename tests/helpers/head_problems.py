"""Small problems for a linear head, and their certificate, literally."""

import numpy as np


def head_data(n=300, p=12, n_outputs=1, seed=0):
    """Correlated, uncentred ReLU features as a network makes them, and noisy 0/1 labels."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 6))
    features = np.maximum(hidden @ rng.normal(size=(6, p)) + 0.5 + 0.5 * rng.normal(size=(n, p)), 0)
    logits = hidden[:, :n_outputs] * 2 + rng.logistic(size=(n, n_outputs)) - 1
    return features, (logits > 0).astype(float)


def softmax_data(n=200, p=8, classes=4, seed=0):
    features, _ = head_data(n, p, seed=seed)
    rng = np.random.default_rng(seed)
    return features, (features @ rng.normal(size=(p, classes)) + 3 * rng.gumbel(size=(n, classes))).argmax(axis=1)


def residual(features, labels, mu, head, bias_free=True):
    """The certificate of algorithm.md, literally, in the coordinates of the caller."""
    z = np.asarray(features, np.longdouble) @ head.weights + head.bias
    r = (1 / (1 + np.exp(-z)) - labels) / len(labels)
    worst = float(np.abs(r.sum(axis=0)).max()) if bias_free else 0.0
    g = np.asarray(features, np.longdouble).T @ r
    for gradient, weight in zip(g.ravel(), head.weights.ravel()):
        if weight == 0:
            worst = max(worst, float(abs(gradient)) - mu)
        else:
            worst = max(worst, float(abs(gradient + mu * np.sign(weight))))
    return worst
