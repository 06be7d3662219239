"""Figure sets on disk: the images an encoder was fed, and what it made of them."""

from snnviz.export.animation import render_animation
from snnviz.export.claim import check_folder
from snnviz.export.options import FORMATS, KINDS, FigureSetOptions
from snnviz.export.rendering import render, settled, write_figure
from snnviz.export.sets import figure_set
from snnviz.export.writing import write_figure_sets

__all__ = [
    "FORMATS",
    "KINDS",
    "FigureSetOptions",
    "check_folder",
    "figure_set",
    "render",
    "render_animation",
    "settled",
    "write_figure",
    "write_figure_sets",
]
