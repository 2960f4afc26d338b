"""Networks on the wire: what a case calls ``weights/0``, ``introduced/1``, ``heads/0``, as a ``Network`` or a ``Flat``.

Every operation on a network takes and gives its arrays as lists over layers (or heads):

    weights, biases              per hidden layer; a column of weights is a unit's incoming weights
    introduced, retired          per hidden layer: stages [introduced, retired) see a unit; never retired is 2147483647
    heads, head_biases           per task; a head has one row per unit of the top layer's array
    head_stages                  the stage of each head
"""

from __future__ import annotations

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.den.network import NEVER, Head, Network


def network_of(weights, biases, introduced=None, retired=None, heads=(), head_biases=(), head_stages=()) -> Network:
    """The Network of these arrays.  A head's task is its stage; without lifetimes every unit lives for ever."""
    introduced = [np.ones(len(b)) for b in biases] if introduced is None else introduced
    retired = [np.full(len(b), NEVER) for b in biases] if retired is None else retired
    stages = zip(head_stages, heads, head_biases, strict=True)
    return Network(list(weights), list(biases), [np.asarray(born, np.int32) for born in introduced],
                   [np.asarray(gone, np.int32) for gone in retired],
                   [Head(int(stage), int(stage), rows, bias) for stage, rows, bias in stages])


def fields_of(network: Network) -> dict:
    """The inverse of :func:`network_of`."""
    return {
        "weights": network.weights, "biases": network.biases,
        "introduced": [born.astype(np.int64) for born in network.introduced],
        "retired": [gone.astype(np.int64) for gone in network.retired],
        "heads": [head.weights for head in network.heads],
        "head_biases": [head.bias for head in network.heads],
        "head_stages": np.array([head.stage for head in network.heads], np.int64),
    }


def packed(weights, biases, head, head_bias) -> Flat:
    """The flat vector of a network, in float64."""
    return mlp.pack(weights, biases, head, head_bias, np.float64)


def labelled(labels, loss):
    """Labels as a Task has them: class numbers for a softmax."""
    return labels.argmax(axis=1) if loss == "softmax" else labels


def gradients(grad: Flat) -> dict:
    """The outputs of a gradient."""
    return dict(zip(("dweights", "dbiases", "dhead", "dhead_bias"), mlp.unpack(grad), strict=True))
