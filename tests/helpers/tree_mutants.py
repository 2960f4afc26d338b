"""One implementation per named mistake of the error-driven tree, written apart from the generator: in NumPy, or by
breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

from unittest.mock import patch

import numpy as np
from den_ref.methods.shared import confusion, nodes
from scipy.special import softmax
from tests import own_answers as own

MUTANTS = {}


def changed(operation, **functions):
    """Ours with functions of the confusion's room replaced."""
    def outputs(**inputs):
        with patch.multiple(confusion, **functions):
            return getattr(own, operation)(**inputs)

    return outputs


def on(operation, change):
    """Ours on another confusion."""
    return lambda C, k: getattr(own, operation)(C=change(C), k=k)


def lower(C):
    """The triangle below the diagonal, twice."""
    return np.tril(C) + np.tril(C, -1).T


def with_diagonal(C):
    A = (C + C.T) / 2 + confusion.LEAST * (1 - np.eye(len(C)))
    D = A.sum(axis=1)
    return A / np.sqrt(np.outer(D, D))


def without_sums(C):
    return ((C + C.T) / 2 + confusion.LEAST) * (1 - np.eye(len(C)))


def plain(L, k):
    return np.linalg.eigh(L)[1][:, -k:]


def smallest(L, k):
    U = np.linalg.eigh(L)[1][:, :k]
    return U / np.linalg.norm(U, axis=1, keepdims=True)


def without_neighbours(C, k):
    A = (C + C.T) / 2 * (1 - np.eye(len(C)))
    D = A.sum(axis=1)
    L = A / np.sqrt(np.outer(np.where(D > 0, D, 1), np.where(D > 0, D, 1)))
    U = np.linalg.eigh(L)[1][:, -k:]
    size = np.linalg.norm(U, axis=1, keepdims=True)
    U = U / np.where(size > 1e-9, size, 1)
    return {"L": L, "similarity": U @ U.T}


for name in ("tree_embedding", "tree_partition"):
    MUTANTS |= {(name, mistake): mutant for mistake, mutant in {
        "one-triangle-only": on(name, lower),
        "diagonal-kept": changed(name, affinity=with_diagonal),
        "unnormalised": changed(name, affinity=without_sums),
        "rows-not-normalised": changed(name, embedding=plain),
        "smallest-eigenvalues": changed(name, embedding=smallest),
    }.items()}


def one_minus(C, k):
    found = own.tree_embedding(C=C, k=k)
    return found | {"L": np.eye(len(C)) - found["L"]}


MUTANTS |= {("tree_embedding", "laplacian-for-affinity"): one_minus,
            ("tree_embedding", "least-missing"): without_neighbours}


def by_size(clusters):
    numbers, sizes = np.unique(clusters, return_counts=True)
    first = {s: clusters.tolist().index(s) for s in numbers}
    order = sorted(numbers, key=lambda s: (-sizes[s], -first[s]))
    return np.array([order.index(s) for s in clusters])


def in_order_of_classes(C, k):
    return {"groups": np.arange(len(C)) * min(k, len(C)) // len(C)}


def together(where):
    """All in one superclass where a condition holds."""
    return lambda C, k: {"groups": np.zeros(len(C), int)} if where(C, k) else own.tree_partition(C=C, k=k)


MUTANTS |= {("tree_partition", mistake): mutant for mistake, mutant in {
    "numbered-by-size": changed("tree_partition", in_order=by_size),
    "confusion-ignored": in_order_of_classes,
    "one-superclass-if-quiet": together(lambda C, k: len(C) > k and not (C - np.diag(np.diag(C))).any()),
    "one-superclass-if-few": together(lambda C, k: len(C) <= k),
}.items()}


# --- homes, and the choice ---------------------------------------------------------------------------------------


def table(answers, labels, groups):
    """Counts: a row per new class, a column per old one."""
    counts = np.zeros((labels.max() + 1, len(groups)), int)
    np.add.at(counts, (labels, answers), 1)
    return counts


def homes(change):
    """Ours, with what a function of (table, phi, groups) says in its place."""
    def outputs(answers, labels, groups):
        right = own.tree_homes(answers=answers, labels=labels, groups=groups)
        return right | change(table(answers, labels, groups), right["phi"], groups)

    return outputs


def shared_out(counts, phi, groups):
    added = np.array([np.bincount(groups, row) for row in counts])
    return {"phi": added / np.maximum(added.sum(axis=0), 1)}


def per_size(counts, phi, groups):
    per = phi / np.bincount(groups)
    return {"phi": per, "homes": per.argmax(axis=1)}


MUTANTS |= {("tree_homes", mistake): homes(change) for mistake, change in {
    "most-answered-class": lambda counts, phi, groups: {"homes": groups[counts.argmax(axis=1)]},
    "last-of-equals": lambda counts, phi, groups: {"homes": phi.shape[1] - 1 - phi[:, ::-1].argmax(axis=1)},
    "counts-for-shares": lambda counts, phi, groups: {"phi": phi * counts.sum(axis=1, keepdims=True)},
    "over-superclasses": shared_out,
    "per-class-of-superclass": per_size,
    "least-answered": lambda counts, phi, groups: {"homes": phi.argmin(axis=1)},
}.items()}


def choice(rule, accuracy=lambda answers, labels: np.mean(answers == labels)):
    def outputs(flat, clone, labels, margin):
        a, b = accuracy(flat, labels), accuracy(clone, labels)
        return {"accuracy_flat": a, "accuracy_clone": b, "cloned": bool(rule(a, b, margin))}

    return outputs


def over_classes(answers, labels):
    return np.mean([np.mean(answers[labels == c] == c) for c in np.unique(labels)])


def usual(a, b, margin):
    return b > a and b - a >= margin


MUTANTS |= {("tree_choice", mistake): mutant for mistake, mutant in {
    "clones-of-equals": choice(lambda a, b, margin: b - a >= margin),
    "margin-must-be-passed": choice(lambda a, b, margin: b - a > margin),
    "margin-ignored": choice(lambda a, b, margin: b > a),
    "errors-compared": choice(usual, lambda answers, labels: np.mean(answers != labels)),
    "mean-over-classes": choice(usual, over_classes),
}.items()}


# --- the answer --------------------------------------------------------------------------------------------------


def superclasses(log_q):
    """Ours with another probability of a superclass, from the log-probabilities of its classes and its columns."""
    def outputs(**inputs):
        def of_all(log_p, groups):
            return np.column_stack([log_q(log_p[:, list(group)]) for group in groups])

        with patch.object(nodes, "superclass_log_p", of_all):
            return own.tree_answer(**inputs)

    return outputs


def logits_added(branch, groups, leaves):
    """A branch whose superclasses are outputs of their own."""
    z = np.column_stack([branch[:, groups == s].sum(axis=1) for s in range(len(leaves))])
    spread = np.full(branch.shape, -1e3)
    for s in range(len(leaves)):
        spread[:, np.flatnonzero(groups == s)[0]] = z[:, s]
    return own.tree_answer(branch=spread, groups=groups, leaves=leaves)


def answered(answer):
    """Ours with another answer."""
    return lambda **inputs: own.tree_answer(**inputs) | {"answer": answer(own.tree_answer(**inputs), **inputs)}


def in_the_branch(found, branch, groups, leaves):
    inside = groups == found["superclasses"].argmax(axis=1)[:, None]
    return np.where(inside, branch, -np.inf).argmax(axis=1)


def without_the_branch(branch, groups, leaves):
    found = own.tree_answer(branch=branch, groups=groups, leaves=leaves)
    P = np.zeros(branch.shape)
    for s, leaf in enumerate(leaves):
        P[:, groups == s] = softmax(leaf, axis=1)
    return found | {"classes": P}


MUTANTS |= {("tree_answer", mistake): mutant for mistake, mutant in {
    "largest-for-sum": superclasses(lambda log_p: log_p.max(axis=1)),
    "mean-for-sum": superclasses(lambda log_p: np.log(np.exp(log_p).mean(axis=1))),
    "logits-added": logits_added,
    "most-probable-class": answered(lambda found, **inputs: found["classes"].argmax(axis=1)),
    "branch-alone": answered(lambda found, branch, **inputs: branch.argmax(axis=1)),
    "leaf-not-asked": answered(in_the_branch),
    "branch-not-counted": without_the_branch,
}.items()}
