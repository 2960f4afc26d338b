"""One independent random generator per purpose."""

import numpy as np


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """The generator of one purpose ("noise", ...) and one index (a split, a task), derived from the stream's seed.

    Each is independent of all others and of ``np.random.default_rng(seed)``, so that the size of one split does not
    change what another draws.

    Raises
    ------
    ValueError
        If ``seed`` is not an integer >= 0.

    >>> generator(0, "noise").random() == generator(0, "noise").random()
    True
    >>> generator(0, "noise").random() == generator(0, "rotation").random()
    False
    """
    key = (*purpose.encode(), index)
    return np.random.default_rng(np.random.SeedSequence(checked_seed(seed), spawn_key=key))


def checked_seed(seed) -> int:
    """The seed as an int, or a ValueError."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed: expected an integer >= 0, got {seed!r}")
    return int(seed)
