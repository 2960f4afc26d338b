"""How the sentences of DEN's boxes tell numbers of several layers: by the names of the layers, from the input up."""

from collections.abc import Sequence


def parts_in_words(parts: Sequence[int], wholes: Sequence[int], inputs: bool = False) -> str:
    """How much of each layer; with ``inputs`` the first is that of the input features.

    >>> parts_in_words([1, 3], [5, 5])
    'layer 1: 1 of 5, layer 2: 3 of 5'
    >>> parts_in_words([9, 2], [12, 5], inputs=True)
    'inputs: 9 of 12, layer 1: 2 of 5'
    """
    names = ["inputs"] * inputs + [f"layer {l}" for l in range(1, len(parts) + 1 - inputs)]
    return ", ".join(f"{name}: {part} of {whole}" for name, part, whole in zip(names, parts, wholes, strict=True))


def counts_in_words(counts: Sequence[int]) -> str:
    """How many units of each layer.

    >>> counts_in_words([4, 5])
    'layer 1: 4, layer 2: 5'
    """
    return ", ".join(f"layer {l}: {count}" for l, count in enumerate(counts, 1))


def in_words(values: Sequence[float | None]) -> str:
    """Numbers in three digits, "-" where a layer has none.

    >>> in_words([0.12345, None])
    '0.123, -'
    """
    return ", ".join("-" if value is None else f"{value:.3g}" for value in values)
