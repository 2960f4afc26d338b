"""A figure to draw on that belongs to nobody's pyplot state."""

from matplotlib.figure import Figure


def canvas(rows: int = 1, columns: int = 1, width: float = 8.0, height: float = 4.0, **options):
    """(figure, axes): a new figure of so many inches, and its axes in a (rows, columns) array."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def mosaic(layout: list[list[str]], width: float = 8.0, height: float = 4.0):
    """(figure, axes): a new figure of so many inches, and its axes by name; a name that is repeated stretches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplot_mosaic(layout)
