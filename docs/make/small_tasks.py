"""ELLA, GO-MTL and separate models on the streams with many small tasks, and ELLA's backward transfer.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.small_tasks

Fills the tables of docs/small_tasks.md, with fifty classes made of attributes in the second; it takes a minute of a
processor.  The first has real targets, squared loss, root mean squared error on test samples, mean over tasks.  The
strengths were chosen on the validation samples of seed 0 and serve all seeds.
"""

from __future__ import annotations

import numpy as np

from den_ref.core.metrics import head_auroc
from den_ref.experiment.pages.markdown import number, table
from den_ref.methods import REGISTRY
from den_ref.methods.ella import Sums, with_a_new_basis
from den_ref.methods.gomtl import factorise, statistics
from den_ref.methods.shared.bases import sparse_code
from den_ref.methods.shared.single import expansion, single_task
from den_ref.protocol import Method
from den_ref.settings import as_text
from den_ref.tasks import make_stream
from den_ref.tasks.bases import SIZES, TASKS, linear_task

from .blocks import DOCS, write_blocks

PAGE = DOCS / "small_tasks.md"
SEEDS = (0, 1, 2, 3, 4)
#: Bases; the strength of the squares of a task's own weights; those of the codes' L1 and of the bases' squares.
K, RIDGE = 6, 1e-2
ELLAS, GOMTLS = {"mu": 1e-3, "lam": 1e-7}, {"mu": 0.2, "lam": 1e-3}

#: Method -> its options on the fifty classes, the best of a few tries on validation samples of seed 0.
CLASSES = {"stl": {"weight_decay": 1e-2}, "mtl": {"weight_decay": (5e-3, 2e-3)},
           "ella": {"components": 85, "k": 20, "mu": 1e-4, "lam": 1e-5, "ridge": 3e-2},
           "gomtl": {"components": 85, "k": 20, "mu": 1e-3, "lam": 1e-3}}


def measured(seed: int, n_tasks: int = TASKS) -> dict[str, float]:
    """Mean error of each after the last task, and how much ELLA's fell since each task was learnt."""
    tasks = [splits(*linear_task(seed, index)) for index in range(n_tasks)]
    alone = [single_task(*train, "squared", RIDGE).x for train, _ in tasks]
    quadratics = [statistics(*train, "squared", RIDGE) for train, _ in tasks]
    L, S = factorise(quadratics, K, **GOMTLS, ridge=RIDGE).x
    just_learnt, after = ella(tasks)
    return {"STL": mean_error(alone, tasks), "GO-MTL": mean_error((L @ S).T, tasks),
            "ELLA": mean_error(after, tasks),
            "backward transfer": mean_error(just_learnt, tasks) - mean_error(after, tasks)}


def ella(tasks) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """ELLA's weights of every task when it was just learnt, and after the last: the same code, other bases."""
    d = tasks[0][0][0].shape[1]
    L, sums, codes, just_learnt = np.zeros((d, K)), Sums(np.zeros((d * K, d * K)), np.zeros(d * K), 0), [], []
    for (phi, y), _ in tasks:
        theta = single_task(phi, y, "squared", RIDGE).x
        quadratic = expansion(phi, y, "squared", theta)
        codes.append(sparse_code(with_a_new_basis(L, theta, "task", None), quadratic, ELLAS["mu"]).x)
        sums = sums.plus(codes[-1], quadratic)
        L = sums.bases(ELLAS["lam"], K)
        just_learnt.append(L @ codes[-1])
    return just_learnt, [L @ s for s in codes]


def splits(x, y):
    """(phi, y) of the training and of the test samples; phi has the constant."""
    phi = np.column_stack([x, np.ones(len(x))])
    train, test = slice(SIZES["train"]), slice(SIZES["train"] + SIZES["valid"], None)
    return (phi[train], y[train]), (phi[test], y[test])


def mean_error(weights, tasks) -> float:
    """Root mean squared error on the tasks' test samples, mean over tasks."""
    return float(np.mean([np.sqrt(np.mean((y - phi @ w) ** 2)) for w, (_, (phi, y)) in zip(weights, tasks)]))


def rows(seeds=SEEDS) -> list[list[str]]:
    """A row per seed and one of means; errors of the others relative to GO-MTL's as in the paper."""
    found = [measured(seed) for seed in seeds]
    found.append({name: float(np.mean([one[name] for one in found])) for name in found[0]})
    return [[str(name), *(f"{one[method]:.3f}" for method in ("GO-MTL", "ELLA", "STL")),
             *(f"{one['GO-MTL'] / one[method]:.2%}" for method in ("ELLA", "STL")), f"{one['backward transfer']:+.4f}"]
            for name, one in zip([*seeds, "mean"], found)]


def classes(seed: int = 0) -> list[list[str]]:
    """A row per method on the fifty tasks of ``attributes``: test AUROC after the last, and on validation samples."""
    tasks = list(make_stream("attributes", seed=seed).tasks)
    found = []
    for name, options in CLASSES.items():
        kind = REGISTRY[name]
        method = kind(kind.Config(**options), seed)
        just = learnt(method, tasks)
        found.append([kind.title, f"`{' '.join(f'{key}={as_text(value)}' for key, value in options.items())}`",
                      number(just), *(f"{mean_auroc(method, tasks, split):.3f}" for split in ("test", "valid")),
                      f"{method.capacity().allocated:,}"])
    return found


def learnt(method, tasks) -> float:
    """Learn all; the mean test AUROC of a task just learnt, NaN where only the end is fitted."""
    if type(method).learn_all is not Method.learn_all:
        method.learn_all(tasks)
        return np.nan
    just = []
    for task in tasks:
        method.learn(task)
        just.append(mean_auroc(method, [task], "test"))
    return float(np.mean(just))


def mean_auroc(method, tasks, split: str) -> float:
    """Mean over tasks of the AUROC on a split."""
    x, y = f"x_{split}", f"y_{split}"
    return float(np.mean([head_auroc(method.scores(t.id, getattr(t, x)), getattr(t, y), t.loss) for t in tasks]))


def main() -> None:
    """Measure, and write the tables."""
    titles = ["seed", "GO-MTL", "ELLA", "STL", "ELLA, of GO-MTL", "STL, of GO-MTL", "ELLA's backward transfer"]
    names = ["method", "options", "just learnt", "after fifty", "validation", "parameters"]
    write_blocks(PAGE, synthetic=table(titles, rows()), classes=table(names, classes()))


if __name__ == "__main__":
    main()
