"""Figures of how an encoder moved: over the epochs of its run, and from another one."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.diff_tables import diff_stems
from snnviz.figures import encoder_diff_figure, encoder_history_figure, kernel_history_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.analysis.analyzing import Analysis

_EPOCHS_SHOWN = 8
_PAIRS_SHOWN = 64


def history_figures(analysis: "Analysis") -> "dict[str, Figure]":
    """How the encoder moved over the epochs of its run, where that was kept."""
    if analysis.weight_change is None or analysis.kernels is None or len(analysis.epochs) < 2:
        return {}
    shown = np.unique(np.linspace(0, len(analysis.epochs) - 1, _EPOCHS_SHOWN).round().astype(int))
    change, rotation = analysis.weight_change.channel_change, analysis.weight_change.rotation
    turned = np.argsort(-np.nan_to_num(rotation[-1]), kind="stable")[:8]
    # A kernel of zeros has no direction.
    known = np.isfinite(change).all(axis=0) & np.isfinite(rotation).all(axis=0)
    moved = {}
    if known.any():
        moved["weight_change"] = encoder_history_figure(
            analysis.epochs, change[:, known], rotation[:, known]
        )
    return {
        **moved,
        "kernels_over_epochs": kernel_history_figure(
            analysis.kernels[shown][:, turned].mean(2),
            epochs=[analysis.epochs[i] for i in shown],
            channels=turned.tolist(),
            title="The kernels that turned most",
        ),
    }


def diff_figures(analysis: "Analysis") -> "dict[str, Figure]":
    """The pairs that moved most of the encoder under study and each that stands beside it."""
    stems, name = diff_stems(analysis), analysis.studied.encoding.name
    figures = {}
    for each in analysis.beside:
        order = each.diff.order
        few = order[:_PAIRS_SHOWN]
        steps = max(each.steps)
        # Of unequal numbers of steps the shorter's counts are as many as in the longer.
        maps, others = (
            values * steps / of
            for values, of in zip((each.maps, each.other_maps), each.steps, strict=True)
        )
        kernels, other_kernels = each.kernels or (None, None)
        most = "pairs" if len(few) == len(order) else f"{len(few)} of {len(order)} pairs"
        figures[stems[each.name]] = encoder_diff_figure(
            maps,
            others,
            T=steps,
            pairs=[(int(k), int(each.diff.partner[k])) for k in few],
            kernels=kernels,
            other_kernels=other_kernels,
            most=each.most,
            title=f"{name} (left) and {each.name} (right), {most}, those that moved most first",
        )
    return figures
