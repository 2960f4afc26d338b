"""Where every golden value comes from: one operation per module (or a family of them), found by :func:`recipes`.

A recipe says what is computed (equation, signature, conventions), asks questions, and has an *oracle* that is not
den_ref's fast path, and one function per named mistake.  ``python -m tests.oracles.generate`` puts them together as
``vectors/NAME.json``; nobody edits those files by hand.

To add an operation, write a module here with ``RECIPE = Recipe(...)`` (or ``RECIPES = [...]``).
"""

from __future__ import annotations

import importlib
import pkgutil

from tests.oracles.recipe import Recipe


def recipes() -> dict[str, Recipe]:
    """Every operation's recipe by its name, in the order of names."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [module.RECIPE] if hasattr(module, "RECIPE") else module.RECIPES
    by_name = {recipe.name: recipe for recipe in sorted(found, key=lambda recipe: recipe.name)}
    if len(by_name) != len(found):
        raise ValueError(f"recipes: expected every name once, got {sorted(recipe.name for recipe in found)}")
    return by_name
