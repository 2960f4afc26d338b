"""What golden cases are written from: an operation's texts, its oracle, its named mistakes and its questions.

A question is asked of the oracle, and of every mistake; ``generate`` writes what they answer as a
:class:`~den_ref.golden.case.Case` of a :class:`~den_ref.golden.case.Vector`.

Values, in memory
    An array (float64, int64, bool), a plain number, a string, or a list of arrays.  A list ``weights`` is called
    ``weights/*`` in the signature and is stored and sent as ``weights/0``, ``weights/1``, ...; an adapter in Python
    gets (and returns) one list.
Tolerance of a field
    See ``den_ref.golden.compare``: ``exact`` (every discrete field, and numbers that any order of summation gives),
    ``f64``, ``sparse`` (``f64`` whose zeros are 0), ``solve`` (the objective value an iterative solver ends with),
    ``bound`` (at most the expected number: a residual).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """One question with its answer: what a case is written from.

    Parameters
    ----------
    name : str
        Slug; the id is "operation/name", stable for ever, never used again for something else.
    about : str
        What the case is there for, in a few words, for a person.
    inputs : dict, or function without arguments that returns one
        A function draws its numbers when the case is first written; later they are read back from the stored file
        and never drawn again (NumPy promises no stream across versions).  A dict must be what is stored.
    oracle : str
        How the expected value is known, in words.
    tolerance : str or dict
        Class of every output, or one for all.
    margin : dict
        Discrete output -> function(**inputs), the distance of the nearest competitor from its threshold.  None: the
        case is a true tie, decided by a convention.
    expected : dict, optional
        The outputs worked out by hand.  The operation's oracle must then agree with them,
    by_hand_only : bool
        unless it does not apply here (a difference quotient on a kink).
    """

    name: str
    about: str
    inputs: Mapping | Callable[[], Mapping]
    oracle: str
    tolerance: str | Mapping[str, str] = "f64"
    margin: Mapping[str, Callable | None] = field(default_factory=dict)
    expected: Mapping | None = None
    by_hand_only: bool = False


@dataclass(frozen=True)
class Mistake:
    """A mistake that implementers make, and what comes out of it.

    Parameters
    ----------
    name : str
        Slug, unique within the operation; the same mistake has the same name in every operation.
    says : str
        One or two sentences for whoever made it: what was done, what is right, where it has been seen.
    outputs : function
        ``outputs(**inputs)`` -> dict of outputs as an implementation with this mistake returns them.  A field may be
        DIFFERS if it has no single wrong value.  Fields left out are right.  A case stores what differs from its
        expected values by far more than the tolerance, and nothing if nothing does.
    """

    name: str
    says: str
    outputs: Callable[..., Mapping]


@dataclass(frozen=True)
class Recipe:
    """What one vectors/NAME.json is made of.

    Parameters
    ----------
    name : str
    equation : str
        The formula in plain text, and where it stands in the paper.
    inputs, outputs : dict
        Name -> type: "float64", "int64", "bool" or "string", arrays as "float64[n,m]" with a letter or * per axis.
    conventions : list of str
        What the formula leaves open: orientation, ties, mean or sum.
    oracle : function
        ``oracle(**inputs)`` -> dict of outputs.  Never the fast path.
    mistakes : list of Mistake
    questions : list of Question
    """

    name: str
    equation: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    conventions: list[str]
    oracle: Callable[..., Mapping]
    mistakes: list[Mistake]
    questions: list[Question]
