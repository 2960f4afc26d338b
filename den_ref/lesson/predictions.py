"""What a reader predicted, beside what came out: right, not so, or not predicted; and a score at the end."""

from numbers import Real

import numpy as np

from den_ref.doors import NotNegative, Text, door


class Predictions:
    """The predictions of one notebook; one that is compared again replaces the first.

    >>> predictions = Predictions()
    >>> predictions.compare("auroc", 0.6, found=0.514, within=0.1)
    auroc: predicted 0.6, found 0.514: right
    >>> predictions.compare("zeros", [3, 0], found=[2, 0])
    zeros: predicted [3, 0], found [2, 0]: not so
    >>> predictions.compare("expands", None, found=True)
    expands: found True, not predicted
    >>> predictions
    1 of 3 predictions right; not so: zeros; not predicted: expands
    """

    def __init__(self):
        self.verdicts: dict[str, str] = {}

    @door
    def compare(self, name: Text(), predicted, found, within: NotNegative() = 0.0) -> None:
        """Print a prediction beside what was found, and keep the verdict.

        Parameters
        ----------
        predicted : whatever the reader wrote; None is no prediction, nor is a list with a None in it
        found : number, bool, str, list or tuple of these, or a set (any order)
        within : how far a number may be off
        """
        predicted, found = _plain(predicted), _plain(found)
        if predicted is None or isinstance(predicted, list) and None in predicted:
            self.verdicts[name] = "not predicted"
            print(f"{name}: found {_words(found)}, not predicted")
            return
        self.verdicts[name] = "right" if _agree(predicted, found, within) else "not so"
        print(f"{name}: predicted {_words(predicted)}, found {_words(found)}: {self.verdicts[name]}")

    def __repr__(self) -> str:
        named = {verdict: [name for name, this in self.verdicts.items() if this == verdict]
                 for verdict in ("right", "not so", "not predicted")}
        score = f"{len(named.pop('right'))} of {len(self.verdicts)} predictions right"
        return "; ".join([score, *(f"{verdict}: {', '.join(names)}" for verdict, names in named.items() if names)])


def _plain(value):
    """A value without NumPy's types; a tuple is a list."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return {_plain(part) for part in value}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _agree(predicted, found, within: float) -> bool:
    """Words without their case; numbers within the tolerance; True is no 1; lists part by part, sets in any order."""
    if isinstance(found, set):
        return isinstance(predicted, list | set) and set(predicted) == found
    if isinstance(found, list):
        return isinstance(predicted, list) and len(predicted) == len(found) and all(
            _agree(one, other, within) for one, other in zip(predicted, found, strict=True))
    if isinstance(found, Real) and not isinstance(found, bool):
        return isinstance(predicted, Real) and not isinstance(predicted, bool) and abs(predicted - found) <= within
    if isinstance(found, str):
        return isinstance(predicted, str) and predicted.strip().casefold() == found.casefold()
    return predicted is found


def _words(value) -> str:
    """A value as it is printed: floats to three digits, a set in order."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, set):
        value = sorted(value)
    return f"[{', '.join(map(_words, value))}]" if isinstance(value, list) else str(value)
