"""The checkpoint of a run: ``network.npz``, written after every task, read to continue or to use the network.

One file holds the method's state (the arrays) and the run's record (the header), so that the two can never be of
different ages.  ``results.json`` is the same record for people and is never read back.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.experiment.disk.archives import read_archive, write_archive
from den_ref.experiment.disk.environment import environment
from den_ref.experiment.disk.files import path_of, writable_folder
from den_ref.experiment.disk.json_files import as_json, differences, write_json
from den_ref.experiment.disk.results import RESULTS, matrices, validated
from den_ref.methods import method_named
from den_ref.protocol import Method
from den_ref.state import pack_id

from .plan import Origin, Plan
from .restored import restored
from .run import Run, unseen

#: Name of the file in the folder of its run.
NETWORK = "network.npz"


def save(run: Run, folder: Path) -> None:
    """Write the run's ``network.npz``, then its ``results.json``; each whole or not at all."""
    results = run.to_json()
    write_archive(folder / NETWORK, "network", {"results": results}, run.method.state())
    write_json(folder / RESULTS, results)


def begin(plan: Plan, out: Path | str | None = None, resume: bool = False) -> Run:
    """The run of a plan: a new one, or with ``resume`` the one that the folder holds.

    Raises
    ------
    TypeError
        With ``out``, if a task's id cannot be stored.
    ValueError
        If the folder holds a run and ``resume`` is False; if its run is of another plan (the error says what
        differs), or its checkpoint is damaged or foreign; if ``out`` is no folder.
    """
    if out is None:
        if resume:
            raise ValueError("resume: expected a folder to resume from, got out=None")
        return _new(plan)
    for task_id in plan.stream.ids:
        pack_id(task_id)                                           # now, not after the first task is learnt
    out = writable_folder(out)
    present = [name for name in (NETWORK, RESULTS) if (out / name).exists()]
    if present and not resume:
        raise ValueError(f"out: {out} already holds a run ({present[0]}): resume it (--resume), or use another folder")
    if present and NETWORK not in present:
        raise ValueError(f"out: {out} holds {RESULTS} but no {NETWORK}, so its run cannot be continued")
    return _restored(plan, out) if present else _new(plan)


def load(folder: Path | str, method: type[Method] | None = None) -> Method:
    """The method that a run left in its folder, for ``scores(task_id, x)`` and ``predict(task_id, x)``.

    Parameters
    ----------
    folder : path
        The ``out`` of a run, finished or not.
    method : Method class, optional
        Needed only for a method that was given to the run as a class of one's own.

    Raises
    ------
    FileNotFoundError
        If there is no ``network.npz``.
    ValueError
        If it is damaged or foreign, or its method unknown.
    """
    path = path_of(folder) / NETWORK
    if not path.exists():
        raise FileNotFoundError(f"folder: expected the folder of a run, but {path} does not exist")
    results, state = _read(path)
    identity = results["run"]
    kind = method or method_named(identity["method"])
    try:
        return restored(kind, kind.Config.from_dict(identity["options"]), results, state)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def learnt(folder: Path | str) -> int:
    """How many tasks the folder's checkpoint has learnt; 0 without a checkpoint."""
    path = path_of(folder) / NETWORK
    return len(_read(path)[0]["stages"]) if path.exists() else 0


def origin_of(folder: Path | str) -> Origin:
    """What a run has learnt, to branch from; errors as :func:`load`."""
    path = path_of(folder, "from", "the folder of a run") / NETWORK
    if not path.exists():
        raise FileNotFoundError(f"from: expected the folder of a run, but {path} does not exist")
    results, state = _read(path)
    return Origin(path.parent.resolve(), hashlib.sha256(path.read_bytes()).hexdigest(), results, state)


# --- small parts -------------------------------------------------------------------------------------------------


def _new(plan: Plan) -> Run:
    if plan.origin is not None:
        return _branched(plan, plan.origin)
    method = plan.method(plan.config, seed=plan.seed)
    return Run(method, plan.identity(), environment(), unseen(len(plan.stream.tasks)))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The run's record and the method's state, as they stand in a checkpoint."""
    header, state = read_archive(path, "network")
    try:
        return validated(header.get("results")), state
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _branched(plan: Plan, origin: Origin) -> Run:
    """A new run whose first tasks are those of another, as they were learnt and measured there."""
    method = _method(plan, origin.results, origin.state, origin.folder / NETWORK)
    R, measured, n = unseen(len(plan.stream.tasks)), matrices(origin.results["R"]), len(origin.results["stages"])
    for metric in R:
        R[metric][:n, :n] = measured[metric][:n, :n]
    return Run(method, plan.identity(), environment(), R, list(origin.results["stages"]))


def _restored(plan: Plan, out: Path) -> Run:
    results, state = _read(out / NETWORK)
    there = results["run"]
    younger = as_json(plan.method.Config().to_dict())              # options that the run did not have: without effect
    found = "; ".join(differences(there | {"options": younger | there["options"]}, plan.identity()))
    if found:
        raise ValueError(f"out: {out} holds a run of another configuration ({found}); choose another folder")
    method = _method(plan, results, state, out / NETWORK)
    run = Run(method, results["run"], results["environment"], matrices(results["R"]), results["stages"])
    write_json(out / RESULTS, run.to_json())                       # it may be missing, or a task behind
    return run


def _method(plan: Plan, results: dict[str, Any], state: dict[str, np.ndarray], path: Path) -> Method:
    """The plan's method with the state of a checkpoint, and with the data of its tasks if it needs them."""
    seen = plan.stream.tasks[:len(results["stages"])]
    tasks = [task.without_test() for task in seen] if plan.method.needs_all_data else []
    try:
        return restored(plan.method, plan.config, results, state, seen=tasks)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
