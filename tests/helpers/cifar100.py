"""Small files as CIFAR-100's binary version has them: of every class a picture of its own, and noise on it."""

import numpy as np


def records(n_per_class: int, seed: int = 0) -> np.ndarray:
    """(100 n, 3074) bytes, the classes in random order; coarse class c // 5 and fine class c before the pixels."""
    rng = np.random.default_rng(seed)
    fine = rng.permutation(np.repeat(np.arange(100), n_per_class))
    pictures = np.random.default_rng(100).integers(60, 196, (100, 3 * 4 * 4))      # 4 x 4 patches of 8 x 8 pixels
    planes = pictures[fine].reshape(-1, 3, 4, 4).repeat(8, axis=2).repeat(8, axis=3)
    noisy = planes + rng.integers(-60, 60, planes.shape)
    return np.column_stack([fine // 5, fine, noisy.reshape(len(fine), -1)]).astype(np.uint8)


def write_cifar100(folder, n_train: int = 3, n_test: int = 2):
    """train.bin and test.bin with so many images of every class; the folder."""
    records(n_train, 0).tofile(folder / "train.bin")
    records(n_test, 1).tofile(folder / "test.bin")
    return folder
