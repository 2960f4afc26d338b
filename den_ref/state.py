"""What a method's state is made of besides weights: small facts and the random generator, as arrays.

A state is a flat dict of arrays, so that it fits a ``.npz`` file without pickle.  Everything that is not an array goes
into one entry, ``meta``: JSON, as bytes.
"""

import json
from collections.abc import Hashable

import numpy as np

from .strict_json import strict_json


def pack_meta(facts: dict) -> np.ndarray:
    """A dict of JSON types as an array of bytes."""
    return np.frombuffer(json.dumps(facts, sort_keys=True).encode(), np.uint8)


def unpack_meta(array: np.ndarray) -> dict:
    """The inverse of :func:`pack_meta`."""
    return strict_json(array.tobytes())


def pack_rng(rng: np.random.Generator) -> dict:
    """The generator's state; its big integers are plain JSON numbers."""
    return rng.bit_generator.state


def unpack_rng(state: dict) -> np.random.Generator:
    """A generator that continues where the packed one stood."""
    rng = np.random.default_rng()
    rng.bit_generator.state = state
    return rng


def pack_id(task_id: Hashable):
    """A task id in JSON: numbers, texts, booleans, None, and tuples of them (as lists).

    Raises
    ------
    TypeError
        For any other id: it may be learnt, but not stored.
    """
    if isinstance(task_id, tuple):
        return [pack_id(part) for part in task_id]
    if isinstance(task_id, np.generic):
        task_id = task_id.item()
    if task_id is None or isinstance(task_id, (bool, int, float, str)):
        return task_id
    raise TypeError(f"task id: expected a number, text, boolean, None or tuple of them to be stored, got {task_id!r}")


def unpack_id(stored) -> Hashable:
    """The inverse of :func:`pack_id`."""
    return tuple(unpack_id(part) for part in stored) if isinstance(stored, list) else stored
