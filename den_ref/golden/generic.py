"""Mistakes that any operation knows: what they would make of an output, computed from what was expected and what came.

A generic mistake *claims* a value for an output, None where it claims nothing.  Where it cannot know the value but can
recognise it (the right entries in another order), the claim is the very answer, or None.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from .compare import PRECISIONS, difference, excesses
from .values import declared

NEVER = 2**31 - 1
#: exp of more is infinite.
OVERFLOWS = 700


def output_of(case, field: str) -> str:
    """The declared output that a field belongs to."""
    return declared(field, case.vector.outputs) or field


@dataclass(frozen=True)
class Output:
    """One output of one case: what came and what should have, and all outputs and expected values around it."""

    name: str
    got: Any
    want: Any
    case: Any
    outputs: Mapping[str, Any]

    def same(self, one, other) -> bool:
        """Are two values the same, up to rounding?"""
        tolerance = self.case.tolerance_of(self.name)
        return difference(self.name, one, other, "f64" if tolerance in ("exact", "sparse") else tolerance) is None

    @property
    def both(self) -> tuple[np.ndarray, np.ndarray]:
        """What came and what should have, as arrays."""
        return np.asarray(self.got), np.asarray(self.want)

    @property
    def numbers(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Both, if they are floats of one shape."""
        got, want = self.both
        return (got, want) if got.shape == want.shape and got.dtype.kind == want.dtype.kind == "f" else None

    @property
    def off(self) -> np.ndarray:
        """Where the entries of the two are not the same; they have one shape."""
        return excesses(self.got, self.want, *PRECISIONS["f64"]["f64"]) > 0

    def others(self) -> list[str]:
        """The other outputs that came and were expected."""
        return [name for name in self.case.expected if name != self.name and name in self.outputs]


@dataclass(frozen=True)
class Generic:
    """A name, a sentence, and what it makes of an output.

    It must agree with more than ``enough`` of the cases, and tells nothing if no answer has so many wrong ``entries``.
    """

    name: str
    says: str
    claim: Callable[[Output], Any]
    entries: int = 0
    enough: float = 1 - 1e-9


# --- recognised --------------------------------------------------------------------------------------------------


def if_it(holds: Callable[[Output], bool]) -> Callable[[Output], Any]:
    """A claim that recognises its mistake."""
    return lambda a: a.got if holds(a) else None


def _nearly(a: Output) -> bool:
    """Off by no more than single precision would be."""
    return a.numbers is not None and not (excesses(*a.both, *PRECISIONS["f64"]["f32"]) > 0).any()


def _single(a: Output) -> bool:
    """Nearly right, and every entry is a number of single precision."""
    return _nearly(a) and np.array_equal(a.both[0].astype(np.float32), a.both[0], equal_nan=True)


def _not_finite(a: Output) -> bool:
    """All that is wrong is NaN or infinite, and should not be."""
    if a.numbers is None or not a.off.any():
        return False
    got, want = a.both
    return bool((~np.isfinite(got[a.off]) & np.isfinite(want[a.off])).all())


def _inputs(a: Output, holds: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Does something hold of any float among the inputs?"""
    arrays = map(np.asarray, a.case.inputs.values())
    return any(holds(array).any() for array in arrays if array.dtype.kind == "f")


def _axes_moved(a: Output) -> bool:
    """Images or filters, all of whose axes are there."""
    got, want = a.both
    return got.ndim == want.ndim == 4 and any(a.same(got, want.transpose(order)) for order in permutations(range(4)))


def _reordered(a: Output) -> bool:
    got, want = a.both
    return want.size > 1 and got.shape == want.shape and a.same(np.sort(got, None), np.sort(want, None))


def _repeated(a: Output) -> bool:
    got, want = a.both
    more = want.dtype.kind == "i" and got.ndim == want.ndim == 1 and len(got) > len(want)
    return more and a.same(np.unique(got), np.unique(want))


def _mask(a: Output) -> bool:
    """A truth value per unit, where the units' numbers were asked; or the reverse."""
    got, want = a.both
    if got.ndim != want.ndim or got.ndim != 1:
        return False
    is_mask = want.dtype.kind == "i" and np.isin(got, [0, 1]).all() and np.array_equal(np.flatnonzero(got), want)
    is_list = want.dtype.kind == "b" and got.dtype.kind == "i" and np.array_equal(np.flatnonzero(want), got)
    return len(got) > 0 and (is_mask and got.dtype.kind == "b" or is_mask and len(got) > len(want) or is_list)


def _swapped(a: Output) -> bool:
    return any(a.same(a.got, a.case.expected[b]) and a.same(a.outputs[b], a.want) for b in a.others())


def _shared(a: Output) -> bool:
    """The answer is that of another output, which is right; of a few numbers this would be no news."""
    shared = [b for b in a.others() if a.same(a.got, a.case.expected[b]) and a.same(a.outputs[b], a.got)]
    return bool(shared) and (np.ndim(a.got) > 1 or np.size(a.got) > 2)


def _unchanged(a: Output) -> bool:
    return any(a.same(a.got, given) for given in a.case.inputs.values())


def _columns_scaled(a: Output) -> bool:
    """Where a column that groups shrink should not be 0, it is a multiple of what it should be."""
    got, want = a.both
    several = got.ndim == 2 and (np.count_nonzero(want, axis=0) > 1).any()     # a number is a multiple of any other
    if a.numbers is None or not several or "gamma" not in a.case.inputs:
        return False
    size = (want**2).sum(axis=0)
    scaled = want * np.divide((got * want).sum(axis=0), size, out=np.zeros_like(size), where=size > 0)
    return a.same(np.where(size > 0, got, 0.0), scaled)


# --- computed ----------------------------------------------------------------------------------------------------


def floats(change: Callable[[Any], Any]) -> Callable[[Output], Any]:
    """A claim about floats: a change of every expected entry."""
    return lambda a: change(a.want) if np.asarray(a.want).dtype.kind == "f" else None


def shifted(by: int) -> Callable[[Output], Any]:
    """A claim about integers: all a few too large, but for "never"."""
    def claim(a: Output):
        want = np.asarray(a.want)
        return np.where(want == NEVER, want, want + by)[()] if want.dtype.kind == "i" else None
    return claim


def _sum_of_two(a: Output):
    """Another number was added, the only other one that is expected."""
    numbers = [name for name in a.others() if isinstance(a.case.expected[name], float)]
    return a.want + a.case.expected[numbers[0]] if isinstance(a.want, float) and len(numbers) == 1 else None


def _size_in_threshold(a: Output):
    """The columns shrunk by sqrt(rows) * threshold: those that should not be 0 had a norm of theirs + threshold."""
    given = a.case.inputs
    if "gamma" not in given or "d" in given or np.ndim(a.want) != 2 or np.asarray(a.want).dtype.kind != "f":
        return None
    length = np.sqrt((a.want**2).sum(axis=0))
    left = np.maximum(length - (np.sqrt(len(a.want)) - 1) * given["gamma"] * given.get("step", 1.0), 0)
    return a.want * np.divide(left, length, out=np.zeros_like(length), where=length > 0)


TABLE = (
    Generic("sign", "The sign is the opposite one.", floats(lambda want: -want)),
    Generic("transposed", "This is the transpose of the right answer.",
            lambda a: np.swapaxes(a.want, -1, -2) if np.ndim(a.want) > 1 else None),
    Generic("axes-moved", "The entries are right, the axes in another order: images are (n, height, width, channels) "
            "and filters (size, size, channels, filters) here.", if_it(_axes_moved)),
    Generic("one-too-large", "Every entry is one too large: units count from 0, stages from 1.", shifted(1)),
    Generic("one-too-small", "Every entry is one too small: units count from 0, stages from 1.", shifted(-1)),
    Generic("absolute-value", "Every entry has lost its sign.", floats(np.abs)),
    Generic("squared", "Every entry is the square of the right one: a root is missing.", floats(np.square)),
    Generic("square-root", "Every entry is the root of the right one.", floats(np.sqrt)),
    Generic("penalty-in-the-value", "The other number is contained in this one: loss and penalty are two outputs.",
            _sum_of_two),
    Generic("swapped-outputs", "Two outputs have changed places.", if_it(_swapped)),
    Generic("single-precision", "It was computed in single precision: use doubles, or check with --precision f32.",
            if_it(_single), 1, 0.5),
    Generic("nearly-right", "It is right to single precision only: a part is computed in float32 (then --precision f32 "
            "is for you), or a small number was added to a denominator or a logarithm.", if_it(_nearly), 1, 0.5),
    Generic("exp-overflows", "NaN or infinity where an input is large: exp of it overflows, so subtract the largest "
            "first.", if_it(lambda a: _inputs(a, lambda x: np.abs(x) > OVERFLOWS) and _not_finite(a))),
    Generic("nan-read", "NaN has come in with the inputs: an entry was read that is not there yet.",
            if_it(lambda a: _inputs(a, np.isnan) and _not_finite(a))),
    Generic("not-finite", "NaN or infinity instead of a number: 0 / 0, or the logarithm of 0.", if_it(_not_finite)),
    Generic("other-shape", "The entries are right, in another shape: flattened, or an axis of length 1 too many or too "
            "few.", if_it(lambda a: np.shape(a.got) != np.shape(a.want) and a.same(np.ravel(a.got), np.ravel(a.want)))),
    Generic("mask-for-indices", "One of the two is a list of indices, the other a truth value per unit.", if_it(_mask)),
    Generic("other-dtype", "The values are right, their dtype is of another kind.",
            if_it(lambda a: not isinstance(a.want, str) and np.array_equal(*a.both))),
    Generic("other-order", "The entries are right, in another order.", if_it(_reordered)),
    Generic("repeated", "Entries come more than once.", if_it(_repeated)),
    Generic("group-size", "The threshold of a group is multiplied by the root of its size; here all groups count "
            "alike.", _size_in_threshold),
    Generic("columns-scaled", "Every column is the right one times a number of its own: the norm of a group or its "
            "threshold is another one (the bias in it? its size?).", if_it(_columns_scaled), 4),
    Generic("all-zero", "Everything is 0.", floats(np.zeros_like)),
    Generic("input-unchanged", "An input came back as it was.", if_it(_unchanged), 2),
    Generic("one-array-twice", "This is the array of another output: assigned, not copied.", if_it(_shared)),
)


def known_anywhere(answers: Sequence, outputs: Sequence[str]) -> list[Generic]:
    """What can be said of some outputs: factors and penalties, then the table."""
    failed = [(one, d) for one in answers for d in one.differences if output_of(one.case, d.field) in outputs]
    most = max(d.off for _, d in failed)
    return [*_factors(answers, *max(failed, key=lambda pair: pair[1].off)), *_penalties(answers[0].case),
            *(one for one in TABLE if most >= one.entries)]


def _factors(answers: Sequence, one, worst) -> Iterator[Generic]:
    """Products with what the inputs have (a size, a step), if it is not always the same, or with a constant."""
    numbers = {one.case.id: counts(one.case) for one in answers}
    values: dict[str, set[float]] = {}
    for failed in (one for one in answers if one.differences):
        for symbol, value in numbers[failed.case.id].items():
            values.setdefault(symbol, set()).add(value)
    for symbol in [symbol for symbol, found in values.items() if len(found - {0.0, 1.0}) > 1]:
        for name, power in (("times", 1), ("divided-by", -1)):
            yield Generic(f"{name}-{symbol}", f"Every entry is {symbol} times too {'large' if power > 0 else 'small'}.",
                          _product(symbol, numbers, power))
    if worst.what == "value" and np.asarray(one.case.expected[worst.field]).dtype.kind == "f":
        got, want = (np.ravel(values[worst.field]) for values in (one.outputs, one.case.expected))
        largest = np.abs(want).argmax()
        together = sum(d.off for failed in answers for d in failed.differences if d.field == worst.field)
        yield from _constants(float(got[largest]), float(want[largest]), together)


def _constants(got: float, want: float, entries: int) -> Iterator[Generic]:
    """A factor or a summand, which more than two entries together must bear out; of fewer only 2 is believed."""
    factor = got / want if want else 0.0
    if not factor or not math.isfinite(factor) or factor == -1:
        return
    name, n = ("times", factor) if abs(factor) > 1 else ("divided-by", 1 / factor)
    if entries > 2 or abs(n - 2) < 1e-9:
        says = f"Every entry is {n:.4g} times too {'large' if name == 'times' else 'small'}."
        yield Generic(f"{name}-{n:.4g}", says, floats(lambda x: x * factor))
    if entries > 2:
        says = f"{got - want:.4g} is added to every entry."
        yield Generic("constant-added", says, floats(lambda x: x + (got - want)))


def _product(symbol: str, numbers: Mapping[str, Mapping[str, float]], power: int) -> Callable[[Output], Any]:
    def claim(a: Output):
        factor = numbers[a.case.id].get(symbol, 0)
        return floats(lambda want: want * factor**power)(a) if factor else None
    return claim


#: Gradients of penalties, by the weights.
SLOPES = (np.sign, lambda w: w, lambda w: 2 * w, lambda w: w / np.maximum(np.sqrt((w**2).sum(axis=0)), 1e-300))


def _penalties(case) -> Iterator[Generic]:
    """A penalty's gradient, at the strength that some input gives, in the gradient of the smooth part."""
    for name in (name for name, value in case.inputs.items() if isinstance(value, float)):
        for slope in SLOPES:
            yield Generic("penalty-in-the-gradient", f"What is too much is the gradient of {name} times a penalty: the "
                          "smooth part has none of it.", _with_penalty(name, slope))


def _with_penalty(strength: str, slope: Callable) -> Callable[[Output], Any]:
    def claim(a: Output):
        stem = re.sub(r"^d(?=\w)", "", a.name)
        weights = a.case.inputs.get("w" if stem == "gradient" else stem)
        if stem == a.name or a.numbers is None or np.shape(weights) != np.shape(a.want):
            return None
        return np.where(a.off, a.want + a.case.inputs.get(strength, 0.0) * slope(weights), a.want)
    return claim


def counts(case) -> dict[str, float]:
    """Numbers that a formula may multiply or divide by: ``x.shape[0]``, ``x.size``, ``len(weights)``, ``step``."""
    found: dict[str, float] = {}
    for name, value in case.inputs.items():
        label = re.sub(r"/(\d+)", r"[\1]", name)
        top = name.partition("/")[0]
        if isinstance(value, np.ndarray):
            found |= {f"{label}.shape[{axis}]": float(n) for axis, n in enumerate(value.shape)}
            found[f"{label}.size"] = float(value.size)
        elif isinstance(value, (int, float)):
            found[label] = float(value)
        if top != name:
            found[f"len({top})"] = found.get(f"len({top})", 0.0) + 1
    return found
