"""Nonparametric networks: CapNorm forwards and backwards, a step of AdaRad, the fan-in penalty and its prox."""

import math

import numpy as np

from .arrays import filled


def capnorm_forward(z):
    """(z - mu) / max(sigma, 1), unit by unit."""
    stats = [mean_and_deviation(z, j) for j in range(z.shape[1])]
    return filled(z.shape, lambda n, j: (z[n, j] - stats[j][0]) / max(stats[j][1], 1.0))


def mean_and_deviation(z, j):
    """Those of a column over its rows."""
    n = len(z)
    mean = sum(z[i, j] for i in range(n)) / n
    return mean, math.sqrt(sum((z[i, j] - mean) ** 2 for i in range(n)) / n)


def capnorm_backward(z, dout):
    """(g - mean(g) - out mean(g out)) / sigma where sigma > 1, g - mean(g) elsewhere; g = dout."""
    n, out = len(z), capnorm_forward(z)

    def slope(i, j):
        sigma = mean_and_deviation(z, j)[1]
        centred = dout[i, j] - sum(dout[k, j] for k in range(n)) / n
        along = sum(dout[k, j] * out[k, j] for k in range(n)) / n
        return (centred - out[i, j] * along) / sigma if sigma > 1 else centred

    return filled(z.shape, slope)


def adarad_step(w, gradient, m, c, m_max, c_max, lam, step_radial, step_angular, beta, eps, share):
    """Averages and their largest, then every unit: along w, across it by a turn, and the prox of its norm."""
    rows, units = range(w.shape[0]), range(w.shape[1])
    along = [sum(gradient[i, j] * w[i, j] for i in rows) / sum(w[i, j] ** 2 for i in rows) for j in units]
    across = filled(w.shape, lambda i, j: gradient[i, j] - along[j] * w[i, j])
    m = filled(len(m), lambda j: (1 - beta) * m[j] + beta * sum(across[i, j] ** 2 for i in rows))
    c = filled(len(c), lambda j: (1 - beta) * c[j] + beta)
    m_max, c_max = max([m_max, *m]), max([c_max, *c])
    moved = np.zeros(w.shape)
    for j in units:
        length = (1 - step_radial * along[j]) * norm(w, j)
        size = norm(across, j)
        angle = step_angular * size * math.sqrt(m_max / c_max) / math.sqrt(m[j] / c[j] + eps)
        left = max(0.0, length - step_radial * lam * share)
        for i in rows:
            turned = math.cos(angle) * w[i, j] / norm(w, j) - (math.sin(angle) * across[i, j] / size if size else 0.0)
            moved[i, j] = left * turned
    return {"w": moved, "m": m, "c": c, "m_max": m_max, "c_max": c_max}


def fan_in_penalty(weights, lam, step):
    """lam times the sum of all columns' norms; every column shortened by step lam, to 0 at most."""
    value = lam * sum(norm(w, j) for w in weights for j in range(w.shape[1]))
    return value, [filled(w.shape, lambda i, j: w[i, j] * max(0.0, 1 - step * lam / norm(w, j)) if norm(w, j) else 0.0)
                   for w in weights]


def norm(w, j):
    """The length of a column."""
    return math.sqrt(sum(w[i, j] ** 2 for i in range(len(w))))
