"""Figures of what each channel is by itself."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.figures import exciting_figure, operating_point_figure, stability_figure
from snnviz.metrics.receptive_field import patches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from snnviz.analysis.analyzing import Analysis

# Images and patches that are shown of a channel.
_SHOWN = 4


def profile_figures(analysis: "Analysis", channels: "Sequence[int]") -> "dict[str, Figure]":
    """What there is of them, by name.

    Args:
        analysis: What was found.
        channels: Those whose images are shown.
    """
    studied, figures = analysis.studied, {}
    about = f"T = {studied.encoding.T}"
    if (point := studied.operating_point) is not None:
        drive = None
        if point.mean_drive is not None and point.drive_deviation is not None:
            drive = np.stack([point.mean_drive, point.drive_deviation], axis=1)
        figures["operating_point"] = operating_point_figure(
            np.stack([point.silent, point.linear_range, point.first_step], axis=1),
            drive,
            unit="drive" if point.threshold is None else "threshold",
            title=f"Operating point of the channels, {point.images} images, {about}",
        )
    if (stable := studied.skeleton) is not None and (together := studied.synchrony) is not None:
        shares = {
            "stable first spikes": (stable.stable, stable.by_chance),
            "synchrony": (together.synchrony, together.by_chance),
        }
        shares = {name: both for name, both in shares.items() if not np.isnan(both[0]).all()}
        if shares:
            figures["stability"] = stability_figure(
                shares,
                title=f"Stability ({stable.images} images) and synchrony "
                f"({together.images}) of the channels, {about}",
            )
    if studied.exciting is not None and channels:
        figures["exciting"] = _exciting(analysis, channels)
    return figures


def _exciting(analysis: "Analysis", channels: "Sequence[int]") -> "Figure":
    """The images with most spikes of some channels, and what the busiest neurons see."""
    studied, found = analysis.studied, analysis.studied.exciting
    assert found is not None  # noqa: S101 - the caller has looked
    types = studied.contours.types(studied.encoding.t)
    grey, chosen = analysis.first_images.grey, list(channels)
    best = grey[found.top_images[chosen][:, :_SHOWN]]
    close = None
    field = None if studied.receptive_field is None else studied.receptive_field.field
    # What sees all of the image is shown by the image.
    if field is not None and field.height < grey.shape[1] and field.width < grey.shape[2]:
        size = studied.shape[1], studied.shape[2]
        images, places = (each[chosen][:, :_SHOWN] for each in
                          (found.patch_images, found.patch_places))  # fmt: skip
        close = np.array([
            [_patch(patches(grey[n : n + 1], field, size)[0], place)
             for n, place in zip(*each, strict=True)]
            for each in zip(images, places, strict=True)
        ])  # fmt: skip
    return exciting_figure(
        best,
        close,
        names=[f"{k}, {types[k]}" for k in chosen],
        title=f"Of {found.images} images those with most spikes in a channel"
        + "; right: what its busiest neuron sees" * (close is not None),
    )


def _patch(seen: "NDArray[np.float64]", place: "NDArray[np.int64]") -> "NDArray[np.uint8]":
    y, x = place.tolist()
    patch: NDArray[np.uint8] = seen[y, x].astype(np.uint8)
    return patch
