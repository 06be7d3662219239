"""Arrays to `matplotlib.figure.Figure`; no pyplot, no files."""

from snnviz.figures.curves import accuracy_figure, loss_figure
from snnviz.figures.feature_maps import feature_map_figure
from snnviz.figures.input_image import input_figure
from snnviz.figures.sheet import SheetEntry, contact_sheet_figure

__all__ = [
    "SheetEntry",
    "accuracy_figure",
    "contact_sheet_figure",
    "feature_map_figure",
    "input_figure",
    "loss_figure",
]
