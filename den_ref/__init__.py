"""den_ref: a NumPy/SciPy reference of lifelong learning with dynamically expandable networks.

``den_ref.run(method, stream, ...)`` learns a stream of tasks, ``den_ref.load(folder)`` gives the network it left.
"""

__version__ = "0.1.0"
__all__ = ["load", "run"]


def __getattr__(name: str):
    """``run`` and ``load`` are imported when first used, so that ``import den_ref`` stays light."""
    if name in __all__:
        from den_ref import experiment

        return getattr(experiment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
