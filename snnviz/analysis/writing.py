"""An analysis as a folder: tables, figures, and the spikes as they arrive."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from snnviz.analysis.analyzing import Analysis
from snnviz.analysis.tables import write_tables
from snnviz.data import ImageSet
from snnviz.files import make_folder, remove, write_bytes

FIGURES = (
    "scorecard",
    "over_time",
    "first_spike",
    "firing_rates",
    "channels",
    "kernels",
    "reconstruction",
    "staircase",
    "raster",
    "membrane",
    "class_atlas",
    "movement",
    "kernels_over_epochs",
    "spikes",
)
"""The names of all figures that an analysis may come to."""


def write_analysis(
    analysis: Analysis,
    images: ImageSet,
    folder: str | Path,
    *,
    about: Mapping[str, Any] | None = None,
    formats: Sequence[str] = ("png",),
) -> list[Path]:
    """The files written: analysis.json, analysis.npz, channels.csv, scorecard.md, then figures.

    Figures that an earlier analysis left there are deleted, so that none is of another encoder.

    Args:
        analysis: What was found.
        images: The images it was found on, for the figures.
        folder: Where to; it is made.
        about: What the analysis is of, for the JSON: plain values.
        formats: Of the figures, "png", "svg" or "pdf"; none draws nothing.

    Raises:
        ExportError: A file cannot be written.
    """
    folder = make_folder(Path(folder))
    written = write_tables(analysis, folder, about or {})
    for name in FIGURES:
        for form in ("png", "svg", "pdf", "gif"):
            remove(folder / f"{name}.{form}")
    if not formats:
        return written
    from snnviz.analysis.pictures import analysis_figures, spike_animation  # noqa: PLC0415 - slow
    from snnviz.export import settled, write_figure  # noqa: PLC0415

    with settled():
        written += [
            write_figure(figure, folder / f"{name}.{form}")
            for name, figure in analysis_figures(analysis, images).items()
            for form in dict.fromkeys(formats)
        ]
        animation = spike_animation(analysis, images)
    return [*written, write_bytes(animation, folder / "spikes.gif")]
