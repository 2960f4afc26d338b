"""The paper (Yoon et al., ICLR 2018): Algorithm 1 is ``DEN``, its options are ``DENConfig``.

=====================================================  ===================================================
in the paper                                           file
=====================================================  ===================================================
Algorithm 1, one task after the other                  ``algorithm``
Algorithm 2, selective retraining                      ``selective``
Algorithm 3, dynamic expansion                         ``expansion``
Algorithm 4, split and duplication                     ``splitting``
Eq. 2 to 6                                             ``equations``
the letters mu, gamma, lam, tau, sigma, k              ``config``
timestamps: which units a stage sees                   ``network``
units added, removed, duplicated; the split's edges    ``surgery``
cut out, solve, put back                               ``stage``
section 4, the ablations; DEN-Finetune                 ``ablations``; ``finetune``, with ``joint``
(not in the paper) what a stored network must be         ``rules``
Eq. 6 weighted by Fisher information (an option)       ``importance``
(not in the paper) drift since a unit's birth          ``birth``
(not in the paper) what is kept beside a network       ``beside``
(not in the paper) what reports say of each box        ``explained``
(not in the paper) numbers in the boxes' sentences     ``words``
=====================================================  ===================================================
"""

from .algorithm import DEN
from .config import DENConfig

__all__ = ["DEN", "DENConfig"]
