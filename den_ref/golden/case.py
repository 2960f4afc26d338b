"""What a golden case is, and the operation it belongs to."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from .answers import AdapterError, outputs_of
from .judge import diagnosed, judge
from .say import explain
from .values import declared, gather


@dataclass(frozen=True)
class Vector:
    """An operation: what it computes, what goes in and comes out, and the cases that pin it.

    Parameters
    ----------
    operation : str
        Its name, that of the function in an adapter.
    equation : str
        The formula, and where it stands in the paper.
    inputs, outputs : dict
        Name -> type, in the order of the arguments and results: ``float64[*,*]`` is a matrix, ``float64`` a number,
        ``weights/*`` names a list, and a type that ends in "?" belongs to something that may be left out.
    conventions : tuple of str
        What implementations disagree about, and how it is decided here.
    mistakes : dict
        Name -> what somebody did who gets the answers stored under this name.
    cases : tuple of Case
    """

    operation: str
    equation: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    conventions: tuple[str, ...]
    mistakes: dict[str, str]
    cases: tuple[Case, ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False)
class Case:
    """One question with its answer.  ``str(case)`` is its id, which never changes.

    Parameters
    ----------
    vector : Vector
        The operation it belongs to.
    id : str
        "operation/slug".
    about : str
        What the case is there for.
    inputs, expected : dict
        Flat name -> number, word or array.
    tolerance : dict
        Output (or a declared list of outputs) -> class of comparison.
    oracle : str
        How the expected answer is known without den_ref's own fast path.
    wrong : dict
        Mistake -> output -> the value it leads to, or "differs".
    margin : any
        For discrete outputs: how far the nearest competitor is from its threshold.
    """

    vector: Vector = field(repr=False)
    id: str
    about: str
    inputs: dict[str, Any] = field(repr=False)
    expected: dict[str, Any] = field(repr=False)
    tolerance: dict[str, str] = field(repr=False)
    oracle: str = field(repr=False)
    wrong: dict[str, dict[str, Any]] = field(repr=False)
    margin: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.id

    @property
    def operation(self) -> str:
        """The name of the operation."""
        return self.vector.operation

    def arguments(self) -> dict[str, Any]:
        """The inputs as keyword arguments: lists gathered, every array a fresh copy that may be written to."""
        return gather(copy.deepcopy(self.inputs), self.vector.inputs)

    def tolerance_of(self, name: str) -> str:
        """The class of comparison of an output."""
        return self.tolerance[declared(name, self.tolerance)]

    def check(self, answer, precision: str = "f64") -> None:
        """Compare an answer, as a test of yours would: silent if right.

        Parameters
        ----------
        answer : dict, tuple or array
            What an adapter's function returns.
        precision : {"f64", "f32"}

        Raises
        ------
        AssertionError
            With the worst element and the diagnosis, if the answer is wrong or is no answer.
        """
        try:
            result, = diagnosed([judge(self, outputs_of(answer, self.vector.outputs), precision)], precision)
        except AdapterError as error:
            raise AssertionError(f"{self.id}: {error}") from None
        if result.verdict != "pass":
            raise AssertionError(explain(result))
