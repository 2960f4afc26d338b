"""A DEN that has forgotten what no later stage sees."""

import copy
from dataclasses import replace

import numpy as np

from den_ref.den import DEN
from den_ref.den.birth import Birth
from den_ref.den.surgery import delete_units


def without_retired(den: DEN) -> DEN:
    """The same DEN without its retired units.  It can go on learning, but not answer for earlier tasks any more."""
    network, other = den.network, copy.deepcopy(den)
    gone = [np.flatnonzero(retired <= network.stage) for retired in network.retired]
    birth = delete_units(replace(network, weights=den.birth.weights, biases=den.birth.biases), gone)
    other.network, other.birth = delete_units(network, gone), Birth(birth.weights, birth.biases)
    return other
