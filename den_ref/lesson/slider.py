"""A picture for each of some values of a letter: a slider where ipywidgets is installed, else a row of pictures."""

from collections.abc import Callable

from den_ref.doors import refusal
from den_ref.plots import PLAIN, Picture


def slider(draw: Callable, *, size: tuple[float, float] = (4.2, 3.2), **values):
    """Show ``draw(ax, value)`` for the values of one letter, e.g. ``slider(draw, mu=[0.1, 0.5, 1])``.

    Parameters
    ----------
    draw : function of an Axes and one value; it is called when its picture is looked at
    size : (width, height) of one picture, in inches
    values : one keyword, the letter's name, and a list of what it may be

    Returns
    -------
    ipywidgets.interactive or Picture
        Either shows itself as the last value of a cell.
    """
    (name, choices), = values.items() if len(values) == 1 else [(None, ())]
    if not len(choices):
        raise refusal("values", "one letter and at least one value of it, such as mu=[0.1, 1]", values)
    try:
        from ipywidgets import SelectionSlider, interactive
    except ImportError:
        return row(draw, name, choices, size)
    return interactive(lambda **chosen: row(draw, name, chosen.values(), size),
                       **{name: SelectionSlider(options=list(choices), description=name)})


def row(draw: Callable, name: str, choices, size: tuple[float, float]) -> Picture:
    """All pictures side by side, three in a row, each under its value."""
    choices = list(choices)
    columns = min(len(choices), 3)
    rows = -(-len(choices) // columns)
    picture = Picture(figsize=(columns * size[0], rows * size[1]), layout="constrained")
    places = picture.subfigures(rows, columns, squeeze=False).ravel()
    for place, value in zip(places, choices):
        draw(place.subplots(), value)
        place.suptitle(f"{name} = {value:g}", fontsize=PLAIN.text + 1)
    return picture
