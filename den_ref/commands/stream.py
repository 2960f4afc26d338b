"""Arguments about the stream, of every command that learns one."""

import argparse
import json
from typing import Any


def add_stream_arguments(group) -> None:
    """``--stream`` and its options."""
    group.add_argument("--stream", default="mnist-variation", metavar="NAME",
                       help="mnist-variation, mnist-back, permuted-mnist, split-digits, cifar100, attributes, bases, "
                            "toy; den-ref options says what they are (default: mnist-variation)")
    group.add_argument("--data-file", action=DataFile, metavar="FILE",
                       help="instead of a stream: your own data, a .csv or .npz (docs/your_own_data.md)")
    group.add_argument("--tasks", type=int, metavar="N", help="learn the first N tasks only")
    group.add_argument("--order", metavar="ID,ID,...", help="learn these tasks, in this order, e.g. 3,1,4")
    group.add_argument("--mnist", metavar="DIR", help="read the full MNIST from its IDX files, plain or gzip")
    group.add_argument("--per-class", nargs="+", metavar="N",
                       help="images per class for training, validation and test: of the digits that come with the "
                            "package at most 1000 200 1000, with --mnist by default 1000 200 5000 as in the paper, "
                            "with --cifar100 400 100 100, or all for every image of the folder")
    group.add_argument("--backgrounds", metavar="DIR",
                       help="mnist-back: patches of these photographs (grey .pgm or .npy) instead of made textures")
    group.add_argument("--amat", metavar="DIR",
                       help="mnist-back: the original images of 2007, from their two .amat files")
    group.add_argument("--cifar100", metavar="DIR",
                       help="cifar100: train.bin and test.bin of the binary version of CIFAR-100 are here")
    group.add_argument("--data", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                       help="options of the stream, e.g. amplitude=0.5 dtype=float64")


class DataFile(argparse.Action):
    """``--data-file FILE`` is the stream of that file."""

    def __call__(self, parser, arguments, values, option_string=None):
        if arguments.stream not in (parser.get_default("stream"), "file"):
            parser.error(f"argument --data-file: expected no --stream beside it, got {arguments.stream}")
        arguments.stream, arguments.data_file = "file", values


def stream_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was said about the stream, besides its name and seed, as options of ``make_stream``."""
    given = {"n_tasks": arguments.tasks, "order": arguments.order, "mnist": arguments.mnist,
             "backgrounds": arguments.backgrounds, "amat": arguments.amat, "cifar100": arguments.cifar100,
             "data_file": arguments.data_file,
             "per_class": arguments.per_class and _per_class(arguments.per_class)}
    options = {name: value for name, value in given.items() if value is not None}
    return options | dict(_named_value(text, taken={"seed", *given}) for text in arguments.data)


def _per_class(texts: list[str]) -> tuple[int, ...] | str:
    """["300", "100", "300"] -> (300, 100, 300); ["all"] -> "all"."""
    if texts == ["all"]:
        return "all"
    if len(texts) != 3 or not all(text.isdecimal() for text in texts):
        raise ValueError(f"--per-class: expected three integers (training, validation, test) or all, "
                         f"got {' '.join(texts)}")
    return tuple(map(int, texts))


def _named_value(text: str, taken: set[str]) -> tuple[str, Any]:
    """'amplitude=0.5' -> ('amplitude', 0.5); what is not JSON is text.  ``taken`` names have flags of their own."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--data: expected name=value, got {text!r}")
    if name in taken:
        raise ValueError(f"--data: expected an option of the stream that has no flag of its own, got {name!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
    except RecursionError as error:
        raise ValueError(f"--data: expected a value of {name} that is not nested so deeply") from error
