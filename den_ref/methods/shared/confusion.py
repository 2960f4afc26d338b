"""Where a classifier errs: its confusion of classes, and the superclasses that keep what it confuses together."""

from __future__ import annotations

import numpy as np

#: How much any two classes count as confused besides: a class that is never confused has neighbours by it.
LEAST = 1e-6


def confusion(answers: np.ndarray, labels: np.ndarray, n: int) -> np.ndarray:
    """C (n, n): C_ij = share of the samples of class i that are answered j.  Every class must have samples.

    >>> confusion(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), 2)
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    return np.array([shares(answers[labels == i], n) for i in range(n)])


def partition(C: np.ndarray, k: int) -> np.ndarray:
    """The superclass (n,) of each class, 0..k-1 in the order of their first classes, by spectral clustering.

    The rows of the :func:`embedding` of C's :func:`affinity` are clustered by :func:`k_means`.  Without any confusion
    no partition is better than another: it is then the first n / k classes, the next, ...  There may be fewer
    superclasses than k, where rows of the embedding coincide.

    >>> C = np.array([[0.5, 0.125, 0.375], [0.125, 0.875, 0.0], [0.375, 0.125, 0.5]])
    >>> partition(C, 2)
    array([0, 1, 0])
    """
    n = len(C)
    if n <= k or not C[~np.eye(n, dtype=bool)].any():
        return np.arange(n) * min(k, n) // n
    return in_order(k_means(embedding(affinity(C), k), k))


def affinity(C: np.ndarray) -> np.ndarray:
    """How much any two classes are confused, either way, by how much each of them is confused at all: L (n, n).

        A = (C + C^T) / 2 + 1e-6 off the diagonal, 0 on it,    D = the sums of A's rows,    L = D^{-1/2} A D^{-1/2}
    """
    A = (C + C.T) / 2 + LEAST
    np.fill_diagonal(A, 0)
    root = 1 / np.sqrt(A.sum(axis=1))
    return root[:, None] * A * root


def embedding(L: np.ndarray, k: int) -> np.ndarray:
    """(n, k): the columns are the eigenvectors of L's k largest eigenvalues, then each row is divided by its norm."""
    vectors = np.linalg.eigh(L)[1][:, -k:]                         # eigenvalues ascend
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def k_means(rows: np.ndarray, k: int) -> np.ndarray:
    """The cluster (n,) of each row, by Lloyd's iterations without any chance.

    The first centre is the first row, each further one the row that is farthest from all centres so far; of equals
    (of a cluster's distances too) the first.  A cluster that loses all its rows keeps its centre.
    """
    centres = rows[:1]
    while len(centres) < k:
        centres = np.vstack([centres, rows[distances(rows, centres).min(axis=1).argmax()]])
    clusters = None
    while True:
        before, clusters = clusters, distances(rows, centres).argmin(axis=1)
        if before is not None and (before == clusters).all():
            return clusters
        centres = np.array([rows[clusters == s].mean(axis=0) if (clusters == s).any() else centres[s]
                            for s in range(k)])


def distances(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances (n, k), rounded so that those that are equal but for rounding are equal."""
    return np.round(((rows[:, None] - centres) ** 2).sum(axis=2), 9)


def in_order(clusters: np.ndarray) -> np.ndarray:
    """The same clusters, numbered in the order in which they come first.

    >>> in_order(np.array([2, 0, 2, 1]))
    array([0, 1, 0, 2])
    """
    firsts = list(dict.fromkeys(clusters.tolist()))
    return np.array([firsts.index(cluster) for cluster in clusters.tolist()])


def shares(answers: np.ndarray, k: int) -> np.ndarray:
    """The share (k,) of a class's samples that has each answer; ``answers`` (n,) are 0..k-1.

    Of a new class and superclasses this is Phi(c, s): it belongs to the one with the largest, of equals to the first.

    >>> shares(np.array([0, 1, 1, 1]), 3)
    array([0.25, 0.75, 0.  ])
    """
    return np.bincount(answers, minlength=k) / len(answers)
