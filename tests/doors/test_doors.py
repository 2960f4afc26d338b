"""Every public function of core, den, tasks and methods gives the right value, or refuses in clear words.

The doors are found by walking the package: a public function that is neither a door with an example here, nor told to
be inside, fails by its name.
"""

import importlib
import inspect
import pkgutil

import den_ref
from tests.helpers.good_calls import EXAMPLES, INSIDE
from tests.helpers.malformed_values import outcome, variants
import numpy as np
import pytest

ROOMS = ("core", "den", "tasks", "methods")


def public_functions():
    """Names of all public functions and methods of the rooms, with the functions."""
    found = {}
    for room in ROOMS:
        package = importlib.import_module(f"den_ref.{room}")
        for info in [*pkgutil.walk_packages(package.__path__, package.__name__ + ".")]:
            module = importlib.import_module(info.name)
            for name, thing in vars(module).items():
                if getattr(thing, "__module__", None) != info.name or name.startswith("_"):
                    continue
                path = f"{info.name.removeprefix('den_ref.')}.{name}"
                if inspect.isfunction(thing):
                    found[path] = thing
                elif inspect.isclass(thing):
                    methods = {method: getattr(f, "__func__", f) for method, f in vars(thing).items()}
                    found |= {f"{path}.{method}": f for method, f in methods.items()
                              if hasattr(f, "inner") and (method == "__init__" or not method.startswith("_"))}
    return found


FUNCTIONS = public_functions()

#: What is no entrance though a room shows it: what solvers return and warn of, a base class, options (which check
#: themselves, see tests/test_settings.py).
NO_ENTRANCE = {"ConvergenceWarning", "Result", "Penalty", "Training", "DENConfig"}


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_shows_has_an_example(room):
    package = importlib.import_module(f"den_ref.{room}")
    for name in set(package.__all__) - NO_ENTRANCE:
        thing = getattr(package, name)
        if not callable(thing):                                    # a table
            continue
        path = f"{thing.__module__.removeprefix('den_ref.')}.{name}"
        assert path in EXAMPLES or any(known.startswith(f"{path}.") for known in EXAMPLES), path


def test_every_public_function_is_a_door_or_inside():
    doors = {path for path, function in FUNCTIONS.items() if hasattr(function, "inner")}
    assert not sorted(doors - set(EXAMPLES) - INSIDE), "doors without an example"
    assert not sorted(set(FUNCTIONS) - set(EXAMPLES) - INSIDE), "neither door nor inside"
    assert not sorted(set(EXAMPLES) & INSIDE)
    assert not sorted(INSIDE - set(FUNCTIONS)), "inside, but not there"


@pytest.mark.parametrize("path", EXAMPLES)
def test_malformed_arguments_are_answered_right_or_refused(path):
    example, unclear, silent, tried = EXAMPLES[path], [], [], 0
    for name, good in example.arguments.items():
        for malformed in variants(good):
            if malformed.what in example.fine.get(name, ()):
                continue
            said = outcome(example.call(), example.inside(), example.fresh(), name, malformed)
            tried += 1
            unclear += [f"{name} = {malformed.what}: {said}"] if said.startswith("unclear") else []
            silent += [f"{name} = {malformed.what}: {said}"] if said.startswith("silent") else []
    assert tried and not silent, "\n".join(silent)
    assert not unclear, "\n".join(unclear)
