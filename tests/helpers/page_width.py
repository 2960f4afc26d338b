"""How large the letters of a figure are on a page."""

from matplotlib.text import Text

#: Inches of a page of 780 CSS pixels: a wider figure is made smaller on it, with its letters.
PAGE = 780 / 96
#: Points that can be read there.
READABLE = 9.0


def smallest_letters(figure) -> float:
    """The smallest font size in a figure as it stands on a page, in points."""
    figure.draw_without_rendering()
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return min(1.0, PAGE / figure.get_figwidth()) * min(sizes)
