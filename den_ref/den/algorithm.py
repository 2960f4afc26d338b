"""Algorithm 1: learn one task after the other, retraining, growing and splitting as needed.

    t = 1:  solve Eq. 2, drop useless units
    t > 1:  Algorithm 2;  if L_t > tau: Algorithm 3;  then Algorithm 4, whether or not the network grew
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from den_ref.core.filters import FILTERS
from den_ref.describe import Look
from den_ref.doors import Whole, door
from den_ref.protocol import CLASS_INCREMENTAL, TASK_INCREMENTAL, THE_PAPER, Capacity, Method, Step, Task
from den_ref.state import pack_meta, pack_rng, unpack_meta, unpack_rng

from .beside import Beside
from .birth import Birth, with_newborn
from .config import DENConfig
from .equations import eq2
from .expansion import dynamic_expansion, remove_useless
from .explained import BOXES, SPACE
from .importance import Importance, with_task
from .network import EMPTY, NEVER, Head, Network, capacity
from .selective import selective_retraining
from .splitting import split_and_duplicate
from .stage import Stage, solve_cut


class DEN(Method):
    """Dynamically Expandable Network (Yoon et al., ICLR 2018).

    >>> from den_ref.tasks import make_stream
    >>> den = DEN(DENConfig(hidden=(8, 6)), seed=0)
    >>> for step in den.steps(make_stream("toy").tasks[0]):
    ...     print(step.title)
    Algorithm 1, Eq. 2
    Algorithm 1, removal
    """

    name = "den"
    fixed = ("hidden", *FILTERS, "dtype", "timestamps", "anchor_weights")
    Config = DENConfig
    title = "DEN"
    family = THE_PAPER
    scenarios = (TASK_INCREMENTAL, CLASS_INCREMENTAL)
    look = Look("#0072B2", "-", "o")
    space = SPACE
    explained = BOXES

    def __init__(self, config: DENConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.network = EMPTY
        self.birth = Birth([], [])
        self.importance: Importance | None = None

    @property
    def tasks(self) -> list[Hashable]:
        return [head.task for head in self.network.heads]

    @property
    def n_inputs(self) -> int | None:
        return self.network.n_features if self.tasks else None

    def boxes(self, task: Task) -> Iterator[Step]:
        """Algorithm 1 on one task, as a generator.  ``self.network`` becomes W^t when it ends."""
        network = yield from self.boxes_of(self.stage(task))
        if self.config.anchor_weights == "fisher":
            self.importance = with_task(self.importance, network, task)
        self.network, self.birth = network, with_newborn(self.birth, network)

    def stage(self, task: Task) -> Stage:
        """The stage that learns one more task."""
        if self.tasks:
            self.config.check_image(task.image, self.network.convolutions)
        previous = self.network if self.tasks else random_network(task.n_inputs, self.config, self.rng, task.image)
        return Stage(len(self.tasks) + 1, task, self.config, self.rng, previous, self.progress, self.birth,
                     self.importance)

    def boxes_of(self, stage: Stage):
        """The boxes of one stage, from W^{t-1} to W^t, which it returns: what they share is the stage."""
        if stage.t == 1:
            return (yield from whole_network(stage.previous, stage))
        network = yield from selective_retraining(stage.previous, stage)
        loss, base_rate, config = stage.loss(network), stage.base_rate, self.config
        expand = loss > config.tau
        yield stage.step(
            "loss", "Algorithm 1, loss against tau",
            f"loss {loss:.4f} {'>' if expand else '<='} tau {config.tau:g} (base rate {base_rate:.4f}): "
            + ("expand" if expand else "no expansion"), network, network,
            facts={"loss": loss, "tau": config.tau, "base_rate": base_rate, "expand": expand,
                   "loss_eq3": stage.losses.get("eq4", (loss, loss))[0]})       # nothing selected: no Eq. 4
        if expand:
            network = yield from dynamic_expansion(network, stage, loss)
        if config.split == "always" or (config.split == "after_expansion" and expand):
            network = yield from split_and_duplicate(network, stage)
        return network

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        network = self.network
        if self.config.timestamps or task_id not in self.tasks:
            return network.scores(task_id, x)
        return network.scores(task_id, x, [np.arange(n) for n in (network.n_inputs, *network.widths)])

    def class_scores(self, x) -> np.ndarray:
        """The scores of all heads side by side, each read with its own units: the largest of them is the answer.

        The paper has no such question.  The heads were trained alone, so that nothing makes their numbers comparable.
        """
        if any(head.loss != "softmax" for head in self.network.heads) or not self.tasks:
            return super().class_scores(x)
        return np.hstack([self.scores(task_id, x) for task_id in self.tasks])

    def loss_of(self, task_id: Hashable) -> str:
        return self.network.head_of(task_id).loss

    def capacity(self) -> Capacity:
        size = replace(capacity(self.network), stored={kept.name: kept.size for kept in self.beside})
        return size if self.config.timestamps else replace(size, per_task=read_without_timestamps(self.network))

    @property
    def beside(self) -> list[Beside]:
        """What is kept beside W^t: births, and the Fisher information if the pull is weighted by it."""
        return [self.birth, *([] if self.importance is None else [self.importance])]

    def state(self) -> dict[str, np.ndarray]:
        meta = {"layers": len(self.network.widths), "heads": self.network.head_facts(), "rng": pack_rng(self.rng)}
        kept = {name: array for each in self.beside for name, array in each.arrays().items()}
        return self.network.arrays() | kept | {"meta": pack_meta(meta)}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> DEN:
        meta, den = unpack_meta(state["meta"]), cls(config)
        den.network = Network.from_arrays(state, meta["heads"])
        den.birth = Birth.from_arrays(state, den.network)
        if den.config.anchor_weights == "fisher" and den.tasks:
            den.importance = Importance.from_arrays(state, den.network)
        den.rng = unpack_rng(meta["rng"])
        return den


@door
def read_without_timestamps(network: Network) -> dict[Hashable, int]:
    """Task -> parameters read where every task reads every unit: all of the body, the head's rows that can be not 0."""
    body = sum(array.size for array in network.weights + network.biases)
    return {head.task: body + (network.fan[-1] * len(network.visible(head.stage)[-1]) + 1) * head.bias.size
            for head in network.heads}


@door
def random_network(n_inputs: Whole(1), config: DENConfig, rng: np.random.Generator, image: tuple = None) -> Network:
    """The start of stage 1: weights normal with deviation sqrt(2 / n_in), biases 0, no head.

    ``image``: height, width and channels of samples that are images, which ``config.filters`` needs.
    """
    return Network(
        config.random_body(n_inputs, image, rng), [np.zeros(n, config.dtype) for n in config.widths],
        [np.ones(n, np.int32) for n in config.widths], [np.full(n, NEVER, np.int32) for n in config.widths], [],
        convolutions=config.convolutions(image))


@door
def whole_network(network: Network, stage: Stage):
    """Algorithm 1 at t = 1: a random head, Eq. 2 on everything the stage sees, then drop useless units."""
    task, top = stage.task, network.fan[-1] * network.widths[-1]
    weights = stage.draw(top, (top, task.n_outputs)).astype(network.dtype)
    head = Head(task.id, stage.t, weights, np.zeros(task.n_outputs, network.dtype), task.loss)
    before = network.with_head(head)
    network, result = solve_cut(before, network.visible(stage.t), head, stage,
                                lambda start, loss, sub: eq2(start, loss, stage.config),
                                label="Eq. 2", epochs=stage.config.epochs_eq2, start_competes=False)
    zeros = [float(np.mean(w == 0)) if w.size else 0.0 for w in network.weights]    # no unit of a layer may be left
    yield stage.step("eq2", "Algorithm 1, Eq. 2", f"trained the whole network, {result.message}; "
                     f"{', '.join(f'{z:.0%}' for z in zeros)} of its weights are 0", before, network, solve=result,
                     facts={"share_of_zeros": zeros}, arrays=stage.image)
    if not stage.config.prune:
        return network
    return (yield from remove_useless(network, stage, "Algorithm 1, removal"))
