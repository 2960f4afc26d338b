"""Pictures of what units see: windows of weights as images, which of them a task selects, and the maps they make."""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Rectangle

from .matrices import mosaic, weight_matrix
from .style import PLAIN, Style, bare, symmetric


def filters(ax, incoming, shape, columns: Sequence[str], rows: Sequence[str], *, limit: float | None = None,
            style: Style = PLAIN):
    """What units hear, as images: a row per unit, a column per moment, one map for all.

    Parameters
    ----------
    incoming : (rows, columns, n_inputs) array
        Incoming weights.
    shape : (height, width)
        Of the image that the inputs are.
    columns, rows : names
    limit : float, optional
        The map runs from -limit to limit; by default to the largest abs(weight).

    Returns
    -------
    AxesImage
        All filters in one array, with NaN between them.
    """
    limit = symmetric(incoming) if limit is None else limit
    meaning = f"orange < 0 < purple, full at {limit:.2g}"
    return _named(ax, np.reshape(incoming, (len(rows), len(columns), *shape)), columns, rows, meaning, style,
                  cmap=style.signed, vmin=-limit, vmax=limit)


def maps(ax, activations, columns: Sequence[str], rows: Sequence[str], *, limit: float | None = None,
         name: str = "", style: Style = PLAIN):
    """Activations of filters, which are images too and never negative: dark is 0.

    Parameters
    ----------
    activations : (rows, columns, height, width) array
        What leaves a layer; ``core.convolution.unflatten`` makes images of its rows.
    columns, rows : names
    limit : float, optional
        What is brightest; by default the largest activation.
    name : str
        What they are called under the picture.

    Returns
    -------
    AxesImage
        All maps in one array, with NaN between them.
    """
    limit = symmetric(activations) if limit is None else limit
    meaning = f"{name}{': ' * bool(name)}dark: 0, bright: {limit:.2g}"
    return _named(ax, np.asarray(activations), columns, rows, meaning, style, cmap=style.values, vmin=0, vmax=limit)


def looked_at(ax, image, *, name: str = "what is looked at", style: Style = PLAIN):
    """An image (height, width, channels) as a photograph, from its least number to its largest: three channels are
    red, green and blue, of any other number the mean is grey.  Returns the AxesImage.
    """
    image = np.asarray(image, float)
    image = (image - image.min()) / (np.ptp(image) or 1)
    bare(ax, style).set_xlabel(name)
    if image.shape[2] == 3:
        return ax.imshow(image, interpolation="nearest")
    return ax.imshow(image.mean(axis=2), cmap="Greys", interpolation="nearest")


def _named(ax, images, columns, rows, meaning: str, style: Style, **colours):
    """Images (rows, columns, height, width) below and beside each other, with names above and on the left."""
    height, width = np.add(images.shape[2:], 2)
    image = ax.imshow(mosaic(images), interpolation="nearest", **colours)
    bare(ax, style).set_xlabel(meaning)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xticks((np.arange(len(columns)) + 0.5) * width - 0.5, columns)
    ax.set_yticks((np.arange(len(rows)) + 0.5) * height - 0.5, rows)
    return image


def strips(weights, window) -> np.ndarray:
    """Columns of a matrix (height * width * channels, n) as images (n, height, channels * (width + 1) - 1).

    The channels stand side by side, with a column of NaN between two.
    """
    (height, width), n = window, weights.shape[1]
    images = weights.reshape(height, width, -1, n).transpose(3, 0, 2, 1)            # (n, height, channels, width)
    return np.pad(images, [(0, 0)] * 3 + [(0, 1)], constant_values=np.nan).reshape(n, height, -1)[..., :-1]


def selected_filters(ax, weights, window, below, chosen, *, limit: float | None = None, name: str = "W",
                     style: Style = PLAIN) -> list:
    """Filters as images, a column each, a row per unit below: pairs of selected units framed, all others pale.

    Parameters
    ----------
    weights : (height * width * n_below, n_filters) array
    window : (height, width)
    below, chosen : indices of the selected units below and of the selected filters

    Returns
    -------
    list
        The image, then a frame per pair, row by row.
    """
    image, *_ = weight_matrix(ax, weights, limit=limit, name=name, window=window, style=style)
    n_filters = weights.shape[1]
    lit = np.zeros((len(weights) // (window[0] * window[1]), n_filters), bool)
    lit[np.ix_(below, chosen)] = True
    cell = np.ones(np.array(image.get_array().shape) // lit.shape)
    image.set_alpha(np.kron(np.where(lit, 1.0, style.faded), cell))
    return [image, *(ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor="black",
                                            linewidth=style.line / 2)) for i, j in np.argwhere(lit))]
