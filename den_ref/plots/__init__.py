"""Pictures: functions take ``ax`` first and return artists; none computes, none calls ``plt.show``."""

from .results import average_curves, performance_matrix

__all__ = ["average_curves", "performance_matrix"]
