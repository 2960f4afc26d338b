"""Wrong implementations of golden operations, as people would write them, and right ones that look different.

What the golden values and the checker are worth: how many of the wrong ones are caught, of how many the first
diagnosis says what was got wrong, and of how many it says something else; and whether every right variant passes.

    python -m tests.wrong_implementations            writes verdicts.md beside this file

================= ================================================================================
``listing``       how one is put on the list
``layers``        layers, losses, the whole network
``proxes``        proxes, with a step and in a metric
``solvers``       ISTA, FISTA, Eq. 3
``equations``     Eq. 2-6
``subnetworks``   Algorithm 2, and a task's scores
``surgery``       Algorithm 3
``splitting``     Algorithm 4
``paper_options`` L1 in Eq. 4, Fisher information in Eq. 6
``systems``       EWC, Fisher information, DNN-L2, DNN-Progressive
``metrics``       AUROC, the performance matrix
``traces``        whole runs
``right``         right variants, all to be accepted
``verdicts``      asking the checker, counting, writing
``read_by_hand``  diagnoses in words that the list had not foreseen
``second_list``   a hundred more, by somebody else
================= ================================================================================

The list was written, and committed, by somebody who had seen the texts and mistakes of the golden files of that day but
none of the cases, mistakes and diagnoses that came later.  ``blind.md`` is the verdict on the first run against those,
before anything was mended; it does not change any more.  ``blind_second.md`` is the same of the second list.  An
implementation is not altered to get caught.
"""

from . import equations, layers, metrics, paper_options, proxes, solvers, splitting, subnetworks, surgery, systems
from . import traces
from .listing import LIST, Wrong
from .right import RIGHT
