"""Every named mistake, made on purpose: caught, and named first."""

import pytest
from den_ref.golden import vectors
from tests.helpers import named_mistakes
from tests.helpers.adanet_mutants import MUTANTS as ADANET
from tests.helpers.bases_mutants import MUTANTS as BASES
from tests.helpers.image_mutants import MUTANTS as IMAGES
from tests.helpers.incremental_mutants import MUTANTS as INCREMENTAL
from tests.helpers.l21_mutants import MUTANTS as EDGES
from tests.helpers.listed_mutants import MATHEMATICS as LISTED
from tests.helpers.math_mutants import MUTANTS as MATHEMATICS
from tests.helpers.merging_mutants import MUTANTS as MERGES
from tests.helpers.nonparametric_mutants import MUTANTS as NONPARAMETRIC
from tests.helpers.path_mutants import MUTANTS as PATHS
from tests.helpers.system_mutants import MUTANTS as SYSTEMS
from tests.helpers.tree_mutants import MUTANTS as TREE

MUTANTS = MATHEMATICS | SYSTEMS | PATHS | MERGES | BASES | INCREMENTAL | ADANET | NONPARAMETRIC | TREE | LISTED
MUTANTS |= IMAGES | EDGES
MISTAKES = {(vector.operation, mistake) for vector in vectors() for mistake in vector.mistakes}


@pytest.mark.parametrize("key", sorted(MUTANTS), ids="/".join)
def test_a_mistake_is_caught_and_named(key):
    operation, mistake = key
    found = named_mistakes.finding(operation, mistake, MUTANTS[key])
    assert found.caught and found.diagnosis == mistake


def test_mutants_make_mistakes_that_exist():
    assert set(MUTANTS) <= MISTAKES


def test_every_mistake_has_a_mutant():
    operations = {operation for operation, _ in MUTANTS}
    assert {key for key in MISTAKES if key[0] in operations} == set(MUTANTS) and len(operations) > 30


def test_a_right_answer_is_no_mistake():
    from tests import own_answers as own

    found = named_mistakes.finding("soft_threshold", "hard-threshold", own.soft_threshold)
    assert found.caught == 0 and found.diagnosis == ""
