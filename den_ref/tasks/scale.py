"""A warning where the size of inputs is far from what the methods' options were chosen for."""

import warnings

import numpy as np

#: Inputs whose root mean square is outside are not "of a size around 1".
SMALLEST, LARGEST = 0.01, 10.0
#: How many times as far as a quarter of the features the widest may spread.
WIDEST = 100.0

ADVICE = ("standardise every split with the training samples: (x - x_train.mean(axis=0)) / x_train.std(axis=0) "
          "(of a file: standardise=true)")


def warn_of_scale(task_id, x_train: np.ndarray) -> bool:
    """Warn of training samples of an unsuitable scale, once; whether there was a reason."""
    said = unsuitable(x_train)
    if said:
        warnings.warn(f"task {task_id!r}, x_train: {said}", stacklevel=3)
    return said is not None


def unsuitable(x: np.ndarray) -> str | None:
    """What is wrong with the scale of samples (n, n_inputs), and what to do; None if nothing is.

    >>> unsuitable(np.array([[0.0, 1.0], [2.0, -1.0]])) is None
    True
    """
    with np.errstate(over="ignore"):
        size = float(np.sqrt(np.square(x).mean(dtype=np.float64)))
        spread = x.std(axis=0, dtype=np.float64)
    if not SMALLEST <= size <= LARGEST:
        advice = "divide pixels by 255" if _like_bytes(x) else ADVICE
        return f"the inputs' root mean square is {size:.3g}, and the options suit inputs of a size around 1: {advice}"
    varying = spread[spread > 0]
    if len(varying) and varying.max() > WIDEST * np.quantile(varying, 0.25, method="lower"):
        widest = int(spread.argmax())
        return (f"the features are of very different scale (deviation {spread[widest]:.3g} of feature {widest}, "
                f"{varying.min():.3g} of another), so that few of them count: {ADVICE}")
    return None


def _like_bytes(x: np.ndarray) -> bool:
    return bool(x.min() >= 0 and x.max() <= 255 and (x == np.rint(x)).all())
