"""A figure that shows itself in a notebook."""

import io
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from snnviz.figures.fonts import known_missing

# A notebook keeps what it shows: beyond so many bytes the picture in pixels does.
_LARGEST_SVG = 300_000
# The same figure gives the same bytes, so that a notebook under version control stays as it is.
# Nor do the user's settings crop a figure, whose pixels are laid out on whole numbers.
_SETTINGS: Any = {"svg.hashsalt": "snnviz", "savefig.bbox": None}


class ShownFigure(Figure):
    """A `matplotlib.figure.Figure` that is shown where it is the last value of a notebook's cell.

    No pyplot knows it, so that it is shown once, also with `%matplotlib inline`, whose settings
    (`%config InlineBackend`) then hold.
    """

    def _repr_png_(self) -> bytes:
        """The figure in pixels, as many an inch as it was made for."""
        return self._written("png")

    def _repr_svg_(self) -> str | None:
        """The figure as SVG; None where a notebook would grow by more than 300 kB."""
        content = self._written("svg", metadata={"Date": None})
        return content.decode() if len(content) <= _LARGEST_SVG else None

    def _written(self, form: str, **options: Any) -> bytes:
        file = io.BytesIO()
        with rc_context(_SETTINGS), known_missing():
            self.savefig(file, format=form, dpi=self.dpi, **options)
        return file.getvalue()
