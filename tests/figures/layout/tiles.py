"""Reading figures of pictures in a grid back: where a tile lies, what a legend says."""

import numpy as np
from matplotlib.colors import to_rgb

from snnviz.figures.levels import LINES, SATURATED_COLOR, SILENT_COLOR, diagonals


def rgb(color):
    return np.rint(255 * np.array(to_rgb(color))).astype(int)


def crossed(kind, height, width):
    """The pixels of a map that is "silent" or "saturated", ints [height, width, 3]."""
    once, twice = diagonals(height, width)
    color, (line, times) = {"silent": SILENT_COLOR, "saturated": SATURATED_COLOR}[kind], LINES[kind]
    lines = once if times == 1 else twice
    return np.where(lines[..., np.newaxis], rgb(line), rgb(color))


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def legend(figure):
    """Label and colour of each entry of the legend."""
    found = figure.legends[0]
    return {
        text.get_text(): tuple(np.rint(255 * np.array(patch.get_facecolor()[:3])).astype(int))
        for text, patch in zip(found.get_texts(), found.get_patches(), strict=True)
    }


def canvas_of(figure):
    return np.asarray(figure.axes[0].images[0].get_array()).astype(int)


def tile_under(figure, label, height, width):
    """The pixels of the tile under a label: found by the label's own place, not by the layout."""
    canvas = canvas_of(figure)
    [text] = [text for text in figure.axes[0].texts if text.get_text() == label]
    x, y = text.get_position()
    left = round(x - width / 2 + 0.5)
    gap = canvas[0, 0]
    top = next(row for row in range(round(y + 0.5), len(canvas))
               if not (canvas[row, left : left + width] == gap).all())  # fmt: skip
    return canvas[top : top + height, left : left + width]


def tile_at(figure, row, column, height, width):
    """The pixels of a tile in a grid without labels."""
    top, left = 1 + row * (height + 1), 1 + column * (width + 1)
    return canvas_of(figure)[top : top + height, left : left + width]


def check_text(figure, inches, points=7):
    """Every text is inside the figure, and so large when it is printed so many inches wide."""
    figure.draw_without_rendering()
    printed = inches / figure.get_figwidth()
    legends = [*figure.legends, *(a.get_legend() for a in figure.axes if a.get_legend())]
    found = [text for axes in figure.axes for text in axes.texts]
    for axes in figure.axes:
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):  # also keeps labels beyond the limits
                low, high = sorted(axis.get_view_interval())
                found += [tick.label1 for tick in axis.get_major_ticks()
                          if low <= tick.get_loc() <= high]  # fmt: skip
            found += [axes.xaxis.label, axes.yaxis.label]
        found.append(axes.title)
    found += [text for box in legends for text in box.get_texts()]
    found = [text for text in found if text.get_text() and text.get_visible()]
    assert found
    for text in found:
        box = text.get_window_extent()
        assert text.get_fontsize() * printed >= points - 1e-6, text
        assert figure.bbox.x0 - 1 <= box.x0 <= box.x1 <= figure.bbox.x1 + 1, text
        assert figure.bbox.y0 - 1 <= box.y0 <= box.y1 <= figure.bbox.y1 + 1, text
