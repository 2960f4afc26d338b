"""Algorithm 1: learn one task after the other, retraining, growing and splitting as needed.

    t = 1:  solve Eq. 2, drop useless units
    t > 1:  Algorithm 2;  if L_t > tau: Algorithm 3;  then Algorithm 4
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..core import mlp
from ..protocol import Capacity, Method, Step, Task, check_task, timed
from ..state import pack_id, pack_meta, pack_rng, unpack_id, unpack_meta, unpack_rng
from .birth import Birth, with_newborn
from .config import DENConfig
from .equations import eq2
from .expansion import dynamic_expansion, remove_useless
from .network import EMPTY, NEVER, Head, Network, Subnetwork, capacity, extract, insert
from .selective import selective_retraining
from .splitting import split_and_duplicate
from .stage import Stage


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
    Config = DENConfig

    def __init__(self, config: DENConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.network = EMPTY
        self.birth = Birth([], [])

    @property
    def tasks(self) -> list[Hashable]:
        return [head.task for head in self.network.heads]

    def steps(self, task: Task) -> Iterator[Step]:
        """Learn one task: Algorithm 1 as a generator.  ``self.network`` becomes W^t when it ends."""
        check_task(task, self.tasks, self.network.n_inputs if self.tasks else None)
        previous = self.network if self.tasks else random_network(task.n_inputs, self.config, self.rng)
        stage = Stage(len(self.tasks) + 1, task, self.config, self.rng, previous, self.progress, self.birth)
        network = yield from timed(self.boxes(stage))
        self.network, self.birth = network, with_newborn(self.birth, network)

    def boxes(self, stage: Stage):
        """The boxes of one stage, from W^{t-1} to W^t."""
        if stage.t == 1:
            return (yield from whole_network(stage.previous, stage))
        network = yield from selective_retraining(stage.previous, stage)
        loss, base_rate, config = stage.loss(network), stage.base_rate, self.config
        expand = loss > config.tau
        yield stage.step(
            "loss", "Algorithm 1, loss against tau",
            f"loss {loss:.4f} {'>' if expand else '<='} tau {config.tau:g} (base rate {base_rate:.4f}): "
            + ("expand" if expand else "no expansion"), network, network,
            facts={"loss": loss, "tau": config.tau, "base_rate": base_rate, "expand": expand})
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

    def loss_of(self, task_id: Hashable) -> str:
        return self.network.head_of(task_id).loss

    def capacity(self) -> Capacity:
        return replace(capacity(self.network), stored={"birth": self.birth.size})

    def state(self) -> dict[str, np.ndarray]:
        heads = [{"task": pack_id(h.task), "stage": h.stage, "loss": h.loss} for h in self.network.heads]
        meta = {"layers": len(self.network.widths), "heads": heads, "rng": pack_rng(self.rng)}
        return self.network.arrays() | self.birth.arrays() | {"meta": pack_meta(meta)}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> DEN:
        meta, den = unpack_meta(state["meta"]), cls(config)
        lists = {name: [state[f"{name}/{l}"] for l in range(meta["layers"])]
                 for name in ("weights", "biases", "introduced", "retired", "birth/weights", "birth/biases")}
        den.birth = Birth(lists.pop("birth/weights"), lists.pop("birth/biases"))
        heads = [Head(unpack_id(h["task"]), h["stage"], state[f"heads/{i}/weights"], state[f"heads/{i}/bias"],
                      h["loss"]) for i, h in enumerate(meta["heads"])]
        den.network, den.rng = Network(**lists, heads=heads), unpack_rng(meta["rng"])
        return den


def random_network(n_inputs: int, config: DENConfig, rng) -> Network:
    """The start of stage 1: weights normal with deviation sqrt(2 / n_in), biases 0, no head."""
    sizes = [n_inputs, *config.hidden]
    weights = [mlp.random_weights(rng, a, b, config.dtype) for a, b in zip(sizes, sizes[1:])]
    return Network(
        weights, [np.zeros(n, config.dtype) for n in config.hidden],
        [np.ones(n, np.int32) for n in config.hidden], [np.full(n, NEVER, np.int32) for n in config.hidden], [])


def whole_network(network: Network, stage: Stage):
    """Algorithm 1 at t = 1: a random head, Eq. 2 on everything the stage sees, then drop useless units."""
    task, top = stage.task, network.widths[-1]
    head = Head(task.id, stage.t, mlp.random_weights(stage.rng, top, task.n_outputs, network.dtype),
                np.zeros(task.n_outputs, network.dtype), task.loss)
    before = network = network.with_head(head)
    sub = extract(network, network.visible(stage.t), head)
    start = mlp.pack(sub.weights, sub.biases, sub.head, sub.head_bias, network.dtype)
    loss, validation = stage.losses(start)
    result = stage.solve(eq2(start, loss, stage.config), validation, 2, start_competes=False)
    network = insert(network, Subnetwork(sub.units, *mlp.unpack(result.x)), head)
    zeros = [float(np.mean(w == 0)) for w in network.weights]
    yield stage.step("eq2", "Algorithm 1, Eq. 2", f"trained the whole network, {result.message}; "
                     f"{', '.join(f'{z:.0%}' for z in zeros)} of its weights are 0", before, network, solve=result,
                     facts={"share_of_zeros": zeros})
    if not stage.config.prune:
        return network
    return (yield from remove_useless(network, stage, "Algorithm 1, removal"))
