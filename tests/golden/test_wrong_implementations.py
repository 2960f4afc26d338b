"""Wrong implementations and right variants, through the checker."""

from dataclasses import replace

from den_ref.golden.format import operations
from tests import own_answers as own
from tests.wrong_implementations import LIST, RIGHT
from tests.wrong_implementations import verdicts as asking


def test_the_list_is_long_and_covers_every_operation():
    assert len(LIST) >= 100 and len(RIGHT) >= 40
    assert {one.operation for one in LIST} == set(operations())
    assert sum(bool(one.known) for one in LIST) <= 0.35 * len(LIST) and sum(one.hard for one in LIST) >= len(LIST) / 3
    assert len({(one.operation, one.name) for one in LIST}) == len(LIST) and all(one.did for one in LIST)


def test_verdicts_bite():
    """A right implementation escapes; a diagnosis of something else misleads; none at all is caught, not named."""
    some = next(one for one in LIST if one.known == "hard-threshold")
    assert asking.judged(some).word == asking.NAMED
    assert asking.judged(replace(some, named="another mistake")).word == asking.MISLED
    assert asking.judged(replace(some, function=own.soft_threshold)).word == asking.ESCAPED
    assert asking.judged(replace(some, function=lambda w, step, mu: w + 17)).word == asking.UNNAMED


def test_right_variants_are_accepted():
    refused = {f"{right.operation}/{right.name}": asking.refused(right) for right in RIGHT}
    assert [name for name, cases in refused.items() if cases] == []


def test_a_wrong_implementation_is_no_right_variant():
    assert asking.refused(replace(RIGHT[0], operation="soft_threshold", function=lambda w, step, mu: w))
