"""Wrong implementations and right variants, through the checker."""

import pytest
from tests.golden.wrong_implementations import LIST, RIGHT
from tests.golden.wrong_implementations import verdicts as asking


def test_the_list_is_long_and_covers_every_operation():
    from den_ref.golden.format import operations

    assert len(LIST) >= 100 and len(RIGHT) >= 40
    assert {one.operation for one in LIST} == set(operations())
    assert sum(bool(one.known) for one in LIST) <= 0.35 * len(LIST) and sum(one.hard for one in LIST) >= len(LIST) / 3
    assert len({(one.operation, one.name) for one in LIST}) == len(LIST) and all(one.did for one in LIST)


def test_verdicts_bite():
    """An implementation that is right escapes; a diagnosis of something else misleads."""
    from dataclasses import replace

    from tests import own_answers as own

    some = next(one for one in LIST if one.known == "hard-threshold")
    assert asking.judged(some).word == asking.NAMED
    assert asking.judged(replace(some, named="another mistake")).word == asking.MISLED
    assert asking.judged(replace(some, function=own.soft_threshold)).word == asking.ESCAPED
    assert asking.judged(replace(some, function=lambda w, step, mu: w + 17)).word == asking.UNNAMED


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: f"{right.operation}-{right.name}")
def test_a_right_variant_is_accepted(right):
    assert asking.refused(right) == []
