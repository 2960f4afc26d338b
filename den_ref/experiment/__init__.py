"""Running a method on a stream: the loop, the files it leaves, and what it shows.

    disk  <-  one_run  <-  grid  <-  pages  <-  tune

Five rooms, bottom to top; each may import what stands to its left.

Long work has two parts, of which only the first can be the user's fault: ``begin`` and ``follow`` a run,
``begin_comparison`` and ``Work.follow`` a grid, make a ``Search`` and ``Search.follow`` it.  ``run``, ``compare`` and
``tune`` are both parts in one call; the command ``den-ref`` takes them one by one, to tell misuse from a bug.
"""

from .disk.owner import owned
from .disk.results import read_results
from .disk.steps import kept_steps, read_step
from .grid.all_cells import begin_comparison, compare
from .grid.cluster import dask_executor
from .grid.grid import Cell, Grid, read_grid
from .grid.grid_display import GridDisplay, GridLines, GridLive
from .grid.processes import Processes
from .one_run.branch import branch, make_branch
from .one_run.checkpoint import begin, learnt, load, origin_of
from .one_run.display import Display, Lines, Live, Stepping
from .one_run.loop import follow, run
from .one_run.plan import Plan, make_plan
from .one_run.presets import changed_options, default_options
from .one_run.run import Run
from .pages.player.html_page import write_player

__all__ = [
    "Cell", "Display", "Grid", "GridDisplay", "GridLines", "GridLive", "Lines", "Live", "Plan", "Processes", "Run",
    "Stepping", "begin", "begin_comparison", "branch", "changed_options", "compare", "dask_executor", "default_options",
    "follow", "kept_steps", "learnt", "load", "make_branch", "make_plan", "origin_of", "owned", "read_grid",
    "read_results", "read_step", "run", "write_player",
]
