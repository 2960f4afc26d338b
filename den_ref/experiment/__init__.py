"""Running a method on a stream: the loop, the files it leaves, and what it shows."""

from den_ref.experiment.checkpoint import begin, learnt, load
from den_ref.experiment.cluster import dask_executor
from den_ref.experiment.comparison import begin_comparison, compare
from den_ref.experiment.display import Display, Lines, Live, Stepping
from den_ref.experiment.grid import Cell, Grid, read_grid
from den_ref.experiment.grid_display import GridDisplay, GridLines, GridLive
from den_ref.experiment.loop import follow, run
from den_ref.experiment.plan import Plan, make_plan, method_named
from den_ref.experiment.player import write_player
from den_ref.experiment.presets import changed_options, default_options
from den_ref.experiment.processes import Processes
from den_ref.experiment.results import Run, read_results
from den_ref.experiment.steps import kept_steps, read_step
from den_ref.methods import REGISTRY

__all__ = [
    "Cell", "Display", "Grid", "GridDisplay", "GridLines", "GridLive", "Lines", "Live", "Plan", "Processes",
    "REGISTRY", "Run", "Stepping", "begin", "begin_comparison", "changed_options", "compare", "dask_executor",
    "default_options", "follow", "kept_steps", "learnt", "load", "make_plan", "method_named", "read_grid",
    "read_results", "read_step", "run", "write_player",
]
