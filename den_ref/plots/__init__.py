"""Pictures: functions take ``ax`` first and return artists; none computes, none calls ``plt.show``.

``show(step)`` makes a figure of a step of any method, from the pictures that suit its box.
"""

from .beside import bars_before, costs_before, curves_before, sizes_before
from .comparison import curves, relative_axis, scores_against_cost, sweep
from .expansion import group_norms, loss_against_tau, shares
from .filters import filters, looked_at, maps, selected_filters
from .growth import costs_per_unit, readers, units_by_task
from .idea import idea
from .matrices import Segment, confusion_matrix, head_weights, unit_changes, weight_matrix
from .network import network_graph
from .scores import performance_matrix
from .show import Picture, show
from .shrinkage import norm_ball, prox_graph, shrunk_weights, touched_ball, zeros_against_strength
from .solving import convergence, residuals, training
from .splitting import drift
from .stages import before_and_after, forgetting_curves, widths_by_stage
from .style import PLAIN, Style
from .timestamps import timestamps

__all__ = [
    "PLAIN", "Picture", "Segment", "Style", "bars_before", "before_and_after", "confusion_matrix", "convergence",
    "costs_before", "costs_per_unit", "curves", "curves_before", "drift", "filters", "forgetting_curves",
    "group_norms", "head_weights", "idea", "looked_at", "loss_against_tau", "maps", "network_graph",
    "norm_ball", "performance_matrix", "prox_graph", "readers", "relative_axis", "residuals", "scores_against_cost",
    "selected_filters", "shares", "show", "shrunk_weights", "sizes_before", "sweep", "timestamps", "touched_ball",
    "training", "unit_changes", "units_by_task", "weight_matrix", "widths_by_stage", "zeros_against_strength",
]
