"""Running a method on a stream: the loop, the files it leaves, and what it shows."""

from den_ref.experiment.checkpoint import begin, learnt, load
from den_ref.experiment.display import Display, Lines, Live, Stepping
from den_ref.experiment.loop import follow, run
from den_ref.experiment.plan import Plan, make_plan, method_named
from den_ref.experiment.presets import default_options
from den_ref.experiment.results import Run, read_results
from den_ref.experiment.steps import read_step
from den_ref.methods import REGISTRY

__all__ = [
    "Display", "Lines", "Live", "Plan", "REGISTRY", "Run", "Stepping", "begin", "default_options", "follow", "learnt",
    "load", "make_plan", "method_named", "read_results", "read_step", "run",
]
