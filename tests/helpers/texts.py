"""Where the texts of a figure stand, which of them overlap, and which are cut off."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from den_ref.plots.scale import Scale


def boxes(figure):
    """(text, where it stands) of every text that can be seen, in pixels, numbers of a quick Scale among them."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    ticks = {id(text): axis.axes for axis in axes for tick in axis.get_major_ticks() + axis.get_minor_ticks()
             for text in (tick.label1, tick.label2)}
    replaced = {id(text) for axis in axes if not axis.get_visible() for text in axis.findobj(Text)
                if text is not axis.label}
    seen = []
    for text in figure.findobj(Text):
        if id(text) in replaced:
            continue
        box = text.get_window_extent(canvas.get_renderer())
        hidden = id(text) in ticks and not _within(box, ticks[id(text)])           # ticks beyond the limits
        if text.get_text().strip() and text.get_visible() and not hidden:
            seen.append((text.get_text(), box))
    return seen + [(tick.text, tick.box) for scale in figure.findobj(Scale) for tick in scale.ticks()]


def _within(box, ax):
    """Whether a tick label belongs to a tick inside the axes."""
    frame, x, y = ax.get_window_extent(), (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return frame.x0 - 1 <= x <= frame.x1 + 1 or frame.y0 - 1 <= y <= frame.y1 + 1


def overlaps(seen):
    """Pairs of texts whose boxes overlap by more than a pixel."""
    boxes = [(text, box.padded(-0.5)) for text, box in seen]
    return [(a, b) for i, (a, one) in enumerate(boxes) for b, two in boxes[i + 1:] if one.overlaps(two)]


def cut_off(seen, figure):
    """Texts that stick out of the figure."""
    frame = figure.bbox.padded(1)
    return [text for text, box in seen
            if box.x0 < frame.x0 or box.y0 < frame.y0 or box.x1 > frame.x1 or box.y1 > frame.y1]
