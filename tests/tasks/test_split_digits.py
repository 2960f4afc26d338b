"""The stream of digits that arrive in groups."""

import numpy as np
import pytest

from den_ref.protocol import CLASS_INCREMENTAL, TASK_INCREMENTAL
from den_ref.tasks import make_stream
from den_ref.tasks.digits import load_embedded

SMALL = {"per_class": (3, 2, 2)}


def test_every_digit_comes_once_with_its_images():
    stream = make_stream("split-digits", groups="10,97", **SMALL)
    assert stream.scenario == CLASS_INCREMENTAL and [task.classes for task in stream.tasks] == [(1, 0), (9, 7)]
    images = np.concatenate([load_embedded().first((3, 2, 2)).images["train"][load_embedded().first((3, 2, 2))
                            .labels["train"] == digit] for digit in (1, 0, 9, 7)]).reshape(12, -1) / 255
    chosen = np.concatenate([task.x_train[task.y_train == c] for task in stream.tasks for c in (0, 1)])
    scaled = (images - images.mean(axis=0)) / np.sqrt(np.square(images - images.mean(axis=0)).mean())
    np.testing.assert_allclose(chosen, scaled, atol=1e-5)


def test_the_scenario_says_whether_the_task_is_told():
    told, asked = (make_stream("split-digits", scenario=scenario, **SMALL)
                   for scenario in (TASK_INCREMENTAL, CLASS_INCREMENTAL))
    assert [told.scenario, asked.scenario] == [TASK_INCREMENTAL, CLASS_INCREMENTAL]
    assert [task.scenario for task in (told.tasks[1], asked.tasks[1])] == [TASK_INCREMENTAL, CLASS_INCREMENTAL]
    assert told.tasks[1].classes == () and asked.tasks[1].classes == (2, 3)
    np.testing.assert_array_equal(told.tasks[1].x_test, asked.tasks[1].x_test)
    assert "scenario" not in told.facts and asked.facts["scenario"] == CLASS_INCREMENTAL      # old records stay
    assert asked.first(2).scenario == CLASS_INCREMENTAL and asked.called(1) == "1 (2, 3)"


@pytest.mark.parametrize("groups", ["", "0", "01,1", "011", "01,2", [[0, 10]], 5, "ab"])
def test_bad_groups(groups):
    with pytest.raises(ValueError, match="groups: expected groups of two digits or more"):
        make_stream("split-digits", groups=groups)


def test_bad_scenarios():
    with pytest.raises(ValueError, match="scenario: expected 'task-incremental' or 'class-incremental', got 'domain'"):
        make_stream("split-digits", scenario="domain")
