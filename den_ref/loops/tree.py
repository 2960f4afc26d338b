"""The error-driven tree: the embedding and the partition of a confusion, homes of new classes, growth, the answer."""

import math

import numpy as np

from .arrays import filled, norm, taken
from .losses import softmax

#: How much any two classes count as confused besides.
LEAST = 1e-6


def tree_embedding(C, k):
    """L = D^{-1/2} A D^{-1/2}, A = (C + C^T) / 2 + 1e-6 off the diagonal; U U^T, U from its k largest eigenvalues."""
    n = len(C)
    A = filled((n, n), lambda i, j: (C[i, j] + C[j, i]) / 2 + LEAST if i != j else 0.0)
    D = [sum(float(A[i, j]) for j in range(n)) for i in range(n)]
    L = filled((n, n), lambda i, j: A[i, j] / math.sqrt(D[i] * D[j]))
    U = embedding(L, k)
    return L, filled((n, n), lambda i, j: sum(U[i, c] * U[j, c] for c in range(U.shape[1])))


def embedding(L, k):
    """The eigenvectors of the k largest eigenvalues as columns, each row divided by its norm."""
    values, vectors = eigenvectors(L)
    largest = sorted(range(len(L)), key=lambda c: values[c])[-k:]
    rows = taken(vectors, range(len(L)), largest)
    return filled(rows.shape, lambda i, c: rows[i, c] / norm(rows[i]))


def eigenvectors(L, rounds=30):
    """Eigenvalues of a symmetric matrix and a column for each, by Jacobi: turns that make one entry 0 after another."""
    n, S, V = len(L), L.copy(), filled(L.shape, lambda i, j: float(i == j))
    for p, q in [(p, q) for _ in range(rounds) for p in range(n) for q in range(p + 1, n)]:
        if abs(S[p, q]) < 1e-30:                                   # nothing left to turn away
            continue
        theta = (S[q, q] - S[p, p]) / (2 * S[p, q])
        t = math.copysign(1, theta) / (abs(theta) + math.hypot(theta, 1))
        c = 1 / math.hypot(t, 1)
        s = t * c
        for M in (S, V):                                           # columns p and q
            for i in range(n):
                M[i, p], M[i, q] = c * M[i, p] - s * M[i, q], s * M[i, p] + c * M[i, q]
        for j in range(n):                                         # rows of S
            S[p, j], S[q, j] = c * S[p, j] - s * S[q, j], s * S[p, j] + c * S[q, j]
    return [float(S[i, i]) for i in range(n)], V


def tree_partition(C, k):
    """k-means of the embedding's rows; groups are numbered in the order of their first classes."""
    n = len(C)
    if n <= k or not any(C[i, j] for i in range(n) for j in range(n) if i != j):
        return np.array([i * min(k, n) // n for i in range(n)], np.int64)
    L, _ = tree_embedding(C, k)
    groups = k_means(embedding(L, k), k)
    numbers = {}
    for group in groups:
        numbers.setdefault(group, len(numbers))
    return np.array([numbers[group] for group in groups], np.int64)


def k_means(rows, k):
    """From the first row and those that are farthest from all before, until no row changes its nearest centre."""
    def apart(row, centre):
        return round(sum((float(a) - float(b)) ** 2 for a, b in zip(row, centre)), 9)

    def nearest(row):
        return min(range(len(centres)), key=lambda s: (apart(row, centres[s]), s))

    centres, groups = [rows[0]], None
    while len(centres) < k:
        away = [min(apart(row, centre) for centre in centres) for row in rows]
        centres.append(rows[away.index(max(away))])
    while groups != (now := [nearest(row) for row in rows]):
        groups = now
        for s in set(groups):
            own = [row for row, group in zip(rows, groups) if group == s]
            centres[s] = [sum(float(row[c]) for row in own) / len(own) for c in range(len(own[0]))]
    return groups


def tree_homes(answers, labels, groups):
    """phi[c, s]: the share of the samples of a new class that is answered in superclass s; where it is largest."""
    def share(c, s):
        own = [groups[answer] for answer, label in zip(answers, labels) if label == c]
        return sum(group == s for group in own) / len(own)

    phi = filled((max(labels) + 1, max(groups) + 1), share)
    return phi, np.array([first_largest(row) for row in phi], np.int64)


def first_largest(values):
    """Where the largest value stands; of equals the first."""
    values = [float(value) for value in values]
    return values.index(max(values))


def tree_choice(flat, clone, labels, margin):
    """Both accuracies, and whether the clones gain anything, and at least the margin."""
    a, b = (sum(answer == label for answer, label in zip(own, labels)) / len(labels) for own in (flat, clone))
    return a, b, bool(b > a and b - a >= margin)


def tree_answer(branch, groups, leaves):
    """q[s] = sum over s of softmax, P[c] = q[s] softmax_c(leaf of s); the best superclass, then its best class."""
    samples, k = range(len(branch)), len(leaves)
    classes = [[c for c in range(len(groups)) if groups[c] == s] for s in range(k)]
    p, inside = [softmax(row) for row in branch], [[softmax(row) for row in leaf] for leaf in leaves]
    q = filled((len(branch), k), lambda n, s: sum(p[n][c] for c in classes[s]))

    def of_class(n, c):
        s = int(groups[c])
        return q[n, s] * inside[s][n][classes[s].index(c)]

    best = [first_largest(q[n]) for n in samples]
    return (q, filled(branch.shape, of_class),
            np.array([classes[s][first_largest(inside[s][n])] for n, s in zip(samples, best)], np.int64))
