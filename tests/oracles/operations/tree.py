"""The error-driven tree: the embedding and the partition of a confusion, homes of new classes, growth, the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, classes, normals
from tests.oracles.recipe import Mistake, Question, Recipe

LEAST = Decimal("1e-6")
TINY = Decimal("1e-80")

# --- the affinity and its embedding ------------------------------------------------------------------------------


def both_ways(C):
    """(C + C^T) / 2."""
    return (C + C.T) / 2


def one_triangle(C):
    """What a symmetric eigensolver sees of C: the triangle below the diagonal."""
    return np.array([[C[max(i, j), min(i, j)] for j in range(len(C))] for i in range(len(C))])


def affinity(C, mean=both_ways, least=LEAST, diagonal=False, divided=True):
    """L, entry by entry."""
    n, A = len(C), mean(C)
    A = np.array([[A[i, j] + least if i != j else A[i, i] if diagonal else Decimal(0) for j in range(n)]
                  for i in range(n)])
    if not divided:
        return A
    D = [hp.total(row) for row in A]
    return np.array([[A[i, j] / (D[i] * D[j]).sqrt() if A[i, j] else Decimal(0) for j in range(n)] for i in range(n)])


def eigenvectors(S) -> tuple[list, np.ndarray]:
    """Eigenvalues of a symmetric matrix, and a column for each, by Jacobi's rotations."""
    n, S = len(S), S.copy()
    V = np.array([[Decimal(int(i == j)) for j in range(n)] for i in range(n)])
    while max((abs(S[i, j]) for i in range(n) for j in range(i)), default=0) > TINY.sqrt():
        for p, q in [(p, q) for p in range(n) for q in range(p + 1, n) if abs(S[p, q]) > TINY]:
            theta = (S[q, q] - S[p, p]) / (2 * S[p, q])
            t = (1 if theta >= 0 else -1) / (abs(theta) + (theta * theta + 1).sqrt())
            c = 1 / (t * t + 1).sqrt()
            turn = np.array([[c, t * c], [-t * c, c]])
            S[:, [p, q]] = S[:, [p, q]] @ turn
            S[[p, q]] = turn.T @ S[[p, q]]
            V[:, [p, q]] = V[:, [p, q]] @ turn
    return [S[i, i] for i in range(n)], V


def similarity(L, k, normed=True, largest=True):
    """The products of the embedding's rows: they are the same whatever the signs of the eigenvectors."""
    values, V = eigenvectors(L)
    chosen = sorted(range(len(L)), key=lambda i: values[i], reverse=largest)[:k]
    rows = [V[i, chosen] for i in range(len(L))]
    rows = [row / size if normed and (size := hp.norm(row)) > TINY else row for row in rows]
    return np.array([[hp.total(a * b) for b in rows] for a in rows])


def embedded(largest=True, normed=True, **how):
    """An oracle of L and the similarity."""
    @hp.in_fifty_digits
    def outputs(C, k):
        L = affinity(C, **how)
        return {"L": L, "similarity": similarity(L, k, normed, largest)}

    return outputs


@hp.in_fifty_digits
def laplacian(C, k):
    """1 - L in place of L."""
    L = affinity(C)
    return {"L": np.array([[int(i == j) - L[i, j] for j in range(len(L))] for i in range(len(L))])}


def blocks(seed, *groups, within=0.12, noise=0.02, right=0.4) -> np.ndarray:
    """A confusion with more of it inside groups; its rows sum to about 1."""
    group, rng = np.array(groups), np.random.default_rng(seed)
    C = noise * rng.uniform(size=(len(group),) * 2) + within * (group[:, None] == group) * rng.uniform(
        0.6, 1.4, (len(group),) * 2)
    np.fill_diagonal(C, right + 0.3 * rng.uniform(size=len(group)))
    return np.round(C, 6)


def uneven(seed, n) -> np.ndarray:
    """A confusion of classes of which some are confused much and some hardly; its rows sum to 1."""
    rng = np.random.default_rng(seed)
    much = rng.exponential(size=n) * 0.15
    C = rng.uniform(size=(n, n)) ** 3 * much[:, None] * np.sqrt(much) * 3
    np.fill_diagonal(C, 0)
    C = C / np.maximum(1, C.sum(axis=1, keepdims=True) / 0.8)
    np.fill_diagonal(C, 1 - C.sum(axis=1))
    return np.round(C, 4)


PAIR = {"C": array([0.75, 0.25], [0.5, 0.5]), "k": 1}
ISOLATED = array([1, 0, 0, 0], [0, 0.75, 0.125, 0.125], [0, 0.125, 0.625, 0.25], [0, 0.0625, 0.25, 0.6875])
ONE_WAY = array([0.75, 0, 0, 0.25], [0.0625, 0.875, 0.0625, 0], [0.0625, 0.25, 0.6875, 0], [0, 0.0625, 0, 0.9375])
JACOBI = "Jacobi's rotations in 50-digit decimals, entry by entry"

EMBEDDING = Recipe(
    name="tree_embedding",
    equation="A = (C + C^T) / 2 + 1e-6 off the diagonal, 0 on it; D = the sums of A's rows; L = D^(-1/2) A D^(-1/2). "
             "similarity = U U^T, U the eigenvectors of L's k largest eigenvalues side by side, each row divided by "
             "its norm (spectral clustering of the confusion, Xiao et al. 2014, section 3)",
    inputs={"C": "float64[*,*]", "k": "int64"}, outputs={"L": "float64[*,*]", "similarity": "float64[*,*]"},
    conventions=["C[i, j] is the share of the samples of class i that are answered j",
                 "U U^T and not U is asked for: an eigenvector has no sign of its own",
                 "eigenvalues k and k + 1 differ in every case"],
    oracle=embedded(),
    mistakes=[
        Mistake("one-triangle-only", "C went into a symmetric eigensolver as it is, which reads the triangle below its "
                "diagonal alone; confusion counts both ways, (C + C^T) / 2.", embedded(mean=one_triangle)),
        Mistake("diagonal-kept", "The diagonal of C, what is answered right, was kept in A; it is 0 there.",
                embedded(diagonal=True)),
        Mistake("unnormalised", "A was not divided by the roots of its sums: classes that are confused much count "
                "more.", embedded(divided=False)),
        Mistake("rows-not-normalised", "The rows of the eigenvectors were not divided by their norms.",
                embedded(normed=False)),
        Mistake("smallest-eigenvalues", "The eigenvectors of the k smallest eigenvalues of L were taken; they are the "
                "smallest of 1 - L, and the largest of L.", embedded(largest=False)),
        Mistake("laplacian-for-affinity", "L is the Laplacian 1 - D^(-1/2) A D^(-1/2); its k smallest eigenvalues "
                "have the same eigenvectors, but L is asked for.", laplacian),
        Mistake("least-missing", "Without the 1e-6 a class that is never confused has no neighbours, and its row is "
                "0.", embedded(least=Decimal(0))),
    ],
    questions=[
        Question("by-hand", "two classes are each other's only neighbour, k = 1", PAIR,
                 "by hand: L = [[0, 1], [1, 0]], its vector (1, 1)",
                 expected={"L": array([0, 1], [1, 0]), "similarity": array([1, 1], [1, 1])}),
        Question("two-blocks", "six classes in two blocks that are no neighbours in number",
                 lambda: {"C": blocks(1, 0, 1, 1, 0, 0, 1), "k": 2}, JACOBI),
        Question("three-blocks", "seven classes in three blocks, one of a single class",
                 lambda: {"C": blocks(2, 0, 1, 2, 0, 1, 0, 1, within=0.2), "k": 3}, JACOBI),
        Question("one-way", "confusion that goes one way", {"C": ONE_WAY, "k": 2}, JACOBI),
        Question("isolated", "a class that is never confused", {"C": ISOLATED, "k": 2}, JACOBI),
    ])

# --- the partition -----------------------------------------------------------------------------------------------


def partitions(n, k) -> Iterator[tuple[int, ...]]:
    """Every way to put n classes into at most k groups, which are numbered in the order of their first classes."""
    def longer(begun):
        if len(begun) == n:
            yield begun
            return
        for group in range(min(max(begun, default=-1) + 2, k)):
            yield from longer((*begun, group))

    yield from longer(())


def spread(G, groups) -> Decimal:
    """The squared distances of all rows from the mean of their group, from their products G."""
    members = [[i for i, own in enumerate(groups) if own == s] for s in range(max(groups) + 1)]
    return sum((G[i, i] for i in range(len(groups))), Decimal(0)) - sum(
        sum((G[i, j] for i in own for j in own), Decimal(0)) / len(own) for own in members)


def ranked(C, k, normed=True, largest=True, **how) -> list[tuple[Decimal, tuple[int, ...]]]:
    """All partitions with their spreads, the least first."""
    G = similarity(affinity(C, **how), k, normed, largest)
    return sorted((spread(G, groups), groups) for groups in partitions(len(C), k))


def one_after_the_other(n, k) -> list[int]:
    """The first n / k classes, the next, ..."""
    return [i * min(k, n) // n for i in range(n)]


def confused(C) -> bool:
    """Is there any confusion?"""
    return any(C[i, j] for i in range(len(C)) for j in range(len(C)) if i != j)


def parted(quiet=one_after_the_other, few=one_after_the_other, numbered=list, **how):
    """An oracle: the best of all partitions."""
    @hp.in_fifty_digits
    def outputs(C, k):
        n = len(C)
        groups = few(n, k) if n <= k else quiet(n, k) if not confused(C) else numbered(ranked(C, k, **how)[0][1])
        return {"groups": np.array(groups, np.int64)}

    return outputs


def by_size(groups) -> list[int]:
    """Numbered from the largest group to the smallest, of equals the later first."""
    order = [s for s, _ in sorted(Counter(groups).items(), key=lambda one: (-one[1], -one[0]))]
    return [order.index(s) for s in groups]


@hp.in_fifty_digits
def second_best(C, k):
    """How much more the second best partition spreads."""
    (best, _), (second, _) = ranked(C, k)[:2]
    return {"margin": second - best}


def to_the_second(C, k) -> float:
    """The same as a number."""
    return second_best(C=C, k=k)["margin"]


BEST = {"groups": to_the_second}
BRUTE = "brute force over all partitions, in 50-digit decimals"
PARTITION = Recipe(
    name="tree_partition",
    equation="k-means of the rows of U, the embedding of the confusion C (tree_embedding); a group is a superclass, "
             "groups are numbered in the order of their first classes (Xiao et al. 2014, error-driven preview)",
    inputs={"C": "float64[*,*]", "k": "int64"}, outputs={"groups": "int64[*]"},
    conventions=["groups[i] is the superclass of class i",
                 "k-means starts from the first row; each further centre is the row that is farthest from all so far. "
                 "In every case it ends at the partition with the least sum of squared distances there is",
                 "without any confusion class i is in group floor(i min(k, n) / n); so it is for n <= k classes"],
    oracle=parted(),
    mistakes=[
        Mistake("one-triangle-only", "C went into a symmetric eigensolver as it is, which reads the triangle below its "
                "diagonal alone; confusion counts both ways, (C + C^T) / 2.", parted(mean=one_triangle)),
        Mistake("diagonal-kept", "The diagonal of C, what is answered right, was kept in A; it is 0 there.",
                parted(diagonal=True)),
        Mistake("unnormalised", "A was not divided by the roots of its sums: a group that is confused little is not "
                "seen beside one that is confused much.", parted(divided=False)),
        Mistake("rows-not-normalised", "The rows of the eigenvectors were not divided by their norms: classes that are "
                "confused little lie together near 0.", parted(normed=False)),
        Mistake("smallest-eigenvalues", "The eigenvectors of the k smallest eigenvalues of L were taken: what is "
                "confused is kept apart.", parted(largest=False)),
        Mistake("numbered-by-size", "Superclasses are numbered by their sizes; they are by their first classes.",
                parted(numbered=by_size)),
        Mistake("confusion-ignored", "The classes were divided in their order, without looking at the confusion.",
                lambda C, k: {"groups": np.array(one_after_the_other(len(C), k), np.int64)}),
        Mistake("one-superclass-if-quiet", "Without any confusion all classes were put together; they are divided in "
                "their order.", parted(quiet=lambda n, k: [0] * n)),
        Mistake("one-superclass-if-few", "With no more classes than superclasses all were put together; each is then "
                "one of its own.", parted(few=lambda n, k: [0] * n)),
    ],
    questions=[
        Question("by-hand", "0 and 2 are confused, 1 hardly with any",
                 {"C": array([0.5, 0.125, 0.375], [0.125, 0.875, 0], [0.375, 0.125, 0.5]), "k": 2},
                 "by hand, " + BRUTE, "exact", BEST, {"groups": np.array([0, 1, 0])}),
        Question("two-blocks", "six classes in two blocks", lambda: {"C": blocks(1, 0, 1, 1, 0, 0, 1), "k": 2}, BRUTE,
                 "exact", BEST),
        Question("three-blocks", "seven classes in three blocks, one of a single class",
                 lambda: {"C": blocks(2, 0, 1, 2, 0, 1, 0, 1, within=0.2), "k": 3}, BRUTE, "exact", BEST),
        Question("one-way", "confusion that goes one way", {"C": ONE_WAY, "k": 2}, BRUTE, "exact", BEST),
        Question("isolated", "a class that is never confused", {"C": ISOLATED, "k": 2}, BRUTE, "exact", BEST),
        Question("uneven", "six classes, some confused much and some hardly", lambda: {"C": uneven(1096, 6), "k": 2},
                 BRUTE, "exact", BEST),
        Question("uneven-three", "seven such classes in three groups", lambda: {"C": uneven(150, 7), "k": 3}, BRUTE,
                 "exact", BEST),
        Question("no-confusion", "everything is answered right", {"C": np.eye(5), "k": 2}, "by convention", "exact",
                 {"groups": None}, {"groups": np.array([0, 0, 0, 1, 1])}),
        Question("few-classes", "as many superclasses as classes",
                 {"C": array([0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]), "k": 3}, "by convention", "exact",
                 {"groups": None}, {"groups": np.array([0, 1, 2])}),
    ])

# --- where new classes go ----------------------------------------------------------------------------------------


def counts(answers, labels, groups) -> dict[int, Counter]:
    """New class -> how many of its samples are answered in each superclass, a sample after the other."""
    found = {c: Counter() for c in range(max(labels) + 1)}
    for one, label in zip(answers.tolist(), labels.tolist(), strict=True):
        found[label][int(groups[one])] += 1
    return found


def first_largest(row) -> int:
    """Where the largest stands, of equals the first."""
    return max(range(len(row)), key=lambda s: (row[s], -s))


def homes(share=lambda row, s, found: Fraction(row[s], sum(row.values())), home=first_largest):
    """An oracle: exact shares; ``home``: from a row of them to the superclass."""
    def outputs(answers, labels, groups):
        found, k = counts(answers, labels, groups), int(max(groups)) + 1
        phi = [[share(row, s, found) for s in range(k)] for row in found.values()]
        return {"phi": np.array(phi, np.float64), "homes": np.array([home(row) for row in phi], np.int64)}

    return outputs


def most_answered(answers, labels, groups):
    """The superclass of the one class that is answered most."""
    single = [Counter(answers[labels == c].tolist()) for c in range(max(labels) + 1)]
    most = [max(own, key=lambda i: (own[i], -i)) for own in single]
    return homes()(answers, labels, groups) | {"homes": np.array([groups[i] for i in most], np.int64)}


def per_class(answers, labels, groups):
    """Shares per class of a superclass."""
    phi = homes()(answers, labels, groups)["phi"] / np.bincount(groups)
    return {"phi": phi, "homes": phi.argmax(axis=1)}


def to_the_next(answers, labels, groups) -> float:
    """The least distance of a largest share to the next."""
    rows = np.sort(homes()(answers, labels, groups)["phi"], axis=1)
    return float((rows[:, -1] - rows[:, -2]).min())


def answered(seed, groups, *likely) -> dict:
    """Answers to eleven samples of each new class, mostly of the classes ``likely``."""
    rng, n = np.random.default_rng(seed), len(groups)
    answers = [rng.choice(n, 11, p=(np.bincount(own, minlength=n) * 4.0 + 1) / (4 * len(own) + n)) for own in likely]
    order = rng.permutation(11 * len(likely))
    return {"answers": np.concatenate(answers)[order], "labels": np.repeat(np.arange(len(likely)), 11)[order],
            "groups": np.array(groups)}


NEXT, SHARES = {"homes": to_the_next}, {"phi": "f64", "homes": "exact"}
FRACTIONS = "fractions, a sample after the other"
HOMES = Recipe(
    name="tree_homes",
    equation="phi[c, s] = the share of the samples of the new class c that are answered with a class of superclass s; "
             "homes[c] = argmax over s of phi[c, s] (Xiao et al. 2014, Algorithms 1 and 2)",
    inputs={"answers": "int64[*]", "labels": "int64[*]", "groups": "int64[*]"},
    outputs={"phi": "float64[*,*]", "homes": "int64[*]"},
    conventions=["answers[i] is the old class that a sample is answered with, labels[i] its new class, counted from 0; "
                 "every new class has samples", "groups[j] is the superclass of the old class j",
                 "of equal shares the first superclass"],
    oracle=homes(),
    mistakes=[
        Mistake("most-answered-class", "A new class went to the superclass of the one class that it is answered with "
                "most; the answers of a superclass count together.", most_answered),
        Mistake("last-of-equals", "Of equal shares the last superclass was taken; it is the first.",
                homes(home=lambda row: max(range(len(row)), key=lambda s: (row[s], s)))),
        Mistake("counts-for-shares", "phi has counts of samples; it is their share among those of the class.",
                homes(share=lambda row, s, found: row[s])),
        Mistake("over-superclasses", "The shares are those of a superclass's answers that each new class has; they are "
                "those of a class's samples.", homes(share=lambda row, s, found: Fraction(
                    row[s], max(1, sum(other[s] for other in found.values()))))),
        Mistake("per-class-of-superclass", "Shares were divided by the number of classes in the superclass.",
                per_class),
        Mistake("least-answered", "A new class went where it is answered least.",
                homes(home=lambda row: min(range(len(row)), key=lambda s: (row[s], s)))),
    ],
    questions=[
        Question("by-hand", "three of four answers are in superclass 1, by two of its classes",
                 {"answers": np.array([0, 1, 2, 0, 2]), "labels": np.array([0, 0, 0, 1, 0]),
                  "groups": np.array([0, 1, 1])},
                 "by hand", SHARES, NEXT, {"phi": array([0.25, 0.75], [1, 0]), "homes": np.array([1, 0])}),
        Question("tie", "half and half", {"answers": np.array([2, 0, 1, 0]), "labels": np.array([0, 0, 0, 0]),
                                          "groups": np.array([0, 1, 1])}, "by hand", SHARES, {"homes": None},
                 {"phi": array([0.5, 0.5]), "homes": np.array([0])}),
        Question("three-superclasses", "four new classes, answered with eight old ones",
                 lambda: answered(3, [0, 1, 0, 2, 1, 2, 2, 0], [0], [1, 3, 5], [6, 3], [4]), FRACTIONS, SHARES, NEXT),
        Question("spread-out", "one class is answered most, those of another superclass more together",
                 {"answers": np.array([0, 0, 0, 0, 1, 2, 3, 1, 2, 3, 0]), "labels": np.array([0] * 10 + [1]),
                  "groups": np.array([0, 1, 1, 1])}, FRACTIONS, SHARES, NEXT),
    ])

# --- flat or clones ----------------------------------------------------------------------------------------------


def right(answers, labels) -> Fraction:
    """The share that is answered right."""
    return Fraction(sum(a == y for a, y in zip(answers.tolist(), labels.tolist(), strict=True)), len(labels))


def by_classes(answers, labels) -> Fraction:
    """The mean over classes of the share of each."""
    each = [right(answers[labels == c], labels[labels == c]) for c in sorted(set(labels.tolist()))]
    return sum(each) / len(each)


def chosen(taken=lambda a, b, margin: b > a and b - a >= margin, accuracy=right):
    """An oracle in fractions."""
    def outputs(flat, clone, labels, margin):
        a, b = accuracy(flat, labels), accuracy(clone, labels)
        return {"accuracy_flat": float(a), "accuracy_clone": float(b), "cloned": bool(taken(a, b, Fraction(margin)))}

    return outputs


def to_the_margin(flat, clone, labels, margin) -> float:
    """How far the gain is from where the other is chosen."""
    return abs(float(right(clone, labels) - right(flat, labels) - Fraction(margin)))


def answers_of(seed, n, wrong_flat, wrong_clone, margin) -> dict:
    """Labels of four classes, and two answers to them with so many wrong."""
    labels = classes(seed, n, 4)
    flat, clone = labels.copy(), labels.copy()
    flat[:wrong_flat] = (flat[:wrong_flat] + 1) % 4
    clone[n - wrong_clone:] = (clone[n - wrong_clone:] + 1) % 4
    return {"flat": flat, "clone": clone, "labels": labels, "margin": margin}


GAIN, CHOSEN = {"cloned": to_the_margin}, {"accuracy_flat": "f64", "accuracy_clone": "f64", "cloned": "exact"}
FOUR = {"flat": np.array([0, 1, 2, 0]), "labels": np.array([0, 1, 2, 3])}
CHOICE = Recipe(
    name="tree_choice",
    equation="clones are taken if accuracy_clone > accuracy_flat and accuracy_clone - accuracy_flat >= margin; "
             "accuracies are those of all samples (Xiao et al. 2014, Algorithm 1; the margin is ours)",
    inputs={"flat": "int64[*]", "clone": "int64[*]", "labels": "int64[*]", "margin": "float64"},
    outputs={"accuracy_flat": "float64", "accuracy_clone": "float64", "cloned": "bool"},
    conventions=["flat and clone are the classes that the two answer, labels the right ones",
                 "a gain equal to the margin is enough, unless it is 0: of equals the flat increment"],
    oracle=chosen(),
    mistakes=[
        Mistake("clones-of-equals", "Of equals the clones were taken; the flat increment is smaller.",
                chosen(lambda a, b, margin: b - a >= margin)),
        Mistake("margin-must-be-passed", "A gain equal to the margin was not enough.",
                chosen(lambda a, b, margin: b - a > margin)),
        Mistake("margin-ignored", "Any gain was enough; it must reach the margin.", chosen(lambda a, b, margin: b > a)),
        Mistake("errors-compared", "Errors stand for accuracies, and the clones were taken where they err more.",
                chosen(accuracy=lambda answers, labels: 1 - right(answers, labels))),
        Mistake("mean-over-classes", "Accuracies are means over classes; every sample counts alike.",
                chosen(accuracy=by_classes)),
    ],
    questions=[
        Question("by-hand", "clones gain a quarter, which is the margin",
                 FOUR | {"clone": np.array([0, 1, 2, 3]), "margin": 0.25}, "by hand", CHOSEN, {"cloned": None},
                 {"accuracy_flat": 0.75, "accuracy_clone": 1.0, "cloned": True}),
        Question("equals", "no gain, no margin", FOUR | {"clone": np.array([1, 1, 2, 3]), "margin": 0.0}, "by hand",
                 CHOSEN, {"cloned": None}, {"accuracy_flat": 0.75, "accuracy_clone": 0.75, "cloned": False}),
        Question("below-the-margin", "a gain of a tenth, a margin of a fifth", lambda: answers_of(5, 30, 6, 3, 0.2),
                 FRACTIONS, CHOSEN, GAIN),
        Question("above-the-margin", "a gain of a fifth", lambda: answers_of(6, 30, 12, 6, 0.12), FRACTIONS, CHOSEN,
                 GAIN),
        Question("worse", "clones lose", lambda: answers_of(7, 25, 3, 9, 0.1), FRACTIONS, CHOSEN, GAIN),
        Question("low-accuracy", "half as many right answers again, and less than the margin",
                 lambda: answers_of(8, 40, 34, 31, 0.11), FRACTIONS, CHOSEN, GAIN),
        Question("uneven-classes", "the clones are right in a class with few samples",
                 {"labels": np.array([0] * 9 + [1] * 2), "flat": np.array([0] * 11),
                  "clone": np.array([0] * 6 + [1] * 5), "margin": 0.05}, FRACTIONS, CHOSEN, GAIN),
    ])

# --- the answer of a branch with its leaves ----------------------------------------------------------------------


def softmax(z):
    """A row after the other."""
    return np.array([row / hp.total(row) for row in hp.elementwise(Decimal.exp, z)])


def added(p, groups):
    """The sum over each superclass."""
    return np.array([[hp.total(row[groups == s]) for s in range(max(groups) + 1)] for row in p])


def answer(branch_of=lambda z, groups: added(softmax(z), groups), decided=None):
    """An oracle: ``decided(branch, groups, q, P)`` is the answer, by default the rule from the root down."""
    @hp.in_fifty_digits
    def outputs(branch, groups, leaves):
        q, inside = branch_of(branch, groups), [softmax(z) for z in leaves]
        own = [np.flatnonzero(groups == s).tolist() for s in range(len(leaves))]
        P = np.array([[q[n, s] * inside[s][n, own[s].index(c)] for c, s in enumerate(groups.tolist())]
                      for n in range(len(branch))])
        down = [own[s][first_largest(inside[s][n])] for n, s in enumerate(map(first_largest, q))]
        return {"superclasses": q, "classes": P,
                "answer": np.array(decided(branch, groups, q, P) if decided else down, np.int64)}

    return outputs


def best_of_the_branch(branch, groups, q, P):
    """The branch's own best class in the superclass that it decides for."""
    return [max(np.flatnonzero(groups == first_largest(row)), key=lambda c: z[c]) for z, row in zip(branch, q)]


def leaves_alone(branch, groups, leaves):
    """P without its factor of the branch."""
    inputs = {"branch": branch, "groups": groups, "leaves": leaves}
    alone = answer(lambda z, own: np.full((len(z), max(own) + 1), Decimal(1)))(**inputs)
    return answer()(**inputs) | {"classes": alone["classes"]}


def to_the_next_class(branch, groups, leaves) -> float:
    """The least distance between the best two superclasses, and between the best two classes of a leaf."""
    rows = [answer()(branch=branch, groups=groups, leaves=leaves)["superclasses"],
            *(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in leaves)]
    return float(min(np.diff(np.sort(row, axis=1)[:, -2:]).min() for row in rows if row.shape[1] > 1))


def grouped(seed, n, *groups) -> dict:
    """Logits of a branch over the classes, and of a leaf per superclass."""
    return {"branch": normals(seed, n, len(groups)), "groups": np.array(groups),
            "leaves": [1.5 * normals(seed + 1 + s, n, groups.count(s)) for s in range(max(groups) + 1)]}


def logs(*p) -> np.ndarray:
    """Logits (1, n) whose softmax is p."""
    return np.log([p])


DOWN, ANSWERED = {"answer": to_the_next_class}, {"superclasses": "f64", "classes": "f64", "answer": "exact"}
DECIMALS = "the formulas in 50-digit decimals"
ANSWER = Recipe(
    name="tree_answer",
    equation="q[s] = sum over the classes c of superclass s of softmax_c(branch); P[c] = q[s] softmax_c(leaf of s), s "
             "the superclass of c; answer = argmax over c in s* of softmax_c(leaf of s*), s* = argmax of q (Xiao et "
             "al. 2014, section 3)",
    inputs={"branch": "float64[*,*]", "groups": "int64[*]", "leaves/*": "float64[*,*]"},
    outputs={"superclasses": "float64[*,*]", "classes": "float64[*,*]", "answer": "int64[*]"},
    conventions=["branch and leaves are logits; a row is a sample", "groups[c] is the superclass of class c",
                 "the columns of a leaf are its classes in ascending order; a leaf of one class answers that class",
                 "superclasses has q, classes has P in the order of the classes"],
    oracle=answer(),
    mistakes=[
        Mistake("largest-for-sum", "A superclass got the largest probability of its classes; it gets their sum.",
                answer(lambda z, groups: np.array([[max(row[groups == s]) for s in range(max(groups) + 1)]
                                                   for row in softmax(z)]))),
        Mistake("mean-for-sum", "A superclass got the mean over its classes; it gets their sum.",
                answer(lambda z, groups: added(softmax(z), groups) / np.bincount(groups))),
        Mistake("logits-added", "The logits of a superclass were added, and softmax taken of the sums; it is the "
                "probabilities that are added.", answer(lambda z, groups: softmax(added(z, groups)))),
        Mistake("most-probable-class", "The answer is the class with the largest P of all; the branch decides first.",
                answer(decided=lambda branch, groups, q, P: [first_largest(row) for row in P])),
        Mistake("branch-alone", "The answer is the branch's most probable class; the branch decides for a superclass "
                "only.", answer(decided=lambda branch, groups, q, P: [first_largest(row) for row in branch])),
        Mistake("leaf-not-asked", "In the superclass the branch's own most probable class was answered; its leaf is "
                "asked.", answer(decided=best_of_the_branch)),
        Mistake("branch-not-counted", "P has the probabilities of the leaves alone; the branch's are factors of them.",
                leaves_alone),
    ],
    questions=[
        Question("by-hand", "0.4, 0.35, 0.25 in the branch; the leaf has them as 7 to 5",
                 {"branch": logs(0.4, 0.35, 0.25), "groups": np.array([0, 1, 1]),
                  "leaves": [np.zeros((1, 1)), logs(7 / 12, 5 / 12)]},
                 "by hand: 0.6 for the second superclass", ANSWERED, DOWN,
                 {"superclasses": array([0.4, 0.6]), "classes": array([0.4, 0.35, 0.25]), "answer": np.array([1])}),
        Question("two-leaves", "twelve samples of five classes", lambda: grouped(40, 12, 0, 1, 0, 1, 1), DECIMALS,
                 ANSWERED, DOWN),
        Question("three-leaves", "fifteen samples of seven classes, a leaf of one class",
                 lambda: grouped(50, 15, 0, 1, 2, 0, 0, 2, 0), DECIMALS, ANSWERED, DOWN),
    ])

RECIPES = [EMBEDDING, PARTITION, HOMES, CHOICE, ANSWER]
