"""The method of a checkpoint, validated whole.  The rules stand in docs/results_format.md, and here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from den_ref.experiment.disk.json_files import as_json, differences
from den_ref.protocol import Method, Task
from den_ref.settings import Settings
from den_ref.state import unpack_meta
from den_ref.tasks.stream import label

from .measure import capacity

#: What is stored: weights, whole numbers, bytes.
KINDS = "fiu"


def restored(kind: type[Method], config: Settings, results: Mapping[str, Any], state: Mapping[str, np.ndarray],
             seen: Sequence[Task] = ()) -> Method:
    """The method that a checkpoint holds; whatever in it does not fit the rest is refused.

    Parameters
    ----------
    kind, config
        The method's class and options.
    results : dict
        The run's record in the header of the checkpoint.
    state : dict of arrays
        What the method's ``state()`` was.
    seen : list of Task
        The tasks learnt, for a method that reads their data again.

    Raises
    ------
    ValueError
        If the state is not what the method would write, or not of the size and the tasks on record.
    """
    _check_arrays(state, getattr(config, "dtype", None))
    try:
        method = kind.from_state(state, config, seen=seen)
        again, tasks = method.state(), [label(task_id) for task_id in method.tasks]
        size = as_json(capacity(method, 1))
        logits = _logits(method, results["run"]["stream"].get("n_inputs"))
    except ValueError:
        raise
    except Exception as error:                                     # whatever a method says of what is not its own
        raise ValueError(f"state: expected what {kind.name} writes, got one on which it fails "
                         f"({type(error).__name__}: {error})") from error
    _check_same(state, again)
    _check_record(results, tasks, size, "stored" if kind.needs_all_data else "stl")
    _check_logits(method, logits)
    return method


def _check_record(results: Mapping[str, Any], tasks: list, size: dict[str, Any], left_out: str) -> None:
    """The tasks and the sizes are those of the record's last stage; STL's part is of the data, which are not here."""
    stages = results["stages"]
    if tasks != results["run"]["tasks"][:len(stages)]:
        raise ValueError(f"state: expected the tasks {results['run']['tasks'][:len(stages)]}, got {tasks}")
    of_method = [name for name in size if name not in (left_out, "stl", "allocated_share", "nonzero_share")]
    found = "; ".join(differences(*({name: facts[name] for name in of_method}
                                    for facts in (stages[-1]["capacity"] if stages else size, size))))
    if found:
        raise ValueError(f"state: expected the capacity on record ({found})")


def _check_arrays(state: Mapping[str, np.ndarray], dtype: str | None) -> None:
    """Numbers, all finite, those that are not whole in the precision of the options."""
    for name, array in state.items():
        if array.dtype.kind not in KINDS:
            raise ValueError(f"{name}: expected numbers, got {array.dtype}")
        if array.dtype.kind == "f" and dtype is not None and array.dtype != dtype:
            raise ValueError(f"{name}: expected {dtype}, got {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: expected finite numbers, got NaN or an infinity")


def _check_same(state: Mapping[str, np.ndarray], again: Mapping[str, np.ndarray]) -> None:
    """A state that is read and written again is the same: nothing is missing, nothing is left over or converted."""
    for name in sorted(set(state) | set(again)):
        if name not in state or name not in again:
            raise ValueError(f"{name}: expected {'no such array' if name in state else 'an array'}, got "
                             f"{'one' if name in state else 'none'}")
        one, other = state[name], again[name]
        if name == "meta":
            _check_meta(one, other)
        elif (one.dtype, one.shape) != (other.dtype, other.shape) or one.tobytes() != other.tobytes():
            raise ValueError(f"{name}: expected {other.dtype} {other.shape}, as the method writes it, got "
                             f"{one.dtype} {one.shape}")


def _check_meta(one: np.ndarray, other: np.ndarray) -> None:
    there, here = unpack_meta(one), unpack_meta(other)
    found = "; ".join(differences({name: there.get(name) for name in here}, here))
    if found:
        raise ValueError(f"meta: expected what the method writes ({found})")


def _logits(method: Method, n_inputs: Any) -> dict:
    """Task -> the method's answer to one sample of zeros."""
    if type(n_inputs) is not int:
        return {}
    return {task_id: method.scores(task_id, np.zeros((1, n_inputs), np.float32)) for task_id in method.tasks}


def _check_logits(method: Method, logits: Mapping) -> None:
    for task_id, scores in logits.items():
        loss = method.loss_of(task_id)
        least = {"sigmoid": 1, "softmax": 2}.get(loss)
        if least is None or np.ndim(scores) != 2 or len(scores) != 1 or scores.shape[1] < least:
            raise ValueError(f"task {task_id!r}: expected logits (1, n_outputs) of a sigmoid or softmax head, got "
                             f"shape {np.shape(scores)} for loss {loss!r}")
