"""Figure sets on disk: the images an encoder was fed, and what it made of them."""

from snnviz.export.animation import render_animation
from snnviz.export.captions import Source
from snnviz.export.folder import write_figure_sets
from snnviz.export.layout import SETS, figures_layout
from snnviz.export.options import FORMATS, KINDS, FigureSetOptions
from snnviz.export.rendering import render, render_figures, settled, write_figure
from snnviz.export.sets import figure_set

__all__ = [
    "FORMATS",
    "KINDS",
    "SETS",
    "FigureSetOptions",
    "Source",
    "figure_set",
    "figures_layout",
    "render",
    "render_animation",
    "render_figures",
    "settled",
    "write_figure",
    "write_figure_sets",
]
