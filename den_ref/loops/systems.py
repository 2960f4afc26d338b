"""The compared systems: EWC's Fisher information and pull, a step of DNN-L2, SI's path integral, importance and pull,
IMM's merges and drop-transfer, ELLA's code and bases, GO-MTL's bases, AdaNet's best unit and its gain,
DNN-Progressive's columns."""

import numpy as np

from .arrays import each, filled
from .layers import affine_backward, affine_forward, relu_backward, relu_forward
from .losses import sigmoid, softmax
from .network import network_backward, network_forward
from .penalties import squared_l2_prox
from .solvers import moved

# --- DNN-EWC -----------------------------------------------------------------------------------------------------


def fisher_diagonal(x, labels, loss, kind, weights, biases, head, head_bias):
    """F[i] = (1/n) sum over samples of E_y[(dloss/dw[i])^2].

    "exact" goes through every label that a sample may have, with its probability; "empirical" takes the one it has.
    """
    network = weights, biases, head, head_bias
    fisher = [np.zeros(array.shape) for array in (*weights, *biases, head, head_bias)]
    for n in range(len(x)):
        sample = x[n:n + 1]
        logits = network_forward(sample, *network)[1][0]
        for y, share in possible_labels(logits, loss) if kind == "exact" else [(labels[n], 1.0)]:
            at = network_backward(sample, np.array([y]), loss, *network)
            gradient = [*at["dweights"], *at["dbiases"], at["dhead"], at["dhead_bias"]]
            fisher = [each(lambda f, g: f + share * g * g / len(x), f, g) for f, g in zip(fisher, gradient)]
    return {"fisher_weights": fisher[:len(weights)], "fisher_biases": fisher[len(weights):-2],
            "fisher_head": fisher[-2], "fisher_head_bias": fisher[-1]}


def possible_labels(logits, loss: str) -> list:
    """Every row of labels that one sample may have, with its probability: [(row, probability), ...].

    Softmax: a single 1, at any class.  Sigmoid: each of the 2^C rows of 0 and 1, outputs being independent.
    """
    if loss == "softmax":
        return [([int(c == k) for k in range(len(logits))], p) for c, p in enumerate(softmax(logits))]
    rows = [([], 1.0)]
    for p in map(sigmoid, logits):
        rows = [([*row, y], share * (p if y else 1 - p)) for row, share in rows for y in (0, 1)]
    return rows


def ewc_penalty(w, lam, anchors, decay, fisher, learnt):
    """sum over learnt tasks k = 1, ..., K of (lam / 2) sum of F_k (w - a_k)^2, minus its value at w_K; its gradient.

    anchors = "separate": a_k = w_k, what task k learnt.  "latest": a_k = w_K for all, and F_k counts decay^(K + 1 - k).
    """
    pulls, last = [], len(fisher)
    for k, (f, a) in enumerate(zip(fisher, learnt, strict=True), 1):
        pulls.append((decay ** (last + 1 - k), f, learnt[-1]) if anchors == "latest" else (1.0, f, a))

    def value(at):
        return sum(lam / 2 * c * f[i] * (at[i] - a[i]) ** 2 for c, f, a in pulls for i in range(len(at)))

    slope = filled(len(w), lambda i: sum(lam * c * f[i] * (w[i] - a[i]) for c, f, a in pulls))
    return value(w) - value(learnt[-1]), slope


def ewc_prox(w, step, lam, importance, anchor):
    """argmin over u of sum of (u - w)^2 / (2 step) + (lam / 2) F (u - anchor)^2, F = importance, a number per weight.

    The prox of a square, weight by weight: u = (w + s anchor) / (1 + s) with s = step lam F.
    """
    return each(lambda w_i, f_i, a_i: (w_i + step * lam * f_i * a_i) / (1 + step * lam * f_i), w, importance, anchor)


# --- DNN-L2 ------------------------------------------------------------------------------------------------------


def l2_transfer_step(weights, biases, head, head_bias, dweights, dbiases, dhead, dhead_bias,
                     anchor_weights, anchor_biases, lam, step):
    """A gradient step; then, in hidden layer l, the prox of lam_l sum of (w - anchor)^2.  The head is not pulled."""
    def pulled(arrays, gradients, anchors):
        return [squared_l2_prox(moved(w, dw, step), step, 2 * c, anchor)
                for w, dw, c, anchor in zip(arrays, gradients, lam, anchors, strict=True)]

    return {"weights": pulled(weights, dweights, anchor_weights), "biases": pulled(biases, dbiases, anchor_biases),
            "head": moved(head, dhead, step), "head_bias": moved(head_bias, dhead_bias, step)}


# --- DNN-SI ------------------------------------------------------------------------------------------------------


def si_path_integral(w, gradients, step, c, importance, anchor):
    """Proximal gradient steps with SI's pull; omega = sum over them of -g (w after - w before), a number per weight."""
    omega = np.zeros(len(w))
    for g in gradients:
        after = squared_l2_prox_each(moved(w, g, step), step, 2 * c, importance, anchor)
        omega = each(lambda o, g_i, was, now: o - g_i * (now - was), omega, g, w, after)
        w = after
    return w, omega


def squared_l2_prox_each(z, step, strength, importance, anchor):
    """argmin over u of sum of (u - z)^2 / (2 step) + (strength / 2) Omega (u - anchor)^2."""
    return each(lambda z_i, o, a: (z_i + step * strength * o * a) / (1 + step * strength * o), z, importance, anchor)


def si_importance(paths, learnt, xi):
    """Omega = max(0, Omega + omega / (Delta^2 + xi)) after every task; a weight that did not move gains nothing."""
    def after_task(total, path, before, after):
        return total if after == before else max(0.0, total + path / ((after - before) ** 2 + xi))

    total = np.zeros(len(paths[0]))
    for path, before, after in zip(paths, learnt[:-1], learnt[1:], strict=True):
        total = each(after_task, total, path, before, after)
    return total


def si_penalty(w, c, importance, anchor):
    """c sum over i of Omega_i (w_i - anchor_i)^2, and its gradient."""
    value = sum(c * importance[i] * (w[i] - anchor[i]) ** 2 for i in range(len(w)))
    return value, filled(len(w), lambda i: 2 * c * importance[i] * (w[i] - anchor[i]))


# --- DNN-IMM -----------------------------------------------------------------------------------------------------


def imm_mean(shares, means, variances):
    """The mean of a mixture, sum of a_k mu_k, and its variance, sum of a_k (v_k + (mu_k - mean)^2)."""
    n = len(means[0])
    mean = filled(n, lambda i: sum(a * mu[i] for a, mu in zip(shares, means, strict=True)))
    variance = filled(n, lambda i: sum(a * (v[i] + (mu[i] - mean[i]) ** 2)
                                       for a, mu, v in zip(shares, means, variances, strict=True)))
    return mean, variance


def imm_mode(shares, means, fishers):
    """sum of a_k (F_k + 1e-8) mu_k / sum of a_k (F_k + 1e-8), weight by weight."""
    def merged(i):
        weights = [a * (f[i] + 1e-8) for a, f in zip(shares, fishers, strict=True)]
        return sum(w * mu[i] for w, mu in zip(weights, means, strict=True)) / sum(weights)

    return filled(len(means[0]), merged)


def drop_transfer_layer(h, weights, bias, old_weights, old_bias, dropped, p, dout):
    """out = h V + c, (V, c) of a sample's unit: the old ones where it is dropped, else new / (1 - p) - old p / (1 - p).

    And the gradients of sum(dout * out): the new weights are told 1 / (1 - p) of it by kept units, nothing by others.
    """
    def own(new, old, drop):
        return old if drop else new / (1 - p) - old * p / (1 - p)

    def weight(n, i, j):
        return own(weights[i, j], old_weights[i, j], dropped[n, j])

    def told(n, j):
        return 0.0 if dropped[n, j] else dout[n, j] / (1 - p)

    samples, inputs, units = range(len(h)), range(len(weights)), range(len(bias))
    return {
        "out": filled(dropped.shape, lambda n, j: own(bias[j], old_bias[j], dropped[n, j])
                      + sum(h[n, i] * weight(n, i, j) for i in inputs)),
        "dh": filled(h.shape, lambda n, i: sum(dout[n, j] * weight(n, i, j) for j in units)),
        "dweights": filled(weights.shape, lambda i, j: sum(h[n, i] * told(n, j) for n in samples)),
        "dbias": filled(len(bias), lambda j: sum(told(n, j) for n in samples))}


# --- ELLA and GO-MTL ---------------------------------------------------------------------------------------------


def ella_code(L, D, theta, mu):
    """argmin over s of mu sum(abs(s)) + (theta - L s)^T D (theta - L s): one entry after the other, until none moves.

    With the others held, s_j = soft(p, mu / 2) / G_jj, where p = c_j - sum over i != j of G_ji s_i.
    """
    d, k = L.shape
    both = [(a, b) for a in range(d) for b in range(d)]
    G = filled((k, k), lambda i, j: sum(L[a, i] * D[a, b] * L[b, j] for a, b in both))
    c = filled(k, lambda j: sum(L[a, j] * D[a, b] * theta[b] for a, b in both))
    s, moving = np.zeros(k), 1.0
    while moving > 0:
        moving = 0.0
        for j in range(k):
            p = c[j] - sum(G[j, i] * s[i] for i in range(k) if i != j)
            new = (max(p - mu / 2, 0.0) + min(p + mu / 2, 0.0)) / G[j, j]
            moving = max(moving, abs(new - s[j]) if abs(new - s[j]) > 1e-14 * abs(new) else 0.0)
            s[j] = new
    return s


def ella_bases(codes, D, theta, lam):
    """A, b and L.  Entry j d + a belongs to feature a of basis j; (A / T + lam I) vec(L) = b / T."""
    (k,), (d,), T = codes[0].shape, theta[0].shape, len(codes)
    tasks = list(zip(codes, D, theta, strict=True))
    A = filled((d * k, d * k), lambda p, q: sum(s[p // d] * s[q // d] * M[p % d, q % d] for s, M, _ in tasks))
    b = filled(d * k, lambda p: sum(s[p // d] * sum(M[p % d, e] * own[e] for e in range(d)) for s, M, own in tasks))
    v = solved(filled(A.shape, lambda p, q: A[p, q] / T + lam * (p == q)), each(lambda b_p: b_p / T, b))
    return A, b, filled((d, k), lambda a, j: v[j * d + a])


def gomtl_bases(S, x, y, lam):
    """L of least lam norm(L)^2 + sum over tasks of the mean of (y - s^T L^T x)^2: a sample's row is s_j x_a."""
    (k, T), d = S.shape, x[0].shape[1]
    samples = [(S[:, t], x[t][n], y[t][n], 1 / len(x[t])) for t in range(T) for n in range(len(x[t]))]

    def row(s, own, p):
        return s[p // d] * own[p % d]

    system = filled((d * k, d * k), lambda p, q: lam * (p == q) + sum(
        share * row(s, own, p) * row(s, own, q) for s, own, _, share in samples))
    v = solved(system, filled(d * k, lambda p: sum(share * target * row(s, own, p)
                                                   for s, own, target, share in samples)))
    return filled((d, k), lambda a, j: v[j * d + a])


def solved(matrix, right):
    """v with matrix v = right, by Gauss's elimination; the matrix is positive definite, so that no pivot is 0."""
    n = len(right)
    rows = [[float(matrix[i, j]) for j in range(n)] + [float(right[i])] for i in range(n)]
    for j in range(n):
        for i in range(j + 1, n):
            factor = rows[i][j] / rows[j][j]
            rows[i] = [entry - factor * above for entry, above in zip(rows[i], rows[j])]
    v = np.zeros(n)
    for j in reversed(range(n)):
        v[j] = (rows[j][n] - sum(rows[j][i] * v[i] for i in range(j + 1, n))) / rows[j][j]
    return v


# --- AdaNet ------------------------------------------------------------------------------------------------------


def adanet_weak_learner(z, y, f, p, norm):
    """u_i = Λ sign(e_i) abs(e_i)^(q-1) / norm_q(e)^(q/p), e = E_D[y z], 1/p + 1/q = 1; p = 1: the largest alone."""
    e, _ = weighted_mean(z, y, f)
    if p == 1:
        best = 0
        for i in range(len(e)):
            best = i if abs(e[i]) > abs(e[best]) else best
        return filled(len(e), lambda i: norm * sign(e[i]) * (i == best))
    q = p / (p - 1)
    return filled(len(e), lambda i: norm * sign(e[i]) * abs(e[i]) ** (q - 1) / dual_norm(e, p) ** (q / p))


def adanet_coordinate_gain(z, y, f, p, norm, lam, r, beta):
    """(S / m) Λ norm_q(e) - (lam r + beta): how fast F falls along the best new unit."""
    e, S = weighted_mean(z, y, f)
    return S / len(y) * norm * dual_norm(e, p) - (lam * r + beta)


def weighted_mean(z, y, f):
    """E_D[y z] and S: D(i) = Φ'(1 - y_i f_i) / S, Φ'(1 - y f) = 1 / (1 + exp(y f)), S their sum; y is 1 or -1."""
    slopes = [sigmoid(-y[n] * f[n]) for n in range(len(y))]
    S = sum(slopes)
    return filled(z.shape[1], lambda i: sum(slopes[n] / S * y[n] * z[n, i] for n in range(len(y)))), S


def dual_norm(e, p):
    """norm_q, 1/p + 1/q = 1; the largest absolute entry for p = 1."""
    if p == 1:
        return max(abs(float(e_i)) for e_i in e)
    return sum(abs(float(e_i)) ** (p / (p - 1)) for e_i in e) ** ((p - 1) / p)


def sign(number):
    """1, 0 or -1."""
    return int(number > 0) - int(number < 0)


# --- DNN-Progressive ---------------------------------------------------------------------------------------------


def progressive_forward(x, weights, biases, heads, head_biases, alphas, projections, projection_biases, laterals):
    """Logits of every column.  Column k hears the layers of columns j < k through adapters:

    h_l = relu(h_{l-1} W_l + b_l + r_l U_l),  r_l = relu(sum over j of a_j h_{l-1}^j P_j + p),  l > 1; so do the logits.
    """
    columns, logits = [], []
    for k in range(len(heads)):
        hidden = [x]
        for l, (w, b) in enumerate(zip([*weights[k], heads[k]], [*biases[k], head_biases[k]], strict=True)):
            a = affine_forward(hidden[-1], w, b)
            if k and l:
                own = [kind[k - 1][l - 1] for kind in (alphas, projections, projection_biases)]
                r = relu_forward(before_relu([column[l] for column in columns], *own))
                U = laterals[k - 1][l - 1]
                a = each(lambda a_i, r_i: a_i + r_i, a, affine_forward(r, U, np.zeros(U.shape[1])))
            hidden.append(relu_forward(a))
        logits.append(a)
        columns.append(hidden)
    return logits


def before_relu(older, alphas, projections, bias):
    """sum over older columns j of a_j h_j P_j + p."""
    shape = len(older[0]), len(bias)
    return filled(shape, lambda n, m: bias[m] + sum(
        a * h[n, i] * P[i, m] for h, a, P in zip(older, alphas, projections, strict=True) for i in range(len(P))))


def progressive_adapter_backward(older, alphas, projections, bias, lateral, dout):
    """Gradients of out = relu(a) U, a = sum over j of a_j h_j P_j + p: (dalphas, dprojections, dbias, dlateral).

    dP_j is that of an affine layer on a_j h_j, whose derivative times h_j, summed, is da_j.
    """
    a = before_relu(older, alphas, projections, bias)
    dr, dlateral, _ = affine_backward(relu_forward(a), lateral, np.zeros(lateral.shape[1]), dout)
    da = relu_backward(dr, a)
    dalphas, dprojections = [], []
    for h, alpha, P in zip(older, alphas, projections, strict=True):
        dscaled, dP, dbias = affine_backward(each(lambda h_i: alpha * h_i, h), P, bias, da)
        dalphas.append(sum(h[i] * dscaled[i] for i in np.ndindex(h.shape)))
        dprojections.append(dP)
    return {"dalphas": np.array(dalphas), "dprojections": np.array(dprojections), "dbias": dbias, "dlateral": dlateral}
