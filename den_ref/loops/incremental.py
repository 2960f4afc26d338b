"""Incremental features: the tied gradient, which samples are hard, the merge of features, how many are added."""

import math

import numpy as np

from .arrays import each, filled
from .layers import affine_backward, affine_forward
from .losses import sigmoid, sigmoid_cross_entropy, softmax_cross_entropy


def incremental_gradients(W, b, a, V, c, noisy, x, y, loss, lam):
    """H(y, z) / K + lam H(x, s) / d with h = sigmoid(noisy W + b), s = h W^T + a, z = h V + c; its gradients.

    W is in two layers, so that its gradient is the sum of both.
    """
    decoder = filled((W.shape[1], W.shape[0]), lambda j, i: W[i, j])
    h = each(sigmoid, affine_forward(noisy, W, b))
    own, dz = head_loss(affine_forward(h, V, c), y, loss)
    shown, ds = sigmoid_cross_entropy(affine_forward(h, decoder, a), x)
    dz, ds = each(lambda g: g / y.shape[1], dz), each(lambda g: lam * g / x.shape[1], ds)
    dh_shown, d_decoder, da = affine_backward(h, decoder, a, ds)
    dh_own, dV, dc = affine_backward(h, V, c, dz)
    back = filled(h.shape, lambda n, j: (dh_shown[n, j] + dh_own[n, j]) * h[n, j] * (1 - h[n, j]))
    _, d_encoder, db = affine_backward(noisy, W, b, back)
    return {"value": own / y.shape[1] + lam * shown / x.shape[1],
            "dW": filled(W.shape, lambda i, j: d_encoder[i, j] + d_decoder[j, i]), "db": db, "da": da, "dV": dV,
            "dc": dc}


def head_loss(z, y, loss):
    """The head's own loss; a row of y is 0 but for a 1 at the class of a softmax."""
    if loss == "sigmoid":
        return sigmoid_cross_entropy(z, y)
    return softmax_cross_entropy(z, [list(row).index(1) for row in y])


def incremental_hard(losses, batch, window, tau):
    """B at the end, and the batches after which it had more than tau samples and was emptied."""
    recent, collected, events = [], [], []
    for start in range(0, len(losses), batch):
        rows = range(start, min(start + batch, len(losses)))
        for i in rows:
            if recent and losses[i] > sum(recent) / len(recent):
                collected.append(i)
        recent = [*recent, *(float(losses[i]) for i in rows)][-window:]
        if len(collected) > tau:
            events.append(start // batch)
            collected = []
    return np.array(collected, np.int64), np.array(events, np.int64)


def incremental_merge(W, b, V, x, count, outgoing):
    """The nearest pair, then the nearest of what is left; each becomes its mean, weighted by how active the two are."""
    m = len(b)
    apart = sorted((1 - cosine(W, i, j), i, j) for i in range(m) for j in range(i + 1, m))
    pairs, left = [], list(range(m))
    for _, i, j in apart if m >= 4 else []:
        if len(pairs) < count and i in left and j in left:
            pairs.append((i, j))
            left = [k for k in left if k not in (i, j)]
    h = each(sigmoid, affine_forward(x, W, b))
    p = [sum(float(h[n, k]) for n in range(len(x))) for k in range(m)]

    def of(entry, k, summed=False):
        if k < len(left):
            return entry(left[k])
        i, j = pairs[k - len(left)]
        return entry(i) + entry(j) if summed else (p[i] * entry(i) + p[j] * entry(j)) / (p[i] + p[j])

    n = len(left) + len(pairs)
    return {"pairs": filled((len(pairs), 2), lambda k, one: pairs[k][one], np.int64),
            "W": filled((len(W), n), lambda i, k: of(lambda f: W[i, f], k)),
            "b": filled((n,), lambda k: of(lambda f: b[f], k)),
            "V": filled((n, V.shape[1]), lambda k, c: of(lambda f: V[f, c], k, outgoing == "sum"))}


def cosine(W, i, j) -> float:
    """That of the angle between two columns; 0 beside one of zeros."""
    dots = {(f, g): sum(float(row[f]) * float(row[g]) for row in W) for f, g in ((i, i), (i, j), (j, j))}
    size = math.sqrt(dots[i, i]) * math.sqrt(dots[j, j])
    return dots[i, j] / size if size > 0 else 0.0


def incremental_rule(rule, grow, objective, eps1, eps2, gamma):
    """Features to add and pairs to merge: at the first event, and after each one."""
    add, merge = [grow], [math.ceil(gamma * grow) if rule == "ratio" else 0]
    for t, now in enumerate(objective):
        before = objective[max(t - 1, 0)]
        if not t:
            add, merge = add * 2, merge * 2                        # nothing to compare with
        elif rule == "validation":
            better = now < before
            add, merge = [*add, grow if better else 0], [*merge, 0 if better else grow]
        else:
            last = add[-1]
            half = last // 2 if now > (1 - eps2) * before else last
            add = [*add, last + 1 if now < (1 - eps1) * before else half]
            merge = [*merge, math.ceil(gamma * add[-1])]
    return np.array(add, np.int64), np.array(merge, np.int64)
