"""den_ref: a NumPy/SciPy reference of lifelong learning with dynamically expandable networks.

What a user needs stands here by name; each is imported when first used, so that ``import den_ref`` stays light.

    run, load, compare                  learn a stream of tasks; the network that a run left; several methods
    branch                              from where a run is, with other options or tasks
    make_stream, stream_from_arrays     the streams there are; one of your own arrays
    DEN, DENConfig                      the method itself, one box at a time; its options
    plots                               pictures of steps, networks and scores

>>> import den_ref
>>> den = den_ref.DEN(den_ref.DENConfig(hidden=(8, 6), step=0.02, batch=32))
>>> for step in den.steps(den_ref.make_stream("toy").tasks[0]):
...     print(step.box)
eq2
prune
"""

from importlib import import_module

__version__ = "0.1.0"

#: Name -> the module that has it; a room stands for itself.
_HOMES = {"run": "experiment", "load": "experiment", "branch": "experiment", "compare": "experiment",
          "make_stream": "tasks", "stream_from_arrays": "tasks.arrays", "DEN": "den", "DENConfig": "den",
          "plots": "plots"}
__all__ = [*_HOMES]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    return home if name == _HOMES[name] else getattr(home, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
