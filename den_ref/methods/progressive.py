"""DNN-Progressive: one column per task, which reads all older columns and changes none (Rusu et al. 2016).

Nothing is forgotten, and size grows with the square of the number of tasks.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.flat import Flat
from den_ref.core.penalties import SquaredL2, Sum
from den_ref.core.problem import Part, Problem
from den_ref.den.equations import eq2, fans, matrices, sparsity
from den_ref.describe import Look, Space, choice
from den_ref.doors import check_shape
from den_ref.protocol import Capacity, Task
from den_ref.settings import at_least, integer, one_of, option

from .shared.columns import ColumnLoss, activations, adapted_layers, adapter_names, columns_forward
from .shared.network import DRAWS, UNNAMED, NetworkConfig, random_start, task_rng, trained
from .stl import STL, Own


@dataclass(frozen=True)
class ProgressiveConfig(NetworkConfig):
    """Options of DNN-Progressive: those of a plain network, which are a column's, and of the adapters.

    The adapter into a layer is penalised like the layer's own weights: ``mu`` and ``weight_decay`` of layer l act on
    W_l, P_l and U_l (the head's on V, P and U of the last adapter); a_l and p_l are free, like biases.
    """

    width: str = option("full", "units of a column: those of filters and hidden, or their share of n_columns",
                        one_of("full", "per_task"))
    n_columns: int = option(10, "width=per_task: how many tasks share the units of filters and hidden", integer(1))
    alpha: float = option(0.1, "factor of an older column's activations at the start", at_least(0))
    lateral_scale: float = option(0.0, "deviation of an adapter's outgoing weights U at the start, as a share of "
                                  "sqrt(2 / n_in)", at_least(0))

    @property
    def column(self) -> tuple[int, ...]:
        """Units per hidden layer of one column: with width=per_task a share of all, rounded down, at least 1."""
        share = self.n_columns if self.width == "per_task" else 1
        return tuple(max(n // share, 1) for n in self.widths)


class Progressive(STL):
    """A network of its own for every task, as in STL, with adapters from the frozen ones before it.

    The first column is STL's network of that task; with ``lateral_scale=0`` every column starts as STL's does.
    """

    name = "progressive"
    fixed = (*STL.fixed, "width", "n_columns")
    Config = ProgressiveConfig
    title = "Progressive"
    look = Look("#CC79A7", "-", "^")
    space = Space({"weight_decay": 2e-2, "mu": 0.0}, {**DRAWS, "epochs": choice(5, 10, 20)}, unnamed=UNNAMED)
    explained = trained("L(W; D_t)", "Free: the column of the new task and its adapters from older columns, which "
                        "stand still.", "progressive",
                        why="What can a new network make of older ones that stand still?")

    @property
    def n_inputs(self) -> int | None:
        return chain.n_inputs(self.networks[0]) if self.kept else None

    def boxes(self, task: Task):
        older = self.networks
        if older:
            self.config.check_image(task.image, older[0].convolutions)
        rng = task_rng(self.seed, task.id)
        start = random_column(task, self.config, len(older), rng)
        loss, valid = (ColumnLoss(start, x, y, task.loss, activations(older, x))
                       for x, y in ((task.x_train, task.y_train), (task.x_valid, task.y_valid)))
        parts = eq2(start, loss, self.config).parts + adapter_parts(start, self.config)
        result = self.fit(Problem(loss, start, parts), valid, rng)
        yield self.step(task, "train", "a column of its own", f"trained column {len(older) + 1} beside {len(older)} "
                        f"frozen ones, {result.message}", after=result.x, solve=result,
                        facts={"alpha": {str(l): result.x[f"a{l}"].tolist() for l in adapted_layers(start)}})
        self.kept[task.id] = Own(result.x, task.loss)

    def columns_of(self, task_id: Hashable) -> list[Flat]:
        """The columns a learnt task reads: its own, last, and all older ones."""
        self.kept_of(task_id)
        return self.networks[:self.tasks.index(task_id) + 1]

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        columns = self.columns_of(task_id)
        check_shape("x", x.shape, ("n", self.n_inputs))
        return mlp.in_blocks(lambda block: columns_forward(columns, block)[0], x)

    def capacity(self) -> Capacity:
        """A task reads its own column, and of the older ones all but what only their logits need."""
        columns, bodies, per_task = self.networks, 0, {}
        for task, column in zip(self.tasks, columns, strict=True):
            per_task[task] = bodies + column.vector.size
            bodies += column.vector.size - head_size(column)
        total, nonzero = (sum(int(count(c.vector)) for c in columns) for count in (np.size, np.count_nonzero))
        return Capacity(total, nonzero, total, per_task, widths=tuple(n * len(columns) for n in self.config.column))


def random_column(task: Task, config: ProgressiveConfig, k: int, rng) -> Flat:
    """A random column beside k older ones: STL's network, and adapters drawn after it.

    P is normal with deviation sqrt(2 / (k n_{l-1})), U that of ``lateral_scale``; p = 0.
    """
    of_images = len(config.filters)
    own = replace(config, filters=config.column[:of_images], hidden=config.column[of_images:])
    plain = random_start(task, [task.n_outputs], own, rng)
    arrays, into = dict(plain.views), [plain[name].shape for name in matrices(plain)[1:]]
    if k:
        adapters = [random_adapter(rng, n_in, shape, k, config) for n_in, shape in zip(config.column, into)]
        arrays |= {f"{kind}{l}": array for kind, of_layers in zip("aPpU", zip(*adapters), strict=True)
                   for l, array in enumerate(of_layers, 2)}
    return Flat.of(arrays, config.dtype, plain.convolutions)


def random_adapter(rng, n_in: int, into: tuple[int, int], k: int, config: ProgressiveConfig):
    """The arrays a, P, p, U of an adapter from k columns of n_in units into a layer, whose matrix is of shape ``into``.
    """
    P = mlp.random_weights(rng, k * n_in, n_in, config.dtype).reshape(k, n_in, n_in)
    U = config.lateral_scale * mlp.random_weights(rng, *into, config.dtype)
    return np.full(k, config.alpha), P, np.zeros(n_in), U


def adapter_parts(start: Flat, config: ProgressiveConfig) -> list[Part]:
    """The adapters as parts of a Problem: (mu, weight_decay) of their layer on P and U; a and p free."""
    mu, decay = (config.per_layer(name, mlp.depth(start) + 1) for name in ("mu", "weight_decay"))
    parts = []
    for l in adapted_layers(start):
        a, P, p, U = adapter_names(l)
        parts += [Part(name, Sum(SquaredL2(decay[l - 1]), sparsity(mu[l - 1], fan)))
                  for name, fan in ((P, 1), (U, fans(start)[l - 1]))] + [Part(a), Part(p)]
    return parts


def head_size(column: Flat) -> int:
    """Parameters that only the column's own logits need: the head and the adapter into it."""
    last = mlp.depth(column) + 1
    names = ["V", "c", *(adapter_names(last) if last in adapted_layers(column) else [])]
    return sum(column[name].size for name in names)
