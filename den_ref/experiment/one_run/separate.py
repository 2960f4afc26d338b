"""What a method's size is held against: separate networks, one per task learnt, of the shape that the run began with.

A method that grows is worth its growth only if it stays below these; so one yardstick, named wherever it is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .measure import STL_HIDDEN, network_parameters, stl_parameters


@dataclass(frozen=True)
class SeparateNetworks:
    """One network per task.

    >>> networks = SeparateNetworks(784, (128, 64), outputs=(1, 1))
    >>> print(networks, networks.parameters)
    2 separate networks 784-128-64-1 217602
    """

    n_inputs: int
    hidden: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Of all of them, biases included."""
        return sum(network_parameters([self.n_inputs, *self.hidden, n]) for n in self.outputs)

    @property
    def shape(self) -> str:
        ends = "/".join(map(str, dict.fromkeys(self.outputs)))
        return "-".join(map(str, [self.n_inputs, *self.hidden, ends]))

    def __str__(self) -> str:
        return f"{len(self.outputs)} separate network{'s' * (len(self.outputs) != 1)} {self.shape}"


def separate_networks(options: Mapping[str, Any], stream: Mapping[str, Any], totals: Sequence[int]
                      ) -> SeparateNetworks | None:
    """The yardstick of a run on record; None for a method without the option ``hidden``, which begins with no shape.

    None as well where there are filters: what separate networks with filters have is what STL counts of its own.

    Parameters
    ----------
    options, stream : dict
        As the run's identity has them.
    totals : sequence of int
        ``capacity["stl"]`` after each stage.  It counts networks n_inputs-312-128-n_outputs, and is the place on record
        that tells how many outputs a task has: what is above a network without any is 129 for each.
    """
    hidden, n_inputs = options.get("hidden"), stream.get("n_inputs")
    if not isinstance(hidden, list) or options.get("filters") or n_inputs is None:
        return None
    bare, per_output = stl_parameters(n_inputs, 0), STL_HIDDEN[-1] + 1
    grown = [after - before for before, after in zip([0, *totals], totals)]
    return SeparateNetworks(n_inputs, tuple(hidden), tuple((one - bare) // per_output for one in grown))


def size_in_words(allocated: int, networks: SeparateNetworks | None) -> str:
    """
    >>> size_in_words(108801, SeparateNetworks(784, (128, 64), outputs=(1, 1)))
    '108,801 parameters, 50.0% of 2 separate networks 784-128-64-1'
    """
    share = "" if networks is None else f", {allocated / networks.parameters:.1%} of {networks}"
    return f"{allocated:,} parameters{share}"
