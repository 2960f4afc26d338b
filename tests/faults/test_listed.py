"""The list of faults is well-formed, and every fault can be put in.  What notices each: ``python -m tests.faults``."""

from collections import Counter

import pytest

from .listed import ESCAPED, ESCAPED_NEAR, LISTS, NO_END, ROOT, ROUNDS, Fault, faults, verdicts

#: Rooms of the package, by their folders; files that stand in none are a room together.
ROOMS = ("core", "den", "methods", "tasks", "loops", "golden", "experiment/disk", "experiment/one_run", "experiment/grid",
         "experiment/pages", "experiment/tune", "plots", "commands", "")


EVERY_LIST = pytest.mark.parametrize("which", LISTS)


def room_of(fault):
    return next(room for room in ROOMS if fault.file.startswith(f"den_ref/{room}"))


@EVERY_LIST
def test_there_are_120_in_all_rooms(which):
    listed = faults(which)
    assert len({fault.id for fault in listed}) == len(listed) == 120
    assert set(map(room_of, listed)) == set(ROOMS) and min(Counter(map(room_of, listed)).values()) >= 4


@EVERY_LIST
def test_each_says_what_it_breaks_and_changes_something(which):
    for fault in faults(which):
        assert fault.breaks.endswith(".") and fault.old != fault.new and (ROOT / fault.file).is_file(), fault.id


@EVERY_LIST
def test_every_fault_was_tried_blind_and_what_escaped_again(which):
    found = verdicts(which)
    assert list(found) == [fault.id for fault in faults(which)]
    for id, by_round in found.items():
        assert "blind" in by_round and by_round.keys() <= set(ROUNDS), id
        assert all("::" in said or said in (ESCAPED, ESCAPED_NEAR, NO_END) for said in by_round.values()), id
        assert "::" in by_round["blind"] or "after" in by_round, id


@EVERY_LIST
def test_nearly_all_are_noticed(which):
    """By their last verdicts; a test that is named there and gone notices nothing."""
    last = [by_round.get("after", by_round["blind"]) for by_round in verdicts(which).values()]
    there = [name for name in last if (ROOT / name.partition("::")[0]).is_file()]
    assert len(there) >= 0.95 * len(last)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for which in LISTS for fault in faults(which)], ids=lambda fault: fault.id)
def test_a_fault_can_be_put_in(fault):
    """Slow, though it is quick: whoever changes such a line need not mend the list before all else."""
    text = fault.put_into((ROOT / fault.file).read_text("utf-8"))
    if fault.file.endswith(".py"):
        compile(text, fault.file, "exec")


@pytest.mark.parametrize("text", ["nothing of it", "x < y or x < y"])
def test_a_place_that_is_not_one_place_is_refused(text):
    with pytest.raises(ValueError, match="core/a: expected once in den_ref/core/a.py"):
        Fault("core/a", "den_ref/core/a.py", "x < y", "x <= y", "A tie.").put_into(text)
