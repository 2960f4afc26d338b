"""The doors: what a user hands to a public function is checked once, at its start, in the same words everywhere::

    @door
    def soft_threshold(z: Floats("*z"), threshold: NotNegative("*z"), out: Buffer("*z") = None):

An annotation says what an argument may be.  The door makes it that, or refuses it with a ValueError that names the
argument, what was expected and what came; then it calls the function as it is written.  Loops call that one,
``soft_threshold.inner``, and :func:`inner` finds it for a method as well.  What has no door is no entrance: it is
called by the house, with what a door has checked.

=============================  ======================================================================================
``Floats("n", "n_in")``        real numbers.  float32 and float64 stay what they are, other floats and integers of any
                               width are computed as the nearest of the two (float16: float32, all else: float64)
``Number()``, ``Positive``,    one number, or an array of them of the shape named
``NotNegative("*z")``
``Whole(1)``                   an integer from 1 on
``Labels("n", "n_outputs")``   of the loss that the call names: 0 and 1, or classes; one-hot rows and -1/1 are refused
``Indices()``                  integers >= 0, each once; a mask is not an index
``Buffer("*z")``               an array to write into
``OneOf("a", "b")``            one of these
``Text()``, ``Place()``        a text, a path: not an empty one
a class of ours                an instance of it
=============================  ======================================================================================

A size that is named twice in a call must be the same both times; a name with a star stands for a whole shape.  Masked
entries, NaN and infinity are refused, unless ``finite=False`` says that they come out as they went in.
"""

import difflib
import functools
import inspect
import math
import os
import reprlib
import types
import typing
from collections.abc import Callable, Iterable
from numbers import Integral, Real

import numpy as np

LOSS_NAMES = ("sigmoid", "softmax")


# --- doors -------------------------------------------------------------------------------------------------------


def door(function: Callable, like: Callable | None = None) -> Callable:
    """The function with its arguments checked as its annotations say (those of ``like``, if that is given).

    >>> @door
    ... def half(x: Floats("n")):
    ...     return x / 2
    >>> half([1, 2])
    array([0.5, 1. ])
    >>> half([[1.0]])
    Traceback (most recent call last):
    ValueError: x: expected shape (n,), got shape (1, 1)
    """
    defaults = {name: one.default for name, one in inspect.signature(function).parameters.items()}
    declared = getattr(like, "declared", function)

    @functools.cache
    def kinds():                                                   # at the first call: all names are known by then
        return _kinds(declared)

    @functools.wraps(function)
    def checked(*args, **kwargs):
        given = dict(zip(defaults, args)) | kwargs
        if len(given) < len(args) + len(kwargs):                   # too many, or one twice: Python says so
            return function(*args, **kwargs)
        call = Call(given, defaults)
        for name, kind in kinds().items():
            if name in given and given[name] is not defaults[name]:
                given[name] = kind(name, given[name], call)
        return function(**given)

    checked.inner, checked.declared = function, declared
    return checked


class Call:
    """One call of a door: its arguments, and the sizes that have had a name so far."""

    def __init__(self, given: dict, defaults: dict):
        self.given, self.defaults, self.sizes = given, defaults, {}

    def __getitem__(self, argument: str):
        """An argument by its name, the default if it was not given."""
        return self.given[argument] if argument in self.given else self.defaults[argument]

    def __contains__(self, argument: str) -> bool:
        return argument in self.defaults


def inner(function: Callable) -> Callable:
    """What is behind a door, for loops; a function without a door is what it is."""
    plain, owner = getattr(function, "inner", function), getattr(function, "__self__", None)
    return plain if plain is function or owner is None else types.MethodType(plain, owner)


class Doors:
    """A base class whose doors hold for subclasses too: a method that a subclass defines gets the base's checks."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        for name, method in list(vars(cls).items()):
            above = getattr(super(cls, cls), name, None)
            if inspect.isfunction(method) and not hasattr(method, "inner") and hasattr(above, "inner"):
                setattr(cls, name, door(method, like=above))


def _kinds(function) -> dict[str, Callable]:
    """Argument -> what checks it, by its annotation; what is annotated otherwise is not checked."""
    hints = inspect.get_annotations(function, eval_str=True)
    kinds = {name: _kind(hint) for name, hint in hints.items() if name != "return"}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _kind(hint) -> Callable | None:
    """The kind that an annotation is, or stands for: classes of ours (or None) mean their instances."""
    if isinstance(hint, Kind):
        return hint
    classes = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    names = [c.__module__ for c in classes if isinstance(c, type) and not getattr(c, "_is_protocol", False)]
    ours = [name for name in names if name.startswith(("den_ref.", "numpy.random"))]
    return Instance(*classes) if ours and len(ours) + (types.NoneType in classes) == len(classes) else None


def refusal(name: str, expected: str, got) -> ValueError:
    """The one sentence of all refusals; ``got`` is a text, or the value itself."""
    return ValueError(f"{name}: expected {expected}, got {got if isinstance(got, Came) else came(got)}")


def nearest(word, known: Iterable[str]) -> str | None:
    """The name that was probably meant by a word, or None if none is like it."""
    return next(iter(difflib.get_close_matches(str(word), list(known), 1)), None)


def did_you_mean(word, known: Iterable[str]) -> str:
    """For the end of a refusal: a question, or nothing.

    >>> did_you_mean("taw", ["tau", "mu"]), did_you_mean("seed", ["tau", "mu"])
    (" (did you mean 'tau'?)", '')
    """
    meant = nearest(word, known)
    return f" (did you mean {meant!r}?)" if meant else ""


class Came(str):
    """Words for what came, as they are to be printed."""


def came(value) -> str:
    """What came, in few words: dtype and shape of an array, a shortened repr of anything else."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{value.dtype} of shape {value.shape}"
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    return reprlib.repr(value)


# --- kinds of arguments ------------------------------------------------------------------------------------------


class Kind:
    """What an argument may be.  ``kind(name, value, call)`` is the value as the function wants it, or a ValueError."""

    def __call__(self, name: str, value, call=None):
        raise NotImplementedError(f"{type(self).__name__}.__call__: not defined")


class Floats(Kind):
    """An array of real numbers, as floats; ``finite=False`` lets NaN and infinity in, "nan" NaN alone.

    ``above``: every number is larger; ``low``: no number is smaller.
    """

    def __init__(self, *shape, finite: bool | str = True, above: float | None = None, low: float | None = None):
        self.shape, self.finite, self.above, self.low = shape, finite, above, low

    def __call__(self, name, value, call=None):
        array = as_floats(real_array(name, value))
        check_shape(name, array.shape, self.shape, call)
        check_finite(name, array, self.finite)
        if self.above is not None and not (array > self.above).all():
            raise refusal(name, f"numbers > {self.above:g}", _smallest(array))
        if self.low is not None and not (array >= self.low).all():
            raise refusal(name, f"numbers >= {self.low:g}", _smallest(array))
        return array


class Point(Floats):
    """Where something starts or is looked at: an array of floats already, since what follows keeps its dtype."""

    def __call__(self, name, value, call=None):
        point = real_array(name, value)
        if point.dtype.kind != "f" or not np.isfinite(point).all():
            what = "NaN or infinity" if point.dtype.kind == "f" else came(point)
            raise refusal(name, "an array of finite floats", Came(what))
        return super().__call__(name, point, call)


class Number(Kind):
    """One number, as Python's float, so that results keep the dtype of the arrays.

    With the name of a shape also an array of floats of that shape ("*" alone: any array).
    """

    def __init__(self, *shape, low: float | None = None, above: float | None = None, below: float | None = None,
                 infinite: bool = False):
        self.shape, self.low, self.above, self.below, self.infinite = shape, low, above, below, infinite
        bounds = [f"{sign} {bound:g}" for sign, bound in ((">=", low), (">", above), ("<", below)) if bound is not None]
        self.text = " ".join(["a number", " and ".join(bounds)]).strip()

    def __call__(self, name, value, call=None):
        if self.shape and isinstance(value, list | tuple | np.ndarray) and real_array(name, value).ndim:
            return Floats(*self.shape, low=self.low, above=self.above)(name, value, call)
        number = _one(value)
        if not isinstance(number, Real) or isinstance(number, bool):
            raise refusal(name, self.text, value)
        number = _as_float(number)
        if not ((self.low is None or number >= self.low) and (self.above is None or number > self.above)
                and (self.below is None or number < self.below)):
            raise refusal(name, self.text, value)
        if math.isnan(number) or (math.isinf(number) and not self.infinite):
            raise refusal(name, f"{self.text}, finite", value)
        return number


Positive = functools.partial(Number, above=0)
NotNegative = functools.partial(Number, low=0)


class Whole(Kind):
    """An integer from ``low`` on (to ``high``), as Python's int."""

    def __init__(self, low: int = 0, high: int | None = None):
        self.low, self.high = low, high
        self.text = f"an integer >= {low}" if high is None else f"an integer from {low} to {high}"

    def __call__(self, name, value, call=None):
        number = _one(value)
        fine = isinstance(number, Integral) and not isinstance(number, bool) and number >= self.low
        if not fine or (self.high is not None and number > self.high):
            raise refusal(name, self.text, value)
        return int(number)


class OneOf(Kind):
    """One of the choices, as it is."""

    def __init__(self, *choices):
        self.choices = choices

    def __call__(self, name, value, call=None):
        if not any(type(value) is type(choice) and value == choice for choice in self.choices):
            words = [repr(choice) for choice in self.choices]
            raise refusal(name, " or ".join(words) if len(words) < 3 else "one of " + ", ".join(words), value)
        return value


class Labels(Kind):
    """Labels of n samples, as the loss wants them: of the call's ``loss``, unless it is given here.

    "sigmoid": (n, n_outputs) of 0 and 1.  "softmax": (n,) integers 0..n_outputs-1, of which an array of bytes is made
    one of int64, so that they can be indices.
    """

    def __init__(self, n="n", n_outputs="n_outputs", loss: str | None = None):
        self.n, self.n_outputs, self.loss = n, n_outputs, loss

    def __call__(self, name, value, call=None):
        loss = self.loss or call["loss"]
        OneOf(*LOSS_NAMES)("loss", loss)
        labels = real_array(name, value)
        if loss == "softmax":
            check_shape(name, labels.shape, (self.n,), call, " of classes")
            classes = self.n_outputs if isinstance(self.n_outputs, int) else call and call.sizes.get(self.n_outputs)
            return checked_classes(name, labels, classes)
        check_shape(name, labels.shape, (self.n, self.n_outputs), call, " of 0 and 1")
        return checked_binary(name, labels)


class Binary(Kind):
    """An array of 0 and 1."""

    def __init__(self, *shape):
        self.shape = shape

    def __call__(self, name, value, call=None):
        labels = real_array(name, value)
        check_shape(name, labels.shape, self.shape, call, " of 0 and 1")
        return checked_binary(name, labels)


class Indices(Kind):
    """A 1-D array of integers 0..size-1, each once, as int64; ``size`` may be a name."""

    def __init__(self, size: int | str | None = None):
        self.size = size

    def __call__(self, name, value, call=None):
        size = call.sizes.get(self.size, None) if isinstance(self.size, str) and call else self.size
        expected = "integers >= 0" if size is None else f"integers from 0 to {size - 1}"
        empty = isinstance(value, list | tuple) and not value
        indices = np.zeros(0, np.int64) if empty else real_array(name, value)
        if indices.ndim != 1 or (indices.dtype.kind not in "iu" and indices.size):
            what = "a mask" if indices.dtype == bool else came(indices)
            raise refusal(name, f"a 1-D array of {expected}", Came(what))
        if indices.size and (indices.min() < 0 or (size is not None and indices.max() >= size)):
            raise refusal(name, expected, Came(f"{indices.min()}..{indices.max()}"))
        if len(np.unique(indices)) < len(indices):
            raise refusal(name, "every index once", Came("one of them twice"))
        return indices.astype(np.int64, copy=False)


class Buffer(Kind):
    """A float array of this shape to write into, or what may stand for one that is ``missing``."""

    def __init__(self, *shape, missing: tuple = ()):
        self.shape, self.missing = shape, missing

    def __call__(self, name, value, call=None):
        if any(value is nothing for nothing in self.missing):
            return value
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not value.flags.writeable:
            raise refusal(name, "a writable array of floats", value)
        check_shape(name, value.shape, self.shape, call)
        return value


class Each(Kind):
    """A tuple (or list) with one kind for each of its parts, or one for all of them."""

    def __init__(self, *kinds, all_of: Kind | None = None):
        self.kinds, self.all_of = kinds, all_of

    def __call__(self, name, value, call=None):
        if not isinstance(value, list | tuple) and not (isinstance(value, np.ndarray) and value.ndim):
            raise refusal(name, "a list or tuple", value)
        kinds = self.kinds or (self.all_of,) * len(value)
        if len(kinds) != len(value):
            raise refusal(name, f"{len(kinds)} parts", Came(f"{len(value)}"))
        return tuple(kind(f"{name}[{i}]", part, call) if kind else part
                     for i, (kind, part) in enumerate(zip(kinds, value, strict=True)))


class Instance(Kind):
    """An instance of one of these classes; None where it is one of them."""

    def __init__(self, *classes):
        self.classes = classes

    def __call__(self, name, value, call=None):
        if not isinstance(value, self.classes):
            names = " or ".join("None" if c is types.NoneType else f"a {c.__name__}" for c in self.classes)
            raise refusal(name, names, Came(came(value) if value is None else f"{type(value).__name__} {came(value)}"))
        return value


class Has(Kind):
    """Anything with these methods; "" is anything that can be called."""

    def __init__(self, *methods):
        self.methods = methods

    def __call__(self, name, value, call=None):
        if not all(callable(getattr(value, method, None)) if method else callable(value) for method in self.methods):
            wanted = "a function" if "" in self.methods else f"an object with {', '.join(self.methods)}"
            raise refusal(name, wanted, value)
        return value


class Text(Kind):
    """A text, not an empty one."""

    def __call__(self, name, value, call=None):
        if not isinstance(value, str) or not value:
            raise refusal(name, "a text", value)
        return value


class Place(Kind):
    """A path, of ``what``.  No text is no place: taken for one, it would be the working folder."""

    def __init__(self, what: str = "a path"):
        self.what = what

    def __call__(self, name, value, call=None):
        if not isinstance(value, str | os.PathLike) or not os.fspath(value):
            raise refusal(name, self.what, value)
        return value


class Key(Kind):
    """What a dict can be asked for: hashable."""

    def __call__(self, name, value, call=None):
        try:
            hash(value)
        except TypeError:
            raise refusal(name, "something hashable", value) from None
        return value


# --- parts of checks, for doors that have words of their own -------------------------------------------------------


def real_array(name: str, value) -> np.ndarray:
    """The value as an array of real numbers or booleans, no entry masked; an array of them is returned as it is."""
    if np.ma.isMaskedArray(value) and np.ma.getmaskarray(value).any():
        raise refusal(name, "an array without masked entries", Came(f"{np.ma.getmaskarray(value).sum()} masked"))
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        raise refusal(name, "an array of real numbers", Came("rows of different lengths")) from None
    if array.dtype.kind not in "fiub":
        what = came(value) if array.ndim == 0 else came(array)
        raise refusal(name, "an array of real numbers", Came(what))
    return array


def as_floats(array: np.ndarray) -> np.ndarray:
    """float32 and float64 as they are; float16 as float32; all else as float64."""
    if array.dtype in (np.float32, np.float64):
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    return array.astype(np.float32 if array.dtype == np.float16 else np.float64)


def check_shape(name: str, shape: tuple, wanted: tuple, call=None, what: str = "") -> None:
    """A ValueError unless a shape is (n, n_in, ...), where names stand for sizes that the call knows or learns here."""
    if wanted in ((), ("*",)):
        return
    sizes = call.sizes if call is not None else {}
    starred = str(wanted[-1]).startswith("*")
    fixed = wanted[:-1] if starred else wanted
    fine = len(shape) >= len(fixed) if starred else len(shape) == len(fixed)
    parts = [*shape[:len(fixed)], *([shape[len(fixed):]] if starred else [])]
    known = dict(sizes)
    fine = fine and all(size == known.setdefault(part, size) if isinstance(part, str) else size == part
                        for part, size in zip(wanted, parts))
    if not fine:
        raise refusal(name, f"shape {_in_words(wanted, sizes)}{what}", Came(f"shape {shape}"))
    sizes.update(known)


def _in_words(wanted, sizes) -> str:
    """(n, n_in), with the sizes that are known."""
    parts = [sizes.get(part, part) for part in wanted]
    flat = [p for part in parts for p in (part if isinstance(part, tuple) else (str(part).replace("*", "..."),))]
    return f"({', '.join(map(str, flat))}{',' if len(flat) == 1 else ''})"


def check_finite(name: str, array: np.ndarray, finite: bool | str = True) -> None:
    """A ValueError that counts what is not finite (or infinite, for "nan")."""
    if not finite:
        return
    wrong = ~np.isfinite(array) if finite is True else np.isinf(array)
    if wrong.any():
        first = np.argwhere(wrong)[0].tolist()
        where = f", first at {first[0] if len(first) == 1 else tuple(first)}" if first else ""
        raise refusal(name, "finite numbers", Came(f"{int(wrong.sum())} NaN or infinite{where}"))


def checked_binary(name: str, labels: np.ndarray) -> np.ndarray:
    """Labels that are 0 and 1."""
    if not ((labels == 0) | (labels == 1)).all():
        raise refusal(name, "0 and 1 only", Came(some(labels)))
    return labels if labels.dtype.kind in "iub" else as_floats(labels)


def checked_classes(name: str, labels: np.ndarray, n_classes: int | None = None) -> np.ndarray:
    """Integers 0..n_classes-1, as int64."""
    if labels.dtype.kind not in "iu":
        raise refusal(name, "integers 0..n_classes-1", Came(f"{labels.dtype}: {some(labels)}"))
    if labels.size and (labels.min() < 0 or (n_classes is not None and labels.max() >= n_classes)):
        last = "n_classes-1" if n_classes is None else n_classes - 1
        raise refusal(name, f"classes 0..{last}", Came(f"{labels.min()}..{labels.max()}"))
    return labels.astype(np.int64, copy=False)


def some(labels: np.ndarray) -> str:
    """The first few distinct values of an array."""
    values = np.unique(labels)
    return ", ".join(map(str, values[:5].tolist())) + (", ..." if len(values) > 5 else "" if len(values) else "nothing")


def _one(value):
    """A scalar, also of NumPy or in an array without axes, as Python has it."""
    return value.item() if isinstance(value, np.generic | np.ndarray) and not value.ndim else value


def _as_float(number) -> float:
    try:
        return float(number)
    except OverflowError:                                          # an integer of Python's knows no bound
        return math.inf


def _smallest(array) -> Came:
    return Came(str(array.min()) if array.size else "nothing")
