"""The second list: 100 wrong implementations, written before any of them was asked of the checker.

Whoever wrote it knew the operations' equations, signatures and conventions, and the right answers; of the cases and
their named mistakes nothing, of the first list what a glance at its head shows: 23 rows on proxes, and the names of the
diagnoses that were read by hand.  One has been mended since: ``outputs_squared_one_by_one`` did not run.

=============== ==================================================
``listing``     the list, and the decorator that puts things on it
``layers``      layers, losses, the whole network
``proxes``      proxes, with a step and in a metric
``solvers``     ISTA, FISTA, Eq. 3
``equations``   Eq. 2-6
``subnetworks`` Algorithm 2, and a task's scores
``surgery``     Algorithm 3
``splitting``   Algorithm 4
``systems``     EWC, Fisher information, DNN-L2, DNN-Progressive
``metrics``     AUROC, the performance matrix
``traces``      whole runs
=============== ==================================================
"""

from . import equations, layers, metrics, proxes, solvers, splitting, subnetworks, surgery, systems, traces
from .listing import SECOND
