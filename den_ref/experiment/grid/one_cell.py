"""One cell of a grid, learnt wherever it is sent to: in this process, in another, on another machine.

A cell is *claimed* by a file in its folder.  Who sends it writes a ticket there; who learns it adds a name of its own,
and goes on only as long as the claim stands.  So one file tells a worker that it sees the grid's folder, tells the
sender which cells are being learnt, stops a worker whose cell is no longer wanted (the file is gone) and one that was
given up for lost while another took its cell (another name).
"""

import os
import platform
import time
import traceback
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import den_ref
from den_ref.experiment.disk.environment import environment
from den_ref.experiment.disk.files import write_text
from den_ref.experiment.disk.owner import owned
from den_ref.experiment.one_run.checkpoint import begin
from den_ref.experiment.one_run.display import Display
from den_ref.experiment.one_run.loop import follow
from den_ref.experiment.one_run.plan import make_plan
from den_ref.protocol import Diverged
from .grid import Cell

CLAIM = ".claim"

#: What a disk, a memory and a step size can do is said in a line; anything else is told with its traceback.
TOLD = (OSError, MemoryError, Diverged)


def request(folder: Path, cell: Cell, stream: dict[str, Any]) -> dict[str, Any]:
    """What is sent to a worker, in JSON types; writes the claim."""
    ticket = uuid.uuid4().hex
    (folder / cell.folder).mkdir(parents=True, exist_ok=True)
    write_text(folder / cell.folder / CLAIM, ticket)
    return {"den_ref": den_ref.__version__, "folder": str(folder / cell.folder), "ticket": ticket,
            "method": cell.method, "seed": cell.seed, "settings": cell.settings, "stream": stream}


def learn_cell(request: dict[str, Any]) -> dict[str, Any]:
    """Learn a cell, from its checkpoint on if there is one.

    Returns
    -------
    dict
        ``error``: None, or why it failed; ``worker``: who did it; ``blas_threads``: with how many threads, None if
        unknown.
    """
    worker = f"{platform.node()}:{os.getpid()}"
    answer = {"error": None, "worker": worker, "blas_threads": _known_threads()}
    try:
        claim = Claim(Path(request["folder"]), request["ticket"], worker)
        if request["den_ref"] != den_ref.__version__:
            raise ValueError(f"worker {worker} has den_ref {den_ref.__version__}, expected {request['den_ref']}")
        plan = make_plan(request["method"], request["stream"]["name"], seed=request["seed"],
                         settings=request["settings"], **request["stream"]["options"])
        with owned(request["folder"], of_a_grid=True):
            started = begin(plan, request["folder"], resume=True)
            follow(started, plan.stream, out=request["folder"], display=claim)
    except TOLD as error:
        answer["error"] = f"{type(error).__name__}: {error}\n"
    except Exception:
        answer["error"] = traceback.format_exc()
    return answer


class Claim(Display):
    """A worker's claim on a cell, which watches the run and ends it when the claim does not stand any more.

    Raises
    ------
    ValueError
        When made, if no ticket is there: the folder is not the one that the sender sees.
    Unclaimed
        If the claim is gone, or is another's.
    """

    #: Seconds between two looks at the file.
    PAUSE = 0.5

    def __init__(self, folder: Path, ticket: str, worker: str):
        self.path = folder / CLAIM
        found = claimed(folder)
        if found and found[0] != ticket:
            raise Unclaimed(f"{folder}: taken over by another comparison")
        if not found:
            raise ValueError(f"out: expected a folder that all workers share, but worker {worker} does not see in "
                             f"{folder} what was written there")
        self.text = f"{ticket} {worker}:{uuid.uuid4().hex}"
        self.looked = time.monotonic()
        _write_into(self.path, self.text)

    def saving(self, *_) -> None:
        """End the run if the claim is gone or another worker's: nothing of that worker's is overwritten."""
        self.looked = time.monotonic()
        if claimed(self.path.parent) != self.text.split():
            raise Unclaimed(f"{self.path.parent}: no longer wanted of this worker")

    def look(self, *_) -> None:
        """The same, now and then."""
        if time.monotonic() - self.looked >= self.PAUSE:
            self.saving()

    stage = progress = step = look


class Unclaimed(Exception):
    """The cell is no longer wanted, or another worker's."""


def claimed(folder: Path) -> list[str]:
    """The cell's claim: [] for none, [ticket] while it waits, [ticket, "HOST:PID:..."] while it is learnt."""
    try:
        return (folder / CLAIM).read_text().split()
    except OSError:
        return []


def unclaim(folder: Path, ticket: str) -> bool:
    """Take the claim away if it is of this ticket, so that who learns the cell stops; False if it is not."""
    if claimed(folder)[:1] != [ticket]:
        return False
    with suppress(OSError):                                        # what cannot be removed cannot be written either
        (folder / CLAIM).unlink()
    return True


def _write_into(path: Path, text: str) -> None:
    """Write into the file that is there: one that is removed at this moment stays removed."""
    with open(path, "r+b") as file:
        file.write(text.encode())
        file.truncate()


def _known_threads() -> int | None:
    """The threads BLAS uses here, as far as they can be known."""
    here = environment()
    said = [int(text) for text in here["thread_variables"].values() if text.isdigit()]
    return here["blas_threads"] or min(said, default=None)
