"""Figure sets on disk: the images an encoder was fed, and what it made of them.

What draws, and matplotlib with it, is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "animation": ("render_animation",),
    "captions": ("Source",),
    "folder": ("write_figure_sets",),
    "layout": ("SETS", "figures_layout"),
    "options": ("FORMATS", "KINDS", "FigureSetOptions"),
    "rendering": ("render", "render_figures", "settled", "write_figure"),
    "sets": ("figure_set",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
