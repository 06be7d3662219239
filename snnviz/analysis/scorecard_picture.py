"""What the scorecard's figure shows of an analysis, and the intervals beside its numbers."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.columns import grouped, mean_score
from snnviz.analysis.paired import intervals
from snnviz.analysis.scorecard import SCORES
from snnviz.figures.scorecard import Scorecard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from snnviz.analysis.analyzing import Analysis
    from snnviz.analysis.results import EncodingMetrics
    from snnviz.analysis.scorecard import Score

# The scorecard's figure has room for so many numbers; the tables have all.
_PANELS = ("firing_rate", "edge", "intensity", "edge_median_held", "psnr", "probe", "dimension")


def scorecard(analysis: "Analysis") -> Scorecard:
    """The numbers of an analysis that its scorecard's figure has room for."""
    groups = grouped(analysis)
    columns = {
        score: [mean_score(score, group) for group in groups.values()]
        for score in SCORES
        if score.key in _PANELS
    }
    scores = [score for score, column in columns.items() if not np.isnan(column).all()]
    kinds = [group[0].encoding.kind for group in groups.values()]
    lines = np.array([[_interval(score, group) for score in scores] for group in groups.values()])
    return Scorecard(
        np.array([columns[score] for score in scores]).T,
        names=list(groups),
        metrics=[score.title for score in scores],
        baselines=[i for i, kind in enumerate(kinds) if i and kind not in ("encoder", "compared")],
        write=[("{:" + score.form + "}").format for score in scores],
        intervals=lines,
        title=f"Scorecard, {about(analysis)}{_of_intervals(groups, lines)}",
    )


def _interval(score: "Score", group: "Sequence[EncodingMetrics]") -> tuple[float, float]:
    """What the tables say around a number; NaN where they say nothing.

    One standard deviation to both sides of a mean over seeds; of a probe its 95 % interval.
    """
    values = np.array([score.of(measured) for measured in group])
    values = values[~np.isnan(values)]
    if len(values) > 1:
        mean, deviation = float(values.mean()), float(values.std(ddof=1))
        return mean - deviation, mean + deviation
    if score.key in intervals(group[0]):
        return intervals(group[0])[score.key]
    probe = group[0].probe
    if score.key == "probe" and probe is not None and len(values):
        low, high = probe.interval
        return low, high
    return float("nan"), float("nan")


def _of_intervals(
    groups: "Mapping[str, Sequence[EncodingMetrics]]", lines: "NDArray[np.floating]"
) -> str:
    """What the lines beside the scorecard's numbers are, for its title."""
    several = any(len(group) > 1 for group in groups.values())
    words = ["\N{PLUS-MINUS SIGN} standard deviation over seeds"] * several
    single = [place for place, group in enumerate(groups.values()) if len(group) == 1]
    words += ["95 % interval over images"] * bool(np.isfinite(lines[single]).any())
    return f"; lines: {', '.join(words)}" if words else ""


def about(analysis: "Analysis") -> str:
    """Of how many images and steps it is."""
    return f"{analysis.images} images, T = {analysis.studied.encoding.T}"
