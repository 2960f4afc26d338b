"""Branching: what a run has learnt, and from there on other options or other tasks, in a folder of its own."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from den_ref.experiment.disk.json_files import as_json, differences
from den_ref.experiment.disk.owner import owned
from den_ref.methods import method_named
from den_ref.protocol import Method
from den_ref.settings import Settings
from den_ref.tasks import make_stream
from den_ref.tasks.stream import Stream, label

from .checkpoint import begin, origin_of
from .display import Display
from .loop import follow
from .plan import Origin, Plan
from .run import Run


def branch(folder: Path | str, *, settings: Settings | Mapping[str, Any] | None = None, out: Path | str | None = None,
           resume: bool = False, keep_steps: bool = False, display: Display | None = None, **options) -> Run:
    """Go on from a run's last learnt task, in another folder; the run itself is not touched.

    Parameters
    ----------
    folder : path
        The ``out`` of a run, finished or not.
    settings : dict or Settings, optional
        Options from here on; what is not given in a dict stays what it was in the run.
    out, resume, keep_steps, display
        As :func:`~den_ref.experiment.one_run.loop.run` has them.
    **options
        For :func:`make_branch`: ``order``, ``n_tasks``, ``stream``, ``method``, ...

    Returns
    -------
    Run
        The tasks of the run are the first rows of its R, as they were measured there.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`make_branch`, and as :func:`~den_ref.experiment.one_run.loop.run`.
    """
    plan = make_branch(folder, settings=settings, **options)
    with owned(out):
        return follow(begin(plan, out, resume), plan.stream, out=out, keep_steps=keep_steps, display=display)


def make_branch(folder: Path | str, *, settings: Settings | Mapping[str, Any] | None = None,
                order: Sequence[Hashable] | str | None = None, n_tasks: int | None = None,
                stream: str | Stream | None = None, method: str | type[Method] | None = None, seed: int | None = None,
                **stream_options) -> Plan:
    """The plan of a branch: the run's method, seed and stream, and its learnt tasks before the new ones.

    Parameters
    ----------
    folder, settings
        See :func:`branch`.
    order : task ids or text, optional
        The tasks to learn; by default those that the run still had before it, or else the stream's other ones.
    n_tasks : int, optional
        Only so many of these.
    stream : str or Stream, optional
        Needed for a stream of one's own arrays; one with a name is made again, with the run's seed.
    method : Method class, optional
        Needed for a class that no name leads to.
    seed : int, optional
        The run's; no other can be had.
    **stream_options
        With which the run's stream was made: ``per_class``, ``mnist``, ...

    Raises
    ------
    FileNotFoundError
        If the folder has no ``network.npz``.
    ValueError
        If the stream, method or seed is not the run's, an option cannot be changed any more, or no task is left.
    """
    origin = origin_of(folder)
    run = origin.results["run"]
    if not origin.results["stages"]:
        raise ValueError(f"from: expected a run that has learnt a task, got {origin.folder}, which has not")
    kind, seed = method or run["method"], run["seed"] if seed is None else seed
    kind, name = (method_named(kind), kind) if isinstance(kind, str) else (kind, kind.name)
    if not isinstance(stream, Stream):
        stream = make_stream(stream or run["stream"]["name"], seed=seed, **stream_options)
    _check_same(origin, name, stream, seed)
    config = branched_options(kind, origin, settings)
    return Plan(name, kind, config, _continued(origin, stream, order, n_tasks), seed, origin)


def branched_options(kind: type[Method], origin: Origin, settings: Settings | Mapping[str, Any] | None = None
                     ) -> Settings:
    """The run's options with changes; a ValueError for one that what is learnt hangs on (``Method.fixed``)."""
    before = kind.Config.from_dict(origin.results["run"]["options"])
    after = settings
    if settings is None or isinstance(settings, Mapping):
        after = kind.Config.from_dict(before.to_dict() | dict(settings or {}))
    if not isinstance(after, kind.Config):
        raise ValueError(f"settings: expected a dict or {kind.Config.__name__} for {kind.name}, got {settings!r}")
    there, here = before.to_dict(), after.to_dict()
    for name in kind.fixed:
        if there.get(name) != here.get(name):
            raise ValueError(f"{name}: expected {there[name]!r}, with which {origin.folder} has learnt, got "
                             f"{here[name]!r}; what is learnt hangs on {', '.join(kind.fixed)}")
    return after


def _check_same(origin: Origin, method: str, stream: Stream, seed: int) -> None:
    """A ValueError that says what differs, unless these are the run's."""
    run = origin.results["run"]
    there = {"method": run["method"], "seed": run["seed"], "stream": run["stream"] | {"order": None}}
    here = as_json({"method": method, "seed": seed, "stream": stream.facts | {"order": None}})
    if run["stream"]["name"] != stream.name:                       # then all else differs as well
        there["stream"], here["stream"] = ({"name": name} for name in (run["stream"]["name"], stream.name))
    found = "; ".join(differences(there, here))
    if found:
        raise ValueError(f"from: expected the method, seed and stream of {origin.folder} ({found})")


def _continued(origin: Origin, stream: Stream, order, n_tasks: int | None) -> Stream:
    """The learnt tasks of the run, then those to learn."""
    tasks, learnt = origin.results["run"]["tasks"], len(origin.results["stages"])
    old = stream.ordered(tasks[:learnt]).ids
    rest = stream.ordered(tasks).ids[learnt:] or [task_id for task_id in stream.ids if task_id not in old]
    new = stream.ordered(order).ids if order is not None else rest
    again = [label(task_id) for task_id in new if task_id in old]
    if again:
        raise ValueError(f"order: expected tasks that {origin.folder} has not learnt, got {again[0]!r}")
    if not new:
        raise ValueError(f"from: expected a run with tasks left to learn, got {origin.folder}, which has learnt all "
                         f"of the stream {stream.name!r}")
    if n_tasks is not None:
        new = stream.ordered(new).first(n_tasks).ids
    return stream.ordered([*old, *new])
