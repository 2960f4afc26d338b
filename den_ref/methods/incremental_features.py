"""Incremental feature learning: a denoising autoencoder that adds features for what it explains badly, and merges them.

    L(x, y) = L_disc + lam L_gen,   L_disc = H(y, z) / K,   L_gen = H(x, s) / d    (Zhou, Sohn and Lee 2012)
    h = sigmoid(noisy W + b),   s = h W^T + a,   z = h V + c

H is the cross-entropy of logits, x has d inputs in [0, 1], ``noisy`` is x with some of them set to 0, K are the outputs
of the task's head.  Decoder and encoder share W (d, m): a column is a feature, and W gets its gradient on two paths::

    every batch     B gains the samples whose L is above the mean of the last ``window`` samples
    if |B| > tau    2 dM features become dM, dN are added, both trained on B alone with all others frozen; B is emptied
                    and dN, dM are chosen anew.  What they say to the head is left to all samples (head_on="hard", as in
                    the paper: trained on B too, of which few classes are left)
    then            all features and the head are trained on the batch

All tasks share the one layer of features, each has a head.  The paper has a single stream and no tasks: nothing holds
the features where an earlier task wants them.  B, dN and the window begin anew with every task.  How many features
come next, and how many are merged, one of two rules says::

    ratio           rule I: dN grows by one if the objective fell by more than eps1 of itself since the last event, is
                    halved if by less than eps2, and stays else
    validation      rule II: features are added while the validation loss falls, else merged

They are in the paper's supplement; of rule II it says little, and this is our reading.  ``window`` and ``tau`` are
smaller than the paper's 10,000: our streams are short.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, nan
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from den_ref.core import mlp
from den_ref.core.adam import proximal_adam_step
from den_ref.core.flat import Flat
from den_ref.core.penalties import Zero
from den_ref.core.result import MESSAGES, Result
from den_ref.core.training import BestSoFar, cosine
from den_ref.describe import Box, Formula, Look, Space, choice, log_uniform
from den_ref.doors import check_shape
from den_ref.protocol import Capacity, Step, Task
from den_ref.settings import Settings, at_least, integer, one_of, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .shared.autoencoder import (Head, Ranges, Samples, appended, corrupted, fit_last, gradient, merged, nearest_pairs,
                                 products, sample_losses, samples_of)
from .shared.network import KeepingMethod, task_rng


@dataclass(frozen=True)
class IncrementalFeaturesConfig(Settings):
    """Options of incremental feature learning.  A ``tau`` beyond all samples is an autoencoder of fixed size."""

    window: int = option(1000, "samples that a hard one is compared with the mean of", integer(1))
    tau: int = option(1000, "hard samples that are waited for", integer(0))
    grow: int = option(20, "features added at first", integer(0))
    gamma: float = option(0.5, "rule=ratio: pairs that are merged per feature that is added", at_least(0))
    rule: str = option("ratio", "what decides how many: the ratio of objectives, or the validation loss",
                       one_of("ratio", "validation"))
    eps1: float = option(0.02, "rule=ratio: one more is added next time if the objective fell by more than this share",
                         at_least(0))
    eps2: float = option(0.01, "rule=ratio: half as many if it fell by less than this share", at_least(0))
    features: int = option(100, "features at the start", integer(1))
    lam: float = option(0.2, "share of the reconstruction in the objective", at_least(0))
    corruption: float = option(0.2, "probability that an input is set to 0", at_least(0, below=1))
    outgoing: str = option("mean", "weights of a merged feature into the heads: the paper's mean, or the sum",
                           one_of("mean", "sum"))
    head_on: str = option("all", "samples that train what a new feature says to the head: all, by tuning, or the hard "
                          "ones before, as in the paper", one_of("all", "hard"))
    iterations: int = option(5, "of L-BFGS for merged and for added features", integer(1))
    step: float = option(1e-2, "learning rate at the start, for all features", at_least(0, above=True))
    step_end: float = option(0.05, "share of the learning rate left at the end of its cosine decay", at_least(0))
    batch: int = option(128, "samples per mini-batch", integer(1))
    epochs: int = option(10, "epochs at most", integer(0))
    patience: int = option(4, "epochs without a better validation loss before a task stops", integer(1))
    dtype: str = option("float32", "precision of the weights", one_of("float32", "float64"))


# --- how many ----------------------------------------------------------------------------------------------------


class Hard:
    """B: the rows of samples whose objective was above the mean of the last ``window`` before their batch."""

    def __init__(self, window: int, tau: int):
        self.recent, self.tau, self.rows = deque(maxlen=window), tau, []

    @property
    def level(self) -> float:
        """The mean; infinite before the first batch, of which nothing is hard."""
        return float(np.mean(self.recent)) if self.recent else inf

    def look(self, rows, losses) -> bool:
        """Take what is hard of a batch; whether there are more than tau now."""
        self.rows.extend(rows[losses > self.level].tolist())
        self.recent.extend(losses.tolist())
        return len(self.rows) > self.tau


class Sizes(NamedTuple):
    """Features to add, and pairs to merge."""

    add: int
    merge: int


def first_sizes(options: IncrementalFeaturesConfig) -> Sizes:
    """Before there is anything to compare."""
    return Sizes(options.grow, ceil(options.gamma * options.grow) if options.rule == "ratio" else 0)


def next_sizes(last: Sizes, before: float, now: float, options: IncrementalFeaturesConfig) -> Sizes:
    """How many next time, from an objective at the last event and at this one: as many, if the last is NaN.

    ratio (rule I): one more if now < (1 - eps1) before, half, rounded down, if now > (1 - eps2) before, else as many;
    ceil(gamma dN) pairs are merged.  validation (rule II): add while the validation loss falls, else merge.
    """
    if options.rule == "validation":
        return Sizes(0, options.grow) if now >= before else Sizes(options.grow, 0)
    add = last.add // 2 if now > (1 - options.eps2) * before else last.add
    add = last.add + 1 if now < (1 - options.eps1) * before else add
    return Sizes(add, ceil(options.gamma * add))


# --- a task ------------------------------------------------------------------------------------------------------


#: ``head_on`` -> what of merged and of added features is fitted to the hard samples.
FITTED = {"all": ("W", "b"), "hard": ("W", "b", "V")}
#: What an event did, in words: title and sentence.
NEW = {"merge": ("merging", "pairs that became one: {}, which leaves {} features"),
       "add": ("adding", "features added: {}, which makes {}")}


class Course:
    """What moves while a task is learnt: the network and Adam's moments, hard samples, how many features come next."""

    def __init__(self, w: Flat, config: IncrementalFeaturesConfig, rng):
        self.w, self.config, self.rng = w, config, rng
        self.hard, self.sizes, self.last = Hard(config.window, config.tau), first_sizes(config), nan
        self.number, self.multiply_adds = {"merge": 0, "add": 0}, 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Adam, which remembers nothing of the features that were."""
        self.m, self.v, self.k = 0.0 * self.w.vector, 0.0 * self.w.vector, 0

    def tune(self, samples: Samples, step: float) -> float:
        """One step of Adam on all features and the task's head, which leaves other heads as they are; L before it."""
        w, noisy = self.w, corrupted(samples.x, self.config.corruption, self.rng)
        value, slopes = gradient(w, noisy, samples, self.config.lam)
        self.k += 1
        vector, self.m, self.v = proximal_adam_step.inner(w.vector, slopes.vector, self.m, self.v, self.k, Zero(), step)
        self.w = w.like(vector)
        self.multiply_adds += products(samples, w["b"].size)
        return value

    def choose(self, now: float) -> None:
        """Sizes for the next event, from what was measured at this one."""
        self.sizes = next_sizes(self.sizes, self.last, now, self.config)
        self.last, self.hard.rows = now, []


class IncrementalFeatures(KeepingMethod):
    """One layer of sigmoid features for all tasks, a head for each; features are added for hard samples and merged.

    A new head begins at 0, and so does what an older head hears of a feature that is added: its scores stay.  They
    change where features are merged, and wherever all features are trained on another task.  Inputs are brought to
    [0, 1] by the ranges of the first task's samples; beyond them they are cut off.
    """

    name = "incremental-features"
    Config = IncrementalFeaturesConfig
    fixed = ("features", "dtype")
    title = "incremental features"
    look = Look("#661100", "-", ">")
    space = Space({"lam": 0.2, "tau": 1000, "grow": 20},
                  {"features": choice(50, 100, 200), "lam": log_uniform(0.05, 0.4), "tau": choice(500, 1000, 2000),
                   "grow": choice(10, 20, 40), "gamma": choice(0.0, 0.5, 0.5), "outgoing": choice("mean", "sum"),
                   "rule": choice("ratio", "validation"), "step": log_uniform(3e-3, 3e-2), "epochs": choice(5, 10, 20)},
                  unnamed={"features": 100, "batch": 128})
    explained = {
        "collect": Box(Formula("B = all x with L(x) > mean of L over the last window", "More than τ of them are waited "
                               "for.", ("tau", "window"), "den_ref/methods/incremental_features.py: Hard"),
                       pictures=("solve",), why="Which samples does the layer explain badly?"),
        "merge": Box(Formula("θ_N = (p_1 θ_1 + p_2 θ_2) / (p_1 + p_2),  p = Σ_{x in B} h(x)", "For pairs of least "
                             "cosine distance, γ per feature that is added; then trained on B, all else frozen.",
                             ("gamma", "outgoing"), "den_ref/methods/shared/autoencoder.py: merged"),
                     pictures=("solve",), why="Which features say the same, so that one is enough?"),
        "add": Box(Formula("minimise  L_disc(B) + λ L_gen(B)", "Free: the weights of the new features; all others are "
                           "biases.", ("lam", "grow"), "den_ref/methods/shared/autoencoder.py: fit_last"),
                   pictures=("solve",), why="What is missing in the layer for the hard samples?"),
        "tune": Box(Formula("minimise  L_disc(D_t) + λ L_gen(D_t)", "Free: all features and the task's head.", ("lam",),
                            "den_ref/methods/shared/autoencoder.py: hybrid"), pictures=("solve",),
                    per_layer=("added", "merged"),
                    why="How do all features suit the new task best?"),
    }

    ranges: Ranges | None = None
    w: Flat | None = None                                          # W, b, a, and V and c of all heads

    @property
    def n_inputs(self) -> int | None:
        return self.ranges.low.size if self.kept else None

    def boxes(self, task: Task) -> Iterator[Step]:
        c, rng = self.config, task_rng(self.seed, task.id)
        ranges = self.ranges or Ranges.of(task.x_train, c.dtype)
        start, head = self.started(task, rng)
        train, valid = (samples_of(task, split, ranges, head) for split in ("train", "valid"))
        if c.rule == "validation" and not len(valid.x):
            raise ValueError(f"rule: expected validation samples for rule=validation, got none in task {task.id!r}")
        course, best, w = Course(start, c, rng), BestSoFar(valid if len(valid.x) else None, c.patience), start
        history = {"loss": [], "validation": []}
        for epoch in range(1, c.epochs + 1):
            history["loss"].append((yield from self.epoch(task, course, train, valid, epoch)))
            history["validation"].append(best.look(course.w, epoch))
            self.progress(self.name, epoch, c.epochs, history["validation"][-1])
            w = course.w if best.epoch == epoch else w
            if best.tired:
                break
        yield self.tuned(task, start, w, course, history, best.epoch)
        self.ranges, self.w, self.kept[task.id] = ranges, w, head

    def started(self, task: Task, rng) -> tuple[Flat, Head]:
        """The features there are, random ones for the first task, with a head of zeros; and this head."""
        c, K = self.config, task.n_outputs
        arrays = self.w.views if self.kept else {
            "W": mlp.random_weights(rng, task.n_inputs, c.features, c.dtype), "b": np.zeros(c.features),
            "a": np.zeros(task.n_inputs), "V": np.zeros((c.features, 0)), "c": np.zeros(0)}
        V, head_bias = np.pad(arrays["V"], ((0, 0), (0, K))), np.pad(arrays["c"], (0, K))
        head = Head(slice(head_bias.size - K, head_bias.size), task.loss)
        return Flat.of({**arrays, "V": V, "c": head_bias}, c.dtype), head

    def epoch(self, task: Task, course: Course, train: Samples, valid: Samples, epoch: int):
        """All samples once, in mini-batches, with an event whenever there are enough hard ones; the mean of L."""
        c, n, total = self.config, len(train.x), 0.0
        batches = np.split(course.rng.permutation(n), range(c.batch, n, c.batch))
        for k, rows in enumerate(batches, (epoch - 1) * len(batches)):
            batch = train.rows(rows)
            if course.hard.look(rows, sample_losses(course.w, batch, c.lam)):
                yield from self.event(task, course, train.rows(course.hard.rows))
                course.choose(course.hard.level if c.rule == "ratio" else valid.value(course.w))
            total += course.tune(batch, cosine(k, c.epochs * len(batches), c.step, c.step_end)) * len(rows) / n
        return total

    def event(self, task: Task, course: Course, hard: Samples) -> Iterator[Step]:
        """What B is for: pairs are merged, then features are added.

        The first Step comes after the batches that filled B, whose time it has.
        """
        c, (add, merge) = self.config, course.sizes
        if not add and not merge:
            return
        yield self.step(task, "collect", "Algorithm 1, hard examples", f"{len(hard.x)} samples had an objective above "
                        f"the mean, now {course.hard.level:.4f}", facts={"hard": len(hard.x)}, after=course.w)
        noisy = corrupted(hard.x, c.corruption, course.rng)
        pairs = nearest_pairs(course.w["W"], merge)
        if len(pairs):
            start = merged(course.w, pairs, hard.x, c.outgoing)
            yield self.fitted(task, course, "merge", start, len(pairs), noisy, hard)
        if add:
            start = appended(course.w, mlp.random_weights(course.rng, task.n_inputs, add, c.dtype))
            yield self.fitted(task, course, "add", start, add, noisy, hard)
        course.begin_anew()

    def fitted(self, task: Task, course: Course, box: str, start: Flat, k: int, noisy, hard: Samples) -> Step:
        """The last k features are fitted, from a start, to the hard samples of an event."""
        c, before, (title, words) = self.config, course.w, NEW[box]
        result = fit_last(start, k, noisy, hard, c.lam, c.iterations, FITTED[c.head_on])
        course.w, course.number[box] = result.x, course.number[box] + k
        features, (at_start, at_end) = result.x["b"].size, result.history["objective"]
        sentence = f"{words.format(k, features)}; objective of the hard samples {at_start:.4f} -> {at_end:.4f}"
        return self.step(task, box, f"Algorithm 1, {title}", sentence, before=before, after=result.x, solve=result,
                         facts={"number": k, "features": features})

    def tuned(self, task: Task, start: Flat, w: Flat, course: Course, history: dict, best: int) -> Step:
        """The last box of a task."""
        finite, done = bool(np.isfinite(course.w.vector).all()), len(history["loss"])
        merge, add = course.number.values()
        words = f"all {done} epochs done" if done == self.config.epochs else "no better validation loss"
        result = Result(x=w, fun=history["loss"][-1] if done else inf, nit=done, success=finite,
                        status=1 if finite else 3, message=words if finite else MESSAGES[3], history=history,
                        best_epoch=best, multiply_adds=course.multiply_adds)
        return self.step(task, "tune", "Algorithm 1, all features", f"{start['b'].size} features, {add} added "
                         f"and {merge} pairs merged; {words}, {w['b'].size} features kept of epoch {best}",
                         before=start, after=w, solve=result,
                         facts={"added": [add], "merged": [merge], "features": w["b"].size})

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        head = self.kept_of(task_id)
        check_shape("x", x.shape, ("n", self.n_inputs))
        W, b, _, V, c = head.of(self.w).values()
        return mlp.in_blocks(lambda block: expit(self.ranges(block) @ W + b) @ V + c, x)

    def capacity(self) -> Capacity:
        if not self.kept:
            return Capacity(0, 0, 0, {})
        read = np.concatenate([*self.ranges, *(self.w[name].ravel() for name in "WbVc")])
        shared = read.size - self.w["V"].size - self.w["c"].size
        per_task = {task: shared + sum(head.of(self.w)[name].size for name in "Vc") for task, head in self.kept.items()}
        return Capacity(read.size, int(np.count_nonzero(read)), read.size + self.w["a"].size, per_task,
                        widths=(self.w["b"].size,))

    def state(self) -> dict[str, np.ndarray]:
        tasks = [[pack_id(task), head.loss, head.columns.start, head.columns.stop] for task, head in self.kept.items()]
        arrays = {**self.w.views, **self.ranges._asdict()} if self.kept else {}
        return arrays | {"meta": pack_meta({"seed": self.seed, "tasks": tasks})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> IncrementalFeatures:
        meta = unpack_meta(state["meta"])
        made = cls(config, meta["seed"])
        made.kept = {unpack_id(task): Head(slice(start, stop), loss) for task, loss, start, stop in meta["tasks"]}
        if made.kept:
            made.w = Flat.of({name: state[name] for name in ("W", "b", "a", "V", "c")}, state["W"].dtype)
            made.ranges = Ranges(state["low"], state["scale"])
        return made
