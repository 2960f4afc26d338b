"""How much every weight mattered to the tasks learnt: what Eq. 6 may weigh its pull with (paper, section 3).

    F^t = F_1 + ... + F_t,    F_k the diagonal of the Fisher information of task k's network (``core.fisher``)

at W^k, over task k's training samples and the units that stage k sees; for all other weights F_k is 0.  So what is kept
needs no data of earlier tasks.  The sum is that of DNN-EWC (``methods.ewc``) with one anchor that moves on.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from den_ref.core import mlp
from den_ref.core.fisher import fisher_diagonal
from den_ref.core.stacks import between, stacked
from den_ref.doors import door
from den_ref.protocol import Diverged, Task

from .beside import Beside
from .network import Network, extract


class Importance(Beside):
    """F^t of every hidden weight and bias, shaped as W^t."""

    name: ClassVar[str] = "fisher"


@door
def with_task(importance: Importance | None, network: Network, task: Task) -> Importance:
    """F^t after a stage: F^{t-1} with zeros for the units that came, plus F_t.

    ``network`` is W^t, its last head that of ``task``; the units of W^{t-1} are the first ones of each layer.
    """
    head = network.head_of(task.id)
    sub = extract(network, network.visible(head.stage), head)
    now = mlp.pack(sub.weights, sub.biases, sub.head, sub.head_bias, network.dtype, network.convolutions)
    own = fisher_diagonal(now, task.x_train, task.y_train, task.loss)
    if not np.isfinite(own.vector).all():
        raise Diverged(task.id, "the Fisher information of W^t", "it is not finite")
    weights, biases = [np.zeros_like(w) for w in network.weights], [np.zeros_like(b) for b in network.biases]
    for l, (w, b, fan) in enumerate(zip(weights, biases, network.fan)):
        stack = stacked(w, fan)
        if importance is not None:
            then, n = stacked(importance.weights[l], fan), len(importance.biases[l])
            stack[:, :then.shape[1], :n], b[:n] = then, importance.biases[l]
        stack[between(sub.units[l], sub.units[l + 1])] += stacked(own[f"W{l + 1}"], fan)
        b[sub.units[l + 1]] += own[f"b{l + 1}"]
    return Importance(weights, biases)
