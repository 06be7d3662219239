"""The scorecard for people: as Markdown, and for a terminal."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from snnviz._version import __version__
from snnviz.analysis.columns import grouped, steps_of, written
from snnviz.analysis.diff_text import diff_notes
from snnviz.analysis.naming import table_cell as _cell
from snnviz.analysis.results import known
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.sections import brief_seeds, sections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snnviz.analysis.analyzing import Analysis
    from snnviz.analysis.within import InNetwork
    from snnviz.scoring.importance import Importance

# From so many trainings on, they say something of one another.
_RUNS = 3


def scorecard_markdown(analysis: "Analysis", about: Mapping[str, object] | None = None) -> str:
    """The scorecard: a row a number, a column an encoder; untrained ones as mean and deviation.

    Args:
        analysis: What was found.
        about: What it is of, as for `write_tables`; names the images and the checkpoint.
    """
    groups = grouped(analysis)
    sample = "; ".join(filter(None, _sample(analysis, about or {}))) + "."
    lines = [
        f"# {_cell(analysis.studied.encoding.name)}",
        "",
        sample,
        "",
        *_table([["", "t", *groups], *_rows(analysis)]),
    ]
    for section in sections(analysis):
        lines += ["", f"## {section.title}", "", *_table(section.rows), "", section.note]
    left_out = [f"Left out: {sentence}." for sentence in analysis.left_out]
    notes = [*_floors(analysis), *scorecard_notes(analysis), *left_out]
    return "\n".join(lines) + "\n" + "".join(f"\n{note}\n" for note in notes)


def _rows(analysis: "Analysis") -> list[list[str]]:
    """The scorecard's cells: title, steps, and each column's number."""
    groups = grouped(analysis).values()
    return [
        [score.title, steps_of(score, analysis), *(written(score, some) for some in groups)]
        for score in SCORES
    ]


def _table(rows: "Sequence[Sequence[str]]") -> list[str]:
    """Lines of a table in Markdown."""
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    # An empty cell is one space wide.
    return [lines[0].replace("|  |", "| |"), "|" + "---|" * len(rows[0]), *lines[1:]]


def _sample(analysis: "Analysis", about: Mapping[str, object]) -> list[str]:
    """Which images, readouts, steps and file the table is of."""
    images, checkpoint = _part(about, "images"), _part(about, "checkpoint")
    named = [str(images[key]) for key in ("dataset", "split") if images.get(key)]
    of = f" of {', '.join(named)}" if named else ""
    fitted = f"readouts fitted on {analysis.train_images} others" if analysis.train_images else ""
    late = [m.encoding for m in analysis.measured if m.encoding.t < m.encoding.T - 1]
    timed = [m.encoding for m in analysis.measured if m.encoding.reads == "time"]
    cost = analysis.cost_steps
    return [
        f"{analysis.images} images{of}",
        fitted,
        f"T = {analysis.studied.encoding.T}",
        *(f"{_cell(encoding.name)} is read at t = {encoding.t}" for encoding in late),
        *(f"{_cell(encoding.name)} is read by first-spike times" for encoding in timed),
        f"costs are of the network's own T = {cost}"
        if cost is not None and cost < analysis.studied.encoding.T
        else "",
        f"SHA-256 of the checkpoint {checkpoint['sha256']}" if "sha256" in checkpoint else "",
        f"snnviz {__version__}",
    ]


def _part(about: Mapping[str, object], name: str) -> Mapping[str, object]:
    """What is told of one thing; a caller may tell nothing, or something else under that name."""
    part = about.get(name)
    return part if isinstance(part, Mapping) else {}


def scorecard_text(analysis: "Analysis") -> str:
    """The scorecard for a terminal."""
    groups = grouped(analysis)
    lines = _aligned([["", "t", *groups], *_rows(analysis)])
    for section in sections(analysis):
        lines += ["", section.title, "", *_aligned(section.rows), "", section.note]
    return "\n".join(lines) + "\n" + "".join(f"\n{note}\n" for note in scorecard_notes(analysis))


def _aligned(rows: "Sequence[Sequence[str]]") -> list[str]:
    """Lines of a table, columns to the right but for the first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]


def scorecard_notes(analysis: "Analysis") -> list[str]:
    """What does not fit into the table, a paragraph each."""
    networks = [_network(name, analysis, found) for name, found in analysis.networks.items()]
    notes = [
        _runs(analysis),
        _seeds(analysis),
        _intervals(analysis),
        _likeness(analysis),
        _several(analysis),
        *networks,
        _weight_change(analysis),
        _folded(analysis),
        *diff_notes(analysis),
    ]
    return [note for note in notes if note]


def _floors(analysis: "Analysis") -> list[str]:
    found = analysis.studied.reconstruction
    if found is None:
        return []
    guesses = "; ".join(f"{name} {psnr:.2f} dB" for name, (_, psnr, _) in found.floors.items())
    return [f"Reconstruction without any spike: {guesses}."]


def _runs(analysis: "Analysis") -> str:
    """How little one training says."""
    trained = sum(m.encoding.kind in ("encoder", "compared") for m in analysis.measured)
    if trained >= _RUNS or not any(
        m.encoding.kind in ("start", "untrained") for m in analysis.measured
    ):
        return ""
    runs = "This is one training run" if trained == 1 else f"These are {trained} training runs"
    return (
        f"{runs}: whether others of the same kind come out alike takes {_RUNS} of them to say. The "
        "tests and intervals are over images, not over runs."
    )


def _seeds(analysis: "Analysis") -> str:
    """Which numbers of untrained encoders are over how many seeds."""
    untrained, whole = brief_seeds(analysis)
    if len(whole) == len(untrained):
        return ""
    return (
        f"Of untrained encoders, firing and correlations of spikes are over {len(untrained)} "
        f"seeds, all other numbers over the first {len(whole)}."
    )


def _intervals(analysis: "Analysis") -> str:
    intervals = []
    for measured in analysis.measured:
        found = measured.whole or measured.probe
        if found is None:
            continue
        low, high = found.interval
        deviation = found.training_deviation
        over = "" if math.isnan(deviation) else f", ± {100 * deviation:.1f} over training sets"
        intervals.append(
            f"{_cell(measured.encoding.name)} {100 * low:.1f} to {100 * high:.1f} % of "
            f"{found.total}{over} (penalty {found.strength:g})"
        )
    if not intervals:
        return ""
    return (
        f"Accuracy of the probe, 95 % intervals over images: {'; '.join(intervals)}. They do not "
        "tell two columns apart, since the images are the same."
    )


def _likeness(analysis: "Analysis") -> str:
    """Where CKA takes another seed for the start."""
    start = next((m for m in analysis.measured if m.encoding.kind == "start"), None)
    if start is None:
        return ""
    nearer = [
        f"{m.encoding.name} ({m.cka:.4f})"
        for m in analysis.measured
        if m.encoding.kind == "untrained" and m.cka > start.cka
    ]
    if not nearer:
        return ""
    return (
        "CKA cannot tell what an encoder began as: nearer than its initialization "
        f"({start.cka:.4f}) {'is' if len(nearer) == 1 else 'are'} {', '.join(nearer)}."
    )


def _several(analysis: "Analysis") -> str:
    """What the counts tell of neurons whose first spike does not tell all."""
    told = []
    for measured in analysis.measured:
        found = measured.information
        if found is None or found.count_entropy_corrected is None:
            continue
        bits, told_of = found.count_entropy_corrected, known(found.count_information_corrected)
        told.append(
            f"{_cell(measured.encoding.name)} (up to {known(measured.activity).most} spikes a "
            f"step) {bits.mean():.3f} bits, {told_of.mean():.3f} of them on intensity"
        )
    if not told:
        return ""
    return (
        "A first spike is not all of neurons that fire several times in a step. Entropy of their "
        f"spike count: {'; '.join(told)}."
    )


def _network(name: str, analysis: "Analysis", found: "InNetwork") -> str:
    cost, silent = found.cost, ""
    if cost.silent:
        share = cost.silent / cost.total
        silent = f" (for {share:.1%} of them no output neuron fires: class 0 by a tie)"
    energy = ""
    if cost.macs:
        energy = (
            f"; energy {1e6 * cost.energy.total:.3g} uJ an image, {1e6 * cost.energy.pixels:.3g} "
            "of them for the encoder's own products"
        )
    worth = "" if found.importance is None else _worth(found.importance, analysis.network_images)
    return (
        f"In the network of {_cell(name)} ({analysis.network_images} images): accuracy "
        f"{cost.accuracy:.4f}{silent}{energy}{worth}."
    )


def _worth(importance: "Importance", images: int) -> str:
    """What silencing each channel does."""
    worst = int(importance.drop.argmax())
    unused = int((importance.drop <= 0).sum())
    of = "" if importance.total == images else f" of the first {importance.total} images"
    return (
        f"; without channel {worst} accuracy{of} falls by {importance.drop[worst]:.4f}, and "
        f"{unused} of {len(importance.drop)} channels can each be silenced without loss"
    )


def _weight_change(analysis: "Analysis") -> str:
    if analysis.weight_change is None or len(analysis.epochs) < 2:
        return ""
    turned = analysis.weight_change.rotation[-1]
    median = f"{np.median(turned[~np.isnan(turned)]):.1f}" if not np.isnan(turned).all() else "-"
    means, shapes = analysis.weight_change.means[-1], analysis.weight_change.shapes[-1]
    return (
        f"After epoch {analysis.epochs[-1]} the kernels are "
        f"{analysis.weight_change.change[-1]:.3f} of their norm away from where they "
        f"{_beginning(analysis.epochs[0])} (their means {means:.3f}, their shapes {shapes:.3f}); "
        f"the median channel turned by {median} degrees."
    )


def _beginning(epoch: int) -> str:
    return "began" if epoch == -1 else f"were after epoch {epoch}"


def _folded(analysis: "Analysis") -> str:
    if analysis.folded is None:
        return ""
    return (
        "With batch normalization folded in, the kernels are "
        f"{analysis.folded.kernels:.3f} of their norm away from their initialization, and the "
        f"biases {analysis.folded.biases:.3f} (root mean square)."
    )
