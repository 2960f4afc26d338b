"""What lessons need: a prediction is right, not so, or not there; a letter's pictures stand in a row or on a slider."""

import sys
from types import ModuleType

import numpy as np
import pytest

from den_ref.lesson import Predictions, slider
from den_ref.plots import Picture

RIGHT = [(0.6, 0.514, 0.1), (True, np.bool_(True), 0), ("ETA ", "eta", 0), ((5, 3), np.zeros((5, 3)).shape, 0),
         ([1, 0], {0, 1}, 0), ([0.1, 2], np.array([0.1, 2.0]), 0.01), ([], [], 0), (4, np.int64(4), 0)]
NOT_SO = [(0.7, 0.514, 0.1), (1, True, 0), (True, 1, 0), (False, True, 0), ("eq3", "eq4", 0), ([3, 5], (5, 3), 0),
          ([0], {0, 1}, 0), ([1, 2, 3], [1, 2], 0), ("0.5", 0.5, 1), (0.5, "never", 9), (float("nan"), 0.5, 1)]


@pytest.mark.parametrize(("predicted", "found", "within"), RIGHT)
def test_a_right_prediction(predicted, found, within):
    assert verdict(predicted, found, within) == "right"


@pytest.mark.parametrize(("predicted", "found", "within"), NOT_SO)
def test_a_prediction_that_is_not_so(predicted, found, within):
    assert verdict(predicted, found, within) == "not so"


@pytest.mark.parametrize("nothing", [None, [None, 1], (None, None)])
def test_none_is_no_prediction_and_is_told(nothing, capsys):
    predictions = Predictions()
    predictions.compare("a", nothing, found=[1, 1])
    assert capsys.readouterr().out == "a: found [1, 1], not predicted\n"
    assert repr(predictions) == "0 of 1 predictions right; not predicted: a"


def test_what_is_compared_again_counts_once():
    predictions = Predictions()
    for predicted in (None, 1, 2):
        predictions.compare("a", predicted, found=2)
    assert repr(predictions) == "1 of 1 predictions right"


def verdict(predicted, found, within):
    predictions = Predictions()
    predictions.compare("a", predicted, found, within)
    return predictions.verdicts["a"]


# --- sliders -----------------------------------------------------------------------------------------------------


def draw(ax, mu):
    ax.plot([0, mu])


def words(picture):
    """What stands above each picture."""
    return [text.get_text() for place in picture.subfigs for text in place.texts]


def test_without_ipywidgets_the_pictures_stand_in_rows_of_three(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    picture = slider(draw, mu=[1, 2, 3, 0.5])
    assert isinstance(picture, Picture) and words(picture) == ["mu = 1", "mu = 2", "mu = 3", "mu = 0.5"]
    assert [place.axes[0].lines[0].get_ydata()[1] for place in picture.subfigs[:4]] == [1, 2, 3, 0.5]
    lower = [place.bbox.y0 for place in picture.subfigs]
    assert lower[0] == lower[2] > lower[3] == lower[5]


def test_with_ipywidgets_one_picture_stands_under_a_slider(monkeypatch):
    """The real package where it is installed; else what the slider asks of it."""
    try:
        from ipywidgets import SelectionSlider  # noqa: F401
    except ImportError:
        widgets = ModuleType("ipywidgets")
        widgets.SelectionSlider = lambda options, description: (options, description)
        widgets.interactive = lambda shown, mu: type("Interactive", (), {"result": shown(mu=mu[0][0])})
        monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
        shown = slider(draw, mu=[2, 3])
    else:
        shown = slider(draw, mu=[2, 3])
        assert shown.children[0].options == (2, 3)
        shown.update()
    assert words(shown.result) == ["mu = 2"]


@pytest.mark.parametrize("values", [{}, {"mu": []}, {"mu": [1], "tau": [1]}])
def test_a_slider_is_of_one_letter(values):
    with pytest.raises(ValueError, match="values: expected one letter and at least one value of it"):
        slider(draw, **values)
