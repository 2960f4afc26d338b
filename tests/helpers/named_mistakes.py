"""Every mutant through the checker: is it caught, and is the first diagnosis the mistake that it makes?

Mutants are functions that make one named mistake, in the ``MUTANTS`` tables of ``*_mutants.py`` beside this file:
{(operation, mistake): function of the operation's inputs}.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from den_ref.golden import check, vectors


@dataclass(frozen=True)
class Finding:
    """What the checker said of one mutant.

    cases, caught : cases of the operation, and those it failed
    first, named : failed cases with the mistake as the first diagnosis, and as one of them
    diagnosis : the first one of most failed cases
    """

    operation: str
    mistake: str
    cases: int
    caught: int
    first: int
    named: int
    diagnosis: str


def all_mutants() -> dict:
    """The tables of all files, joined."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*_mutants.py"))
    modules = [importlib.import_module(f"tests.helpers.{name}") for name in names]
    return {key: mutant for module in modules for key, mutant in module.MUTANTS.items()}


def finding(operation: str, mistake: str, mutant) -> Finding:
    """Check one mutant on all cases of its operation."""
    results = check(SimpleNamespace(**{operation: mutant}), operation)
    wrong = [result for result in results if result.verdict != "pass"]
    diagnoses = [name for result in wrong for name in result.mistakes[:1]]
    most = max(sorted(set(diagnoses)), key=diagnoses.count, default="")
    return Finding(operation, mistake, len(results), len(wrong), diagnoses.count(mistake),
                   sum(mistake in result.mistakes for result in wrong), most)


def findings() -> list[Finding]:
    """One per named mistake that has a mutant, in the order of the files."""
    mutants = all_mutants()
    return [finding(vector.operation, mistake, mutants[vector.operation, mistake])
            for vector in vectors() for mistake in vector.mistakes if (vector.operation, mistake) in mutants]
