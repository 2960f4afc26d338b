"""What users hand to functions by mistake, made from a good argument; and what may come of it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np

#: How far a result may be from the one in float64, by the dtype of an argument.
CLOSE = {"f2": 3e-2, "f4": 1e-4}


class Malformed:
    """A value in the place of an argument: ``exact`` is the same in float64, or None if there is no right value."""

    def __init__(self, what, value, exact=None, rtol=1e-9):
        self.what, self.value, self.exact, self.rtol = what, value, exact, rtol


def variants(good):
    """Malformed values of the kind of a good one."""
    if isinstance(good, np.ndarray):
        return [*arrays(good), *strangers(good)]
    if isinstance(good, (list, tuple)) and good and all(isinstance(part, np.ndarray) for part in good):
        return [*parts(good), *strangers(good)]
    if isinstance(good, (bool, str)) or callable(good) or not isinstance(good, (int, float)):
        return strangers(good)
    return [*numbers(good), *strangers(good)]


def strangers(good):
    """Things of another kind altogether."""
    things = {"None": None, "text": "text", "object": object(), "dict": {"a": 1}, "complex": 1 + 2j, "set": {1}}
    return [Malformed(what, thing) for what, thing in things.items()
            if not (what == "dict" and isinstance(good, dict))]


def arrays(good):
    """Other dtypes with the same values; other shapes; entries that are no numbers."""
    if good.dtype.kind == "f":
        for dtype in ("i1", "u1", "i8", "u8", "f2", "f4", ">f8", "g", "?"):
            with np.errstate(all="ignore"):
                cast = np.abs(good).round().astype(dtype) if dtype[-2:] in ("u1", "u8", "?") else good.astype(dtype)
            yield Malformed(dtype, cast, cast.astype(np.float64), CLOSE.get(dtype, 1e-9))
        yield Malformed("list", good.tolist(), good.astype(np.float64))
    else:
        for dtype in ("u1", "u8", ">i4"):
            yield Malformed(dtype, good.astype(dtype), good)
        yield Malformed("list", good.tolist(), good)
        yield Malformed("as floats", good + 0.5)
        yield Malformed("negative", good - good.max(initial=0) - 1)
        yield Malformed("past the end", good + 1000)
        if good.ndim == 1:
            yield Malformed("one-hot", np.eye(int(good.max(initial=0)) + 2)[good])
            yield Malformed("a column", good[:, None])
    for name, bad in (("nan", np.nan), ("inf", np.inf), ("-inf", -np.inf)):
        if good.size:
            holed = good.astype(np.float64)
            holed.flat[0] = bad
            yield Malformed(name, holed, "not finite")
            yield Malformed(name + " in float32", holed.astype(np.float32), "not finite")
            yield Malformed("masked " + name, np.ma.masked_invalid(holed))
    if good.size:
        yield Malformed("masked", np.ma.masked_array(good, mask=np.arange(good.size).reshape(good.shape) == 0))
    yield Malformed("text array", good.astype(str))
    yield Malformed("object array", np.full(good.shape, None))
    yield Malformed("complex array", good.astype(complex))
    yield Malformed("dates", good.astype("M8[s]") if good.dtype.kind != "f" else np.full(good.shape, "2020", "M8[D]"))
    yield Malformed("ragged", [[1.0, 2.0], [3.0]])
    yield Malformed("one axis more", good[None], "shape")
    if good.ndim:
        yield Malformed("raveled", good.ravel() if good.ndim > 1 else good[0], "shape")
        yield Malformed("one row less", good[:-1], "shape")
        yield Malformed("one row more", np.concatenate([good, good[:1]]), "shape")
        yield Malformed("no rows", good[:0], "shape")
    if good.ndim > 1 and not np.array_equal(good, good.T):
        yield Malformed("one column less", good[:, :-1], "shape")
        yield Malformed("transposed", np.ascontiguousarray(good.T), "shape" if good.shape != good.T.shape else None)


def parts(good):
    """Lists of arrays: one too few, one too many, and a malformed first one."""
    kind = type(good)
    yield Malformed("one less", kind(good[:-1]))
    yield Malformed("one more", kind([*good, good[-1]]))
    for one in [*arrays(good[0]), *strangers(good[0])]:
        exact = one.exact if one.exact is None or isinstance(one.exact, str) else kind([one.exact, *good[1:]])
        yield Malformed("first: " + one.what, kind([one.value, *good[1:]]), exact, one.rtol)


def numbers(good):
    """Numbers of other types, out of range, or none."""
    for dtype in ("f4", "f8", "g", "f2"):
        number = np.array(good, dtype)[()]
        whole = isinstance(good, int)
        yield Malformed("NumPy " + dtype, number, None if whole else float(number), CLOSE.get(dtype, 1e-9))
        yield Malformed("0-d " + dtype, np.array(good, dtype), None if whole else float(number), CLOSE.get(dtype, 1e-9))
    if isinstance(good, int):
        yield Malformed("NumPy int", np.int16(good), good)
    for bad in (np.nan, np.inf, -np.inf, -1, -0.5, -1e300, *([] if isinstance(good, int) else [10**400])):
        yield Malformed(repr(bad)[:20], bad, "not finite" if not bad == bad or abs(bad) == np.inf else None)
    yield Malformed("array of two", np.array([good, good]))


def outcome(call, inside, arguments, name, malformed):
    """"right", "refused", "unclear: ..." or "silent: ..." of one call; ``inside`` is what is behind the door."""
    given = {**arguments, name: malformed.value}
    try:
        with np.errstate(all="ignore"):
            result = call(**given)
    except Exception as error:
        text = str(error)
        names = arguments if isinstance(malformed.exact, str) and malformed.exact == "shape" else [name]        # of two that differ either may be named
        clear = any(given in text for given in names) and "expected" in text and "got" in text
        return "refused" if clear else f"unclear: {type(error).__name__}: {text[:150]}"
    if malformed.exact is None:
        return f"silent: {str(result)[:80]}"
    if isinstance(malformed.exact, str) and malformed.exact == "shape":
        return f"silent: {str(result)[:80]}"
    if isinstance(malformed.exact, str):
        return "right" if not all(np.isfinite(a).all() for a in in_arrays(result)) else f"silent: {str(result)[:80]}"
    try:
        with np.errstate(all="ignore"):
            exact = inside(**{**arguments, name: malformed.exact})
    except Exception as error:
        return f"silent: no right value ({error})"[:150]
    same = len(in_arrays(result)) == len(in_arrays(exact)) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=malformed.rtol, atol=malformed.rtol, equal_nan=True)
        for a, b in zip(in_arrays(result), in_arrays(exact)))
    return "right" if same else f"silent: {str(result)[:80]}, not {str(exact)[:80]}"


def in_arrays(result) -> list:
    """All numbers of a result, as float64 arrays."""
    if result is None or isinstance(result, (str, bytes)) or callable(result):
        return []
    if isinstance(result, (int, float, np.generic, np.ndarray)):
        return [np.asarray(result, np.float64)] if np.asarray(result).dtype.kind in "fiub" else []
    if isinstance(result, dict):
        return [a for value in result.values() for a in in_arrays(value)]
    if isinstance(result, (list, tuple)):
        return [a for value in result for a in in_arrays(value)]
    if is_dataclass(result):
        return [a for field in fields(result) for a in in_arrays(getattr(result, field.name))]
    return in_arrays(vars(result)) if hasattr(result, "__dict__") else []
