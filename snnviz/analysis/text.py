"""The scorecard for people: as Markdown, and for a terminal."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.scorecard import SCORES, grouped, written

if TYPE_CHECKING:
    from snnviz.analysis.analyzing import Analysis


def scorecard_markdown(analysis: "Analysis") -> str:
    """The scorecard: a row a number, a column an encoder; untrained ones as mean and deviation."""
    groups = grouped(analysis)
    fitted = f"readouts fitted on {analysis.train_images} others" if analysis.train_images else ""
    about = (f"{analysis.images} images", fitted, f"T = {analysis.studied.coder.T}")
    sample = "; ".join(filter(None, about)) + "."
    lines = [
        f"# {_cell(analysis.studied.coder.name)}",
        "",
        sample,
        "",
        "| | " + " | ".join(map(_cell, groups)) + " |",
        "|---|" + "---|" * len(groups),
    ]
    lines += [
        f"| {_cell(score.title)} | "
        + " | ".join(written(score, some) for some in groups.values())
        + " |"
        for score in SCORES
    ]
    notes = [*_floors(analysis), *scorecard_notes(analysis)]
    return "\n".join(lines) + "\n" + "".join(f"\n{note}\n" for note in notes)


def scorecard_text(analysis: "Analysis") -> str:
    """The scorecard for a terminal."""
    groups = grouped(analysis)
    rows = [["", *groups]]
    rows += [[s.title, *(written(s, some) for some in groups.values())] for s in SCORES]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join(lines) + "\n" + "".join(f"\n{note}\n" for note in scorecard_notes(analysis))


def scorecard_notes(analysis: "Analysis") -> list[str]:
    """What does not fit into the table, a paragraph each."""
    notes = [_intervals(analysis), _network(analysis), _movement(analysis)]
    return [note for note in notes if note]


def _floors(analysis: "Analysis") -> list[str]:
    found = analysis.studied.results.get("reconstruction")
    if found is None:
        return []
    guesses = "; ".join(f"{name} {psnr:.2f} dB" for name, (_, psnr, _) in found.floors.items())
    return [f"Reconstruction without any spike: {guesses}."]


def _cell(name: str) -> str:
    """A name that cannot end a cell or a line of the table."""
    return " ".join(name.replace("|", "\\|").split())


def _intervals(analysis: "Analysis") -> str:
    found = {m.coder.name: m.results.get("probe") for m in analysis.measured}
    intervals = [
        f"{_cell(name)} {100 * result.interval[0]:.1f} to {100 * result.interval[1]:.1f} %"
        for name, result in found.items()
        if result is not None
    ]
    if not intervals:
        return ""
    return f"Accuracy of the probe, 95 % intervals: {'; '.join(intervals)}."


def _network(analysis: "Analysis") -> str:
    cost, importance = analysis.cost, analysis.importance
    if cost is None or importance is None:
        return ""
    worst = int(importance.drop.argmax())
    unused = int((importance.drop <= 0).sum())
    return (
        f"In its network ({analysis.network_images} images): accuracy {cost.accuracy:.4f}; energy "
        f"{1e6 * cost.energy.total:.3g} uJ an image, {1e6 * cost.energy.pixels:.3g} of them for "
        f"the encoder's own products; without channel {worst} accuracy falls by "
        f"{importance.drop[worst]:.4f}, and {unused} of {len(importance.drop)} channels can each "
        "be silenced without loss."
    )


def _movement(analysis: "Analysis") -> str:
    if analysis.movement is None or len(analysis.epochs) < 2:
        return ""
    turned = analysis.movement.rotation[-1]
    median = f"{np.median(turned[~np.isnan(turned)]):.1f}" if not np.isnan(turned).all() else "-"
    return (
        f"After epoch {analysis.epochs[-1]} the kernels are "
        f"{analysis.movement.change[-1]:.3f} of their initial norm away from where they began; the "
        f"median channel turned by {median} degrees."
    )
