"""Is an output right?  Names, then shape, then kind of dtype, then every entry.

An entry is right if ``got == want``, if both are NaN, or if

    abs(got - want) <= atol + rtol * abs(want)        (both finite)

so that a NaN nobody asked for is never right, and an infinity only where it is expected.

=======  =======  =========================  ==================================================================
class    rtol     atol                       for
=======  =======  =========================  ==================================================================
exact    0        0                          what any order of summation gives: counts, choices, small dyadic numbers
f64      1e-10    1e-12 * max(abs(want))     double precision; f32 instead with ``precision="f32"``
sparse   1e-10    1e-12 * max(abs(want))     f64, but 0 where 0 is expected: what L1 shrinks to 0 is not merely small
f32      1e-4     1e-6 * max(abs(want))      single precision
solve    1e-6     1e-8 * max(abs(want))      what an iterative solver ends with: an objective value, a trained net
=======  =======  =========================  ==================================================================

One more class, ``bound``, is for residuals: right is every number from 0 to the expected one.  ``precision="f32"``
reads f64 and sparse as f32 (what is 0 stays 0), solve as rtol 3e-3 and atol 1e-5 * max(abs(want)), and a bound below
1e-3 as 1e-3: solvers in single precision do no better.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Class -> (rtol, atol as a multiple of the largest entry).
TOLERANCES = {"exact": (0.0, 0.0), "f64": (1e-10, 1e-12), "sparse": (1e-10, 1e-12), "f32": (1e-4, 1e-6),
              "solve": (1e-6, 1e-8)}
CLASSES = (*TOLERANCES, "bound")
PRECISIONS = {"f64": TOLERANCES, "f32": TOLERANCES | {"f64": TOLERANCES["f32"], "sparse": TOLERANCES["f32"],
                                                      "solve": (3e-3, 1e-5)}}
#: A residual's bound is at least this.
LEAST_BOUND = {"f64": 0.0, "f32": 1e-3}

_KINDS = {"f": "float", "i": "integer", "u": "integer", "b": "bool", "U": "word"}


@dataclass(frozen=True)
class Difference:
    """What is wrong with one output.

    Parameters
    ----------
    field : str
        Name of the output.
    what : {"missing", "unexpected", "shape", "dtype", "value"}
    got, want : any
        The shapes, the kinds, or the values of the worst entry.
    index : tuple of int
        Where the worst entry stands; () for a number.
    off, size : int
        How many entries are wrong, out of how many.
    tolerance : str
        Class of comparison.
    """

    field: str
    what: str
    got: Any = None
    want: Any = None
    index: tuple[int, ...] = ()
    off: int = 0
    size: int = 0
    tolerance: str = ""

    def __str__(self) -> str:
        if self.what in ("missing", "unexpected"):
            return f"{self.field}: this output is {self.what}"
        if self.what != "value":
            return f"{self.field}: expected {self.what} {self.want}, got {self.got}"
        where = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        many = f"{self.off} of {self.size} entries off, the worst is {self.field}{where}" if self.size > 1 else where
        want = ("at most " if self.tolerance == "bound" else "") + _shown(self.want)
        return f"{self.field}: {many + ': ' if many else ''}got {_shown(self.got)}, want {want}{self._distance()}"

    def _distance(self) -> str:
        """How far off it is in two digits, where that says something."""
        if not isinstance(self.want, (int, float)) or isinstance(self.want, bool) or self.tolerance == "bound":
            return ""
        distance = abs(self.got - self.want)
        return f", off by {distance:.2g}" if np.isfinite(distance) else ""


def differences(case, outputs: Mapping[str, Any], precision: str = "f64") -> list[Difference]:
    """Everything that is wrong with a case's outputs, in the order in which they are expected; [] if all is right."""
    found = [Difference(name, "missing") if name not in outputs
             else difference(name, outputs[name], want, case.tolerance_of(name), precision)
             for name, want in case.expected.items()]
    surplus = [Difference(name, "unexpected") for name in outputs if name not in case.expected]
    return [one for one in found if one is not None] + surplus


def difference(field: str, got, want, tolerance: str, precision: str = "f64") -> Difference | None:
    """What is wrong with one output, or None."""
    if np.shape(got) != np.shape(want):
        return Difference(field, "shape", np.shape(got), np.shape(want), tolerance=tolerance)
    if not alike(got, want):
        return Difference(field, "dtype", _kind(got), _kind(want), tolerance=tolerance)
    if tolerance == "bound":
        excess = above(got, np.maximum(want, LEAST_BOUND[precision]))
    else:
        excess = excesses(got, want, *PRECISIONS[precision][tolerance])
    if tolerance == "sparse":
        excess = np.where((np.asarray(want) == 0) & (np.asarray(got) != 0), np.inf, excess)
    if not (excess > 0).any():
        return None
    worst = np.unravel_index(excess.argmax(), excess.shape)
    return Difference(field, "value", np.asarray(got)[worst].item(), np.asarray(want)[worst].item(),
                      tuple(map(int, worst)), int((excess > 0).sum()), excess.size, tolerance)


def alike(got, want) -> bool:
    """Are the dtypes of one kind?  Nothing is asked of empty arrays, and a plain 3 may stand for 3.0."""
    whole = isinstance(got, int) and not isinstance(got, bool)
    return np.size(want) == 0 or _kind(got) == _kind(want) or (whole and _kind(want) == "float")


def excesses(got, want, rtol: float, atol: float) -> np.ndarray:
    """By how much every entry is further off than it may be: 0 where it is right, infinity where that has no number."""
    got, want = np.asarray(got), np.asarray(want)
    right = got == want
    if want.dtype.kind != "f":
        return np.where(right, 0.0, np.inf)
    got, finite = got.astype(np.float64), np.isfinite(want)
    scale = np.abs(want[finite]).max(initial=0)
    with np.errstate(invalid="ignore", over="ignore"):
        beyond = np.abs(got - want) - (atol * scale + rtol * np.abs(want))
    # Positively: what is not known to be right is wrong.  Between infinities and NaN, only equality counts.
    right |= (np.isnan(got) & np.isnan(want)) | (finite & (beyond <= 0))
    return np.where(right, 0.0, np.where(np.isnan(beyond) | ~finite, np.inf, beyond))


def above(got, bound) -> np.ndarray:
    """By how much every entry leaves [0, bound]; infinity where it is no number."""
    got = np.asarray(got, np.float64)
    beyond = np.maximum(got - bound, -got)
    return np.where((0 <= got) & (got <= bound), 0.0, np.where(np.isnan(beyond), np.inf, beyond))


def _kind(value) -> str:
    dtype = np.asarray(value).dtype
    return _KINDS.get(dtype.kind, str(dtype))


def _shown(value) -> str:
    return repr(value) if isinstance(value, str) else f"{value:.17g}" if isinstance(value, float) else str(value)
