"""An analysis as a folder: tables, figures, and the spikes as they arrive."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from snnviz._renaming import dropped, renamed
from snnviz.analysis.analyzing import Analysis
from snnviz.analysis.diff_tables import diff_files
from snnviz.analysis.tables import JSON, TABLES, as_json, tables
from snnviz.data import ImageSet
from snnviz.folders import Layout, OutputFolder, hold_folder

FIGURES = (
    "scorecard",
    "over_time",
    "first_spike",
    "firing_rates",
    "channels",
    "kernels",
    "reconstruction",
    "fi_curve",
    "raster",
    "membrane",
    "class_atlas",
    "exciting",
    "operating_point",
    "stability",
    "weight_change",
    "kernels_over_epochs",
    "spikes",
)
"""The names of all figures that an analysis may come to."""
_ANY_FIGURE = (*FIGURES, "staircase", "movement")
"""And what earlier versions called some of them."""


def _unlisted(_folder: Path) -> Iterator[str]:
    """What an analysis of an earlier version may have left, which listed none."""
    for name in _ANY_FIGURE:
        yield from (f"{name}.{form}" for form in ("png", "svg", "pdf", "gif"))


ANALYSIS = Layout(
    run="an analysis",
    manifest=JSON,
    mark=".unfinished_analysis.json",
    owned=re.compile(
        rf"{'|'.join(map(re.escape, TABLES))}|({'|'.join(_ANY_FIGURE)})\.(png|svg|pdf|gif)"
        r"|diff_[\w.-]+\.(csv|json|npz|png|svg|pdf)"
    ),
    unlisted=_unlisted,
    argument="folder",
)
"""What a folder of an analysis holds; analysis.json lists the other files."""


@dropped("images", 1, ImageSet)
@renamed(claimed="output")
def write_analysis(
    analysis: Analysis,
    folder: str | Path,
    *,
    about: Mapping[str, object] | None = None,
    formats: Sequence[str] = ("png",),
    overwrite: bool = False,
    output: OutputFolder | None = None,
) -> list[Path]:
    """The files written: analysis.json, analysis.npz, channels.csv, scorecard.md, then figures.

    Of each encoder beside the one under study also diff_NAME.csv, .json, .npz and a figure.

    What an earlier analysis left there is deleted first, where `overwrite` says so, and nothing is
    of another encoder.

    Args:
        analysis: What was found.
        folder: Where to; it is made.
        about: What the analysis is of, for the JSON: plain values.
        formats: Of the figures, "png", "svg" or "pdf"; none draws nothing.
        overwrite: Write into a folder that is not empty.
        output: The output folder, where the caller holds it already.

    Raises:
        ExportError: The folder is not empty, a file cannot be written, or another run is writing
            there.

    Example:
        >>> encodings = [snnviz.encoding_of("mine", snnviz.load_encoder(), T=4)]
        >>> analysis = snnviz.analyze(encodings, snnviz.garments(8))
        >>> paths = snnviz.write_analysis(analysis, "out", formats=())
        >>> "scorecard.md" in [path.name for path in paths]
        True
    """
    if output is None:
        with hold_folder(Path(folder), ANALYSIS, overwrite=overwrite) as held:
            return write_analysis(analysis, folder, about=about, formats=formats, output=held)
    content = {
        **tables(analysis, about or {}),
        **diff_files(analysis),
        **_pictures(analysis, formats),
    }
    with output.replaced(content, as_json(analysis, about or {})) as paths:
        return [output.folder / JSON, *paths]


def _pictures(analysis: Analysis, formats: Sequence[str]) -> dict[str, bytes]:
    """The contents of all figures and of the animation, by name; none without a format."""
    if not formats:
        return {}
    from snnviz.analysis.pictures import analysis_figures, spike_animation  # noqa: PLC0415 - slow
    from snnviz.export import render_figures, settled  # noqa: PLC0415

    with settled():
        drawn = render_figures(analysis_figures(analysis), formats)
        return {**drawn, "spikes.gif": spike_animation(analysis)}
