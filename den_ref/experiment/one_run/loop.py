"""The run itself: learn the tasks one after the other, measure after each, save after each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from den_ref.experiment.disk.environment import environment
from den_ref.experiment.disk.owner import owned
from den_ref.experiment.disk.steps import STEPS, forget_steps_after, step_facts, write_step
from den_ref.protocol import Method, Task, check_split
from den_ref.settings import Settings
from den_ref.tasks.stream import Stream
from .checkpoint import begin, save
from .display import Display
from .measure import capacity, qualities, stl_parameters
from .plan import make_plan
from .run import Run


def run(method: str | type[Method] = "den", stream: str | Stream = "mnist-variation", *, seed: int = 0,
        settings: Settings | Mapping[str, Any] | None = None, out: Path | str | None = None, resume: bool = False,
        keep_steps: bool = False, display: Display | None = None, **stream_options) -> Run:
    """Learn a stream of tasks with a method, from the first to the last, and measure after each.

    Parameters
    ----------
    method : str or Method class
        "den", "stl", "mtl", ...: a name in ``den_ref.methods.REGISTRY``; "module:Class", a class of your own in a
        module that Python finds; or such a class itself.
    stream : str or Stream
        "mnist-variation", "permuted-mnist", "toy"; or a stream of one's own.
    seed : int
        Of the stream and of the method.
    settings : dict or Settings, optional
        The method's options.
    out : path, optional
        Folder for ``results.json``, ``network.npz`` and ``steps/`` (docs/results_format.md).  Nothing is written
        without it.
    resume : bool
        Go on from where the run in ``out`` was interrupted; an empty or missing folder starts.
    keep_steps : bool
        Also write the arrays that each step changed.
    display : Display, optional
        What watches the run, e.g. ``den_ref.experiment.Lines()``; silent by default.
    **stream_options
        For :func:`den_ref.tasks.make_stream`: ``n_tasks``, ``order``, ``mnist``, ``dtype``, ...

    Returns
    -------
    Run
        ``.R["auroc"]`` and ``.R["accuracy"]``, (T, T) with NaN where unseen; ``.capacities``, ``.stages``,
        ``.method``; ``.table()`` as text.

    Raises
    ------
    ValueError
        For an unknown name, a bad value, a folder that holds another run or is another process's, or a damaged
        checkpoint.
    """
    plan = make_plan(method, stream, seed=seed, settings=settings, **stream_options)
    with owned(out):
        started = begin(plan, out, resume)
        return follow(started, plan.stream, out=out, keep_steps=keep_steps, display=display)


def follow(run: Run, stream: Stream, *, out: Path | str | None = None, keep_steps: bool = False,
           display: Display | None = None) -> Run:
    """Learn the tasks of the stream that the run has not learnt yet.

    Interrupted, it leaves in ``out`` the tasks that were finished, whole; the unfinished one is dropped.
    """
    display = Display() if display is None else display
    steps_folder = _steps_folder(out) if keep_steps else None
    display.started(run)
    if run.environment != environment():
        display.note("begun in another environment (versions, BLAS or threads); the last bits may differ")
    run.method.progress = display.progress
    for stage in range(len(run.stages) + 1, len(stream.tasks) + 1):
        task = stream.tasks[stage - 1]
        check_split(task, "test", task.n_inputs)                   # now, not after the task is learnt
        display.stage(stage, len(stream.tasks), stream.called(task.id))
        steps = learn(run, task, steps_folder, display)
        add_stage(run, stream, steps)
        if out is not None:
            display.saving(run)
            save(run, Path(out))
        display.learnt(run)
    display.finished(run)
    return run


def learn(run: Run, task: Task, steps_folder: Path | None, display: Display) -> list[dict[str, Any]]:
    """Learn one task; the facts of its steps.  The steps themselves, and the networks they hold, are let go."""
    number = sum(len(stage["steps"]) for stage in run.stages)
    if steps_folder is not None:
        forget_steps_after(steps_folder, number)
    facts = []
    for number, step in enumerate(run.method.steps(task.without_test()), start=number + 1):
        if steps_folder is not None:
            write_step(steps_folder, step, number, first=not facts)
        facts.append(step_facts(step, number))
        display.step(step)
    return facts


def add_stage(run: Run, stream: Stream, steps: list[dict[str, Any]]) -> None:
    """Add a stage to the run: the row of R after it, and the capacity."""
    row, separate = len(run.stages), sum(stage["capacity"]["stl"] for stage in run.stages[-1:])
    tasks = stream.tasks[:row + 1]
    for column, measured in enumerate(qualities(run.method, tasks, stream.scenario)):
        for metric, value in measured.items():
            run.R[metric][row, column] = value
    separate += stl_parameters(stream.n_inputs, tasks[row].n_outputs)
    run.stages.append({
        "stage": row + 1, "task": run.task_ids[row], "seconds": sum(step["seconds"] for step in steps),
        "capacity": capacity(run.method, separate), "steps": steps,
    })


def _steps_folder(out: Path | str | None) -> Path:
    if out is None:
        raise ValueError("keep_steps: expected a folder to keep the steps in, got out=None")
    folder = Path(out) / STEPS
    folder.mkdir(exist_ok=True)
    return folder
