"""The count of multiply-adds against the matrix products that are really made."""

import numpy as np
import pytest

from den_ref.core import layers, mlp
from den_ref.core.mlp import DataLoss, JointLoss
from den_ref.core.problem import Problem
from den_ref.core.training import Training, train


@pytest.fixture
def counted(monkeypatch):
    """A list that gets (rows, inner, columns) of every matrix product that the layers make."""
    made, matmul = [], np.matmul

    def counting(a, b, out=None):
        made.append((a.shape[0], a.shape[1], b.shape[1]))
        return matmul(a, b, out=out)

    monkeypatch.setattr(layers.np, "matmul", counting)
    return made


def network(rng, sizes, heads=("",)):
    arrays = {f"W{l}": rng.normal(size=shape) for l, shape in enumerate(zip(sizes, sizes[1:-1]), 1)}
    arrays |= {f"V{head}": rng.normal(size=sizes[-2:]) for head in heads}
    arrays |= {f"b{l}": np.zeros(n) for l, n in enumerate(sizes[1:-1], 1)}
    return mlp.Flat.of(arrays | {f"c{head}": np.zeros(sizes[-1]) for head in heads}, np.float64)


def data(rng, n, sizes):
    return rng.normal(size=(n, sizes[0])), (rng.random((n, sizes[-1])) < 0.5).astype(float)


@pytest.mark.parametrize("sizes", [(5, 4, 1), (5, 4, 3, 2), (6, 2, 7, 3, 1)])
def test_a_pass_makes_as_many_as_are_said(counted, sizes):
    rng = np.random.default_rng(0)
    flat = network(rng, sizes)
    loss = DataLoss(flat, *data(rng, 11, sizes), block=4)
    loss.value_and_gradient(flat, flat.like())
    assert loss.multiply_adds == sum(np.prod(product) for product in counted) > 0


def test_of_known_units_only_the_edges_above_are_counted(counted):
    rng = np.random.default_rng(1)
    flat = mlp.Flat.of({"W1": rng.normal(size=(5, 2)), "W2": rng.normal(size=(6, 3)), "V": rng.normal(size=(3, 1)),
                        "b1": np.zeros(2), "b2": np.zeros(3), "c": np.zeros(1)}, np.float64)
    x, y = data(rng, 9, (5, 1))
    loss = DataLoss(flat, x, y, known=rng.random((9, 4)))
    loss.value_and_gradient(flat, flat.like())
    assert loss.multiply_adds == sum(np.prod(product) for product in counted) == 9 * (3 * (10 + 18 + 3) - 10)


def test_an_epoch_of_several_losses_and_training(counted):
    rng, sizes = np.random.default_rng(2), (5, 4, 2)
    flat = network(rng, sizes, heads=("0", "1"))
    joint = JointLoss([DataLoss(flat, *data(rng, n, sizes), head=str(i)) for i, n in enumerate((7, 10))])
    for rows in joint.batches(rng, 3):
        joint.value_and_gradient(flat, flat.like(), rows)
    assert joint.multiply_adds == sum(np.prod(product) for product in counted)
    result = train(Problem(joint, flat, []), Training(batch=3), 4, rng)
    assert result.multiply_adds == 4 * joint.multiply_adds
