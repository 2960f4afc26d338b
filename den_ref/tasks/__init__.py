"""What is learnt: streams of tasks.

``make_stream("mnist-variation")`` makes one by name, :func:`stream_from_arrays` makes one of your own data.
"""

import inspect

from den_ref.doors import did_you_mean
from .arrays import stream_from_arrays
from .attributes import attribute_stream
from .back import mnist_back
from .bases import bases_stream
from .cifar100 import cifar100_stream
from .file import file_stream
from .permuted import permuted_mnist
from .split_digits import split_digits
from .stream import Stream
from .toy import toy_stream
from .variation import mnist_variation

#: stream name -> function that makes it
STREAMS = {"mnist-variation": mnist_variation, "mnist-back": mnist_back, "permuted-mnist": permuted_mnist,
           "split-digits": split_digits, "cifar100": cifar100_stream, "attributes": attribute_stream,
           "bases": bases_stream, "toy": toy_stream, "file": file_stream}

#: options that name a folder or a file of the user's
PLACES = ("mnist", "backgrounds", "amat", "cifar100", "data_file")

#: options of every stream
COMMON = {"n_tasks", "order", "dtype"}

__all__ = ["COMMON", "PLACES", "STREAMS", "Stream", "make_stream", "stream_from_arrays"]


def make_stream(
    name: str, *, seed: int = 0, n_tasks=None, order=None, mnist=None, per_class=None, dtype="float32", **options
) -> Stream:
    """A stream by its name.

    Parameters
    ----------
    name : str
        In STREAMS: "mnist-variation", "mnist-back", "permuted-mnist", "split-digits", "cifar100", "attributes",
        "bases", "toy" or "file".
    seed : int
        Of everything random in the stream.
    n_tasks : int, optional
        Only the first so many tasks (of ``order``, if that is given).
    order : sequence of task ids or text such as "3,1,4", optional
        These tasks only, in this order.
    mnist : path, optional
        Folder with the MNIST files, instead of the embedded digits.
    per_class : three ints, optional
        Images per class for training, validation and test.
    dtype : {"float32", "float64"}
    **options
        What the stream's own function takes besides, e.g. ``amplitude`` of
        :func:`~den_ref.tasks.variation.mnist_variation`, ``beta`` or ``amat`` of
        :func:`~den_ref.tasks.back.mnist_back`, ``cifar100`` of :func:`~den_ref.tasks.cifar100.cifar100_stream`,
        ``data_file`` of :func:`~den_ref.tasks.file.file_stream`.

    Raises
    ------
    ValueError
        For an unknown name or option (the error lists the known ones), or a value out of its range.

    >>> make_stream("toy", order="2,0").ids
    (2, 0)
    """
    if not isinstance(name, str) or name not in STREAMS:
        raise ValueError(f"stream: expected one of {', '.join(STREAMS)}, got {name!r}{did_you_mean(name, STREAMS)}")
    given = {"mnist": mnist, "per_class": per_class}
    options |= {option: value for option, value in given.items() if value is not None}
    known = options_of(name)
    unknown = sorted(options.keys() - known)
    if unknown:
        names = f"({', '.join(sorted(known))})" if known else "(it has none)"
        raise ValueError(f"{unknown[0]}: expected an option of {name} {names}, got {unknown[0]!r}"
                         f"{did_you_mean(unknown[0], known | COMMON)}")
    stream = STREAMS[name](seed, dtype=dtype, **options)
    if order is not None:
        stream = stream.ordered(order)
    return stream if n_tasks is None else stream.first(n_tasks)


def options_of(name: str) -> set[str]:
    """The options that a stream has besides COMMON."""
    return inspect.signature(STREAMS[name]).parameters.keys() - {"seed", "dtype"}
