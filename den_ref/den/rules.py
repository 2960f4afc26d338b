"""What a stored network must be: the rules of docs/results_format.md, read by whoever reads one from a file."""

from collections.abc import Iterator

import numpy as np

from den_ref.core.stacks import stacked

NEVER = np.iinfo(np.int32).max
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


def check_network(network) -> None:
    """A ValueError that names the array, unless shapes, dtypes, lifetimes, heads and stages fit each other."""
    for name, expected, got in _faults(network):
        raise ValueError(f"{name}: expected {expected}, got {got}")


def check_like(name: str, arrays: list, others: list) -> None:
    """A ValueError unless arrays are of the shapes and dtypes of others."""
    if len(arrays) != len(others):
        raise ValueError(f"{name}: expected {len(others)} arrays, got {len(arrays)}")
    for l, (array, other) in enumerate(zip(arrays, others)):
        if (array.shape, array.dtype) != (other.shape, other.dtype):
            raise ValueError(f"{name}/{l}: expected {other.dtype} {other.shape}, got {array.dtype} {array.shape}")


def _faults(network) -> Iterator[tuple]:
    """(array, what was expected, what came), for everything that does not fit."""
    if not network.weights:
        if network.heads:
            yield "weights/0", "an array", "none"
        return
    first, stages = network.weights[0], len(network.heads)
    if first.ndim != 2 or first.dtype not in DTYPES:
        yield "weights/0", "a float32 or float64 array (n_inputs, n)", f"{first.dtype} {first.shape}"
    below = first.shape[0] // network.fan[0] if first.ndim else 0
    for l, (w, b, born, gone) in enumerate(zip(network.weights, network.biases, network.introduced, network.retired)):
        n = b.shape[0] if b.ndim else 0
        yield from _unlike(f"biases/{l}", b, (n,), first.dtype)
        yield from _unlike(f"weights/{l}", w, (network.fan[l] * below, n), first.dtype)
        yield from _unlike(f"introduced/{l}", born, (n,), np.int32)
        yield from _unlike(f"retired/{l}", gone, (n,), np.int32)
        yield from _lifetimes(l, born, gone, stages)
        below = n
    for i, head in enumerate(network.heads):
        yield from _head(i, head, network)


def _unlike(name: str, array, shape: tuple, dtype) -> Iterator[tuple]:
    if (array.shape, array.dtype) != (shape, np.dtype(dtype)):
        yield name, f"{np.dtype(dtype)} {shape}", f"{array.dtype} {array.shape}"


def _lifetimes(l: int, born, gone, stages: int) -> Iterator[tuple]:
    """1 <= introduced <= stages, ascending; introduced < retired <= stages, or never."""
    if len(born) and (born.min() < 1 or born.max() > stages or (np.diff(born) < 0).any()):
        yield f"introduced/{l}", f"stages 1 to {stages}, ascending", np.unique(born).tolist()
    wrong = (gone <= born) | ((gone > stages) & (gone != NEVER))
    if wrong.any():
        unit = int(wrong.argmax())
        yield (f"retired/{l}", f"a stage after that of introduction, up to {stages}, or {NEVER} for never",
               f"unit {unit}: introduced {born[unit]}, retired {gone[unit]}")


def _head(i: int, head, network) -> Iterator[tuple]:
    """A row per unit of the top layer, 0 where its stage does not see the unit; the I-th task's is of stage I + 1."""
    if type(head.stage) is not int or head.stage != i + 1:
        yield f"heads/{i}, stage", i + 1, repr(head.stage)
    if head.loss not in ("sigmoid", "softmax"):
        yield f"heads/{i}, loss", "sigmoid or softmax", repr(head.loss)
    if any(head.task == other.task for other in network.heads[:i]):
        yield f"heads/{i}, task", "an id of its own", repr(head.task)
    outputs = head.bias.shape[0] if head.bias.ndim else 0
    if outputs < (2 if head.loss == "softmax" else 1):
        yield f"heads/{i}/bias", f"the outputs of a {head.loss} head", f"shape {head.bias.shape}"
    yield from _unlike(f"heads/{i}/bias", head.bias, (outputs,), network.dtype)
    rows = network.fan[-1] * network.widths[-1]
    yield from _unlike(f"heads/{i}/weights", head.weights, (rows, outputs), network.dtype)
    unseen = np.setdiff1d(np.arange(network.widths[-1]), network.visible(head.stage)[-1])
    if stacked(head.weights, network.fan[-1])[:, unseen].any():
        yield f"heads/{i}/weights", f"0 in the rows of units that stage {head.stage} does not see", "others"
