"""Wrong implementations and right variants, through the checker."""

from dataclasses import replace
from pathlib import Path

import pytest
from den_ref.golden.format import operations
from tests import own_answers as own
from tests.wrong_implementations import LIST, RIGHT
from tests.wrong_implementations import verdicts as asking
from tests.wrong_implementations.read_by_hand import READ
from tests.wrong_implementations.second_list import SECOND

#: Operations that came after both lists were written and asked.
YOUNGER = {"si_path_integral", "si_importance", "si_penalty", "imm_mean", "imm_mode", "drop_transfer_layer",
           "ella_code", "ella_bases", "gomtl_bases", "incremental_gradients", "incremental_hard",
           "incremental_merge", "incremental_rule",
           "adanet_weak_learner", "adanet_coordinate_gain",
           "capnorm_forward", "capnorm_backward", "adarad_step", "fan_in_penalty",
           "convolution_forward", "convolution_backward", "max_pool_forward", "max_pool_backward", "flatten",
           "l21_penalty", "l21_prox", "l21_prox_metric",
           "tree_embedding", "tree_partition", "tree_homes", "tree_choice", "tree_answer"}


def test_the_list_is_long_and_covers_every_operation():
    assert len(LIST) >= 100 and len(RIGHT) >= 40
    assert {one.operation for one in LIST} == set(operations()) - YOUNGER
    assert sum(bool(one.known) for one in LIST) <= 0.35 * len(LIST) and sum(one.hard for one in LIST) >= len(LIST) / 3
    assert len({(one.operation, one.name) for one in LIST}) == len(LIST) and all(one.did for one in LIST)


def test_the_second_list_has_a_hundred():
    assert len(SECOND) == 100 and {one.operation for one in SECOND} == set(operations()) - YOUNGER
    assert len({one.name for one in SECOND}) == 100 and all(one.did for one in SECOND)
    assert sum(one.hard for one in SECOND) >= 100 / 3


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


@pytest.mark.parametrize("runs", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["pieces", "with-runs"])
@pytest.mark.parametrize("these", [pytest.param(LIST, marks=pytest.mark.slow), SECOND], ids=["first", "second"])
def test_what_the_golden_values_are_worth(these, runs):
    """Of a list as it stands, with the cases and diagnoses of today; blind*.md have what it was before it was read."""
    found = asking.verdicts(runs, these)
    caught, named, misled = asking.counts(found).shares
    assert caught >= 99 and named >= 60 and misled < 1, "\n".join(asking.summary(found))


@pytest.mark.slow
@pytest.mark.parametrize("these, page", [(LIST, "verdicts.md"), (SECOND, "verdicts_second.md")])
def test_the_figures_on_file_are_these(these, page):
    """``python -m tests.wrong_implementations`` writes them."""
    text = (Path(asking.__file__).parent / page).read_text("utf-8")
    assert asking.summary(asking.verdicts(these=these))[0] in text


def test_what_was_read_by_hand_is_on_the_list():
    names = [one.name for one in LIST + SECOND]
    assert all(names.count(name) == 1 for name, _ in READ)
