"""The mathematics: knows nothing of DEN, of streams, files or the screen.  In the order of reading:

===================  ==================================================================================================
``layers``           affine and ReLU, forward beside backward
``convolution``      the layers of images: convolution, 2 x 2 max pooling, flattening
``losses``           sigmoid and softmax cross-entropy: value and gradient
``flat``             one vector with named views into it: what a solver sees
``stacks``           which rows of a matrix are of one lower unit
``chain``            one walk over a network's layers, up and down
``filters``          options of networks whose lowest layers are convolutions
``mlp``              hidden layers and a head: scores, and the data loss with its gradient
``pools``            tasks on the same samples, which one pass serves
``penalties``        L1, L21, squared L2 with an anchor, group lasso: value, prox, distance to the subdifferential
``problem``          the one sentence: minimise, over the free weights, a smooth loss plus a penalty, from here
``solvers``          ISTA and FISTA, on all samples
``adam``             proximal Adam and SGD, on mini-batches;  ``training``: epochs, step schedule, early stopping
``head``             the convex head problem (Eq. 3): to ``newton`` (sigmoid; ``lasso``: its subproblem) or
                     ``softmax_newton``;
                     ``linear_head``: what both solve for, ``certificate``: how far from optimal it can be
``result``           what every solver returns, and what its status and its residual mean
``fisher``           the Fisher information of every weight
``metrics``          AUROC, accuracy, functions of the matrix R
``checks``           is this gradient, is this prox right?  For tests, and for code of your own
===================  ==================================================================================================
"""

from .checks import check_gradient, check_prox
from .fisher import fisher_diagonal
from .flat import Flat
from .head import solve_head
from .mlp import DataLoss, JointLoss
from .penalties import L1, L21, GroupLasso, Penalty, SparseGroupLasso, SquaredL2, Sum, Zero
from .problem import Part, Problem
from .result import ConvergenceWarning, Result
from .solvers import fista, ista
from .training import Training, train

__all__ = [
    "ConvergenceWarning", "DataLoss", "Flat", "GroupLasso", "JointLoss", "L1", "L21", "Part", "Penalty", "Problem",
    "Result", "SparseGroupLasso", "SquaredL2", "Sum", "Training", "Zero", "check_gradient", "check_prox",
    "fisher_diagonal", "fista", "ista", "solve_head", "train",
]
