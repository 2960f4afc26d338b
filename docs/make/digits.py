"""Make ``digits.npz``, the embedded digits: ``python -m docs.make.digits MNIST_DIR [FILE]``.

Reads the four MNIST files in MNIST_DIR, chooses 1,000 / 200 / 1,000 images per class as :mod:`den_ref.tasks.digits`
says, writes one compressed file of six uint8 arrays (x_train (10000, 28, 28), y_train (10000,), x_valid, y_valid,
x_test, y_test) and prints its checksum.  The same images give the same file (with the same version of zlib); the
checksum is that of the images and labels, whatever the compression.
"""

import argparse
import os
from pathlib import Path

import numpy as np

from den_ref.tasks import digits as embedded
from den_ref.tasks.digits import EMBEDDED_PER_CLASS, Digits, load_idx_folder
from den_ref.tasks.stream import SPLITS


def write_digits(digits: Digits, path) -> None:
    """Write digits as one compressed .npz file, whole or not at all."""
    arrays = {f"x_{split}": digits.images[split] for split in SPLITS}
    arrays |= {f"y_{split}": digits.labels[split] for split in SPLITS}
    unfinished = Path(path).with_suffix(".tmp")
    try:
        with open(unfinished, "wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def main(arguments=None) -> None:
    """Make digits.npz from a folder of MNIST."""
    parser = argparse.ArgumentParser(prog="python -m docs.make.digits", description=main.__doc__)
    parser.add_argument("mnist", metavar="MNIST_DIR", help="folder with the four IDX files of MNIST")
    parser.add_argument("file", nargs="?", default=Path(embedded.__file__).with_name("digits.npz"), help="file to write")
    options = parser.parse_args(arguments)
    digits = load_idx_folder(options.mnist, EMBEDDED_PER_CLASS)
    write_digits(digits, options.file)
    print(f"{options.file}: {os.path.getsize(options.file)} bytes, sha256 of the digits {digits.sha256}")


if __name__ == "__main__":
    main()
