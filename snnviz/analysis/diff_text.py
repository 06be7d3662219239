"""An encoder beside another, channel by channel: in a sentence."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snnviz.analysis.analyzing import Analysis
    from snnviz.analysis.differing import Beside
    from snnviz.metrics.encoder_diff import Pair


def diff_notes(analysis: "Analysis") -> list[str]:
    """What is different in each, a paragraph each."""
    return [_sentence(each, analysis.studied.encoding.name) for each in analysis.beside]


def _sentence(beside: "Beside", name: str) -> str:
    diff, moved = beside.diff, beside.diff.moved[beside.diff.order]
    parts = [f"mean r {diff.mean_correlation:.2f}{_floor(beside.untrained)}"]
    parts.append(f"firing rates of a pair are {np.median(moved):.3f} apart (RMS, median pair)")
    if diff.kernel_change is not None and not np.isnan(diff.kernel_change).all():
        weights = ", batch normalization folded in," if beside.kernels_folded else ""
        parts.append(
            f"kernels{weights} are {np.nanmedian(diff.kernel_change):.2f} of their norm apart "
            "(median pair)"
        )
    parts += [f"{len(diff.retyped)} pairs are of two types"]
    for state, words in (("silent", "fell silent"), ("saturated", "became saturated"),
                         ("active", "became active")):  # fmt: skip
        if pairs := diff.became(state):
            parts.append(f"{words}: {_pairs(pairs)}")
    if len(diff.unpaired) or (diff.partner < 0).any():
        alone = int((diff.partner < 0).sum())
        parts.append(f"without a partner: {alone} of {name}, {len(diff.unpaired)} of {beside.name}")
    return (
        f"{beside.name} beside {name}, {len(diff.order)} channels matched by "
        f"{diff.images} images: {'; '.join([*parts, *beside.left_out])}."
    )


def _floor(untrained: "Sequence[float]") -> str:
    values = [value for value in untrained if not np.isnan(value)]
    if not values:
        return ""
    return f" (with untrained encoders {min(values):.2f} to {max(values):.2f})"


def _pairs(pairs: "Sequence[Pair]") -> str:
    """Some pairs, and how many there are."""
    shown = ", ".join(f"{k}" if k == p else f"{k} (there {p})" for k, p in pairs[:8])
    return shown if len(pairs) <= 8 else f"{shown} and {len(pairs) - 8} more"
