"""What `snnviz robustness` prints and draws."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.cli.measured import table
from snnviz.figures import robustness_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.metrics.differences import Estimate
    from snnviz.scoring.outcomes import Outcome, Robustness

_HEADS = {
    "image": "corrupted images",
    "steps": "other numbers of steps",
    "spikes": "spikes of the first layer, edited before the rest of the network sees them",
    "attack": "attacks on the first images through the surrogate gradient",
}


def lines(found: "Robustness") -> Iterator[str]:
    """The tables for people."""
    clean = found.clean
    if clean.accuracy is not None and clean.interval is not None:
        low, high = clean.interval
        yield (
            f"accuracy {clean.accuracy:.4f}  {clean.correct} of {clean.total}; 95 % interval "
            f"{low:.4f} to {high:.4f}; chance {found.chance:.4f}{_untrained(found)}"
        )
    if clean.kept is not None and clean.delay is not None:
        yield (
            f"first spikes of two different images: {_mean(clean.kept)} at the same step, "
            f"{_mean(clean.delay, 2)} steps apart"
        )
    if clean.psnr is not None and found.psnr_floor is not None:
        yield (
            f"read back: {_mean(clean.psnr, 1)} dB, {_mean(found.psnr_floor, 1)} dB by guessing "
            "the mean image"
        )
    for family, head in _HEADS.items():
        outcomes = [each for each in found.outcomes if each.change.family == family]
        if outcomes:
            yield from ("", head)
            yield from _table(outcomes)


def _untrained(found: "Robustness") -> str:
    if found.untrained is None or found.untrained.accuracy is None:
        return ""
    return f", without training {found.untrained.accuracy:.4f}"


def _mean(estimate: "Estimate | None", digits: int = 4) -> str:
    if estimate is None:
        return "-"
    value, low, high = (f"{number:.{digits}f}" for number in estimate)
    return f"{value} ({low} to {high})"


def _table(outcomes: "list[Outcome]") -> Iterator[str]:
    """A row a change; columns that hold nothing are left out."""
    rows = [("change", "severity", "strength", "accuracy (95 %)", "difference (95 %)", "p",
             "same first spike (95 %)", "untrained", "steps moved", "read back, dB")]  # fmt: skip
    for each in outcomes:
        accuracy = difference = p = "-"
        if each.accuracy is not None and each.interval is not None:
            accuracy = "{:.4f} ({:.4f} to {:.4f})".format(each.accuracy, *each.interval)
        if each.paired is not None:
            _, _, value, low, high, chance = each.paired
            difference = f"{value:+.4f} ({low:+.4f} to {high:+.4f})"
            p = f"{chance:.2g}"
        kept = each.untrained_kept
        rows.append((
            each.change.kind, str(each.change.severity), f"{each.change.strength:.3g}", accuracy,
            difference, p, _mean(each.kept), "-" if kept is None else f"{kept.value:.4f}",
            "-" if each.delay is None else f"{each.delay.value:.2f}",
            "-" if each.psnr is None else f"{each.psnr.value:.1f}",
        ))  # fmt: skip
    yield from table(rows)


FIGURES = ("corruptions", "edited_spikes", "attacks")
"""By their files' names."""


def figures(found: "Robustness") -> "dict[str, Figure]":
    """All figures that there is something for, by name."""
    accuracy, kept, psnr = "accuracy", "first spikes at the same step", "read back, PSNR in dB"
    panels: dict[str, dict[str, Any]] = {accuracy: {}, kept: {}, psnr: {}}
    drawn = {}
    for name, family in zip(FIGURES, ("image", "spikes", "attack"), strict=True):
        panels = {
            number: {
                kind: np.array(values)
                for kind in dict.fromkeys(
                    each.change.kind for each in found.outcomes if each.change.family == family
                )
                if (values := [v for each in found.of(kind) if (v := _value(each, number))])
            }
            for number in (accuracy, kept, psnr)
        }
        panels = {number: kinds for number, kinds in panels.items() if kinds}
        if not panels:
            continue
        clean, floors = {kept: 1.0}, {}
        if found.clean.accuracy is not None and found.chance is not None:
            clean[accuracy], floors[accuracy] = found.clean.accuracy, found.chance
        if found.clean.kept is not None:
            floors[kept] = found.clean.kept.value
        if found.clean.psnr is not None and found.psnr_floor is not None:
            clean[psnr], floors[psnr] = found.clean.psnr.value, found.psnr_floor.value
        title = _HEADS[family].partition(",")[0].capitalize()
        drawn[name] = robustness_figure(
            panels,
            clean={number: clean[number] for number in panels if number in clean},
            floors={number: floors[number] for number in panels if number in floors},
            floor="nothing known",
            title=title,
        )
    return drawn


def _value(outcome: "Outcome", number: str) -> "tuple[float, ...] | Estimate | None":
    """A number of an outcome and its interval."""
    if number == "accuracy":
        accuracy, interval = outcome.accuracy, outcome.interval
        return None if accuracy is None or interval is None else (accuracy, *interval)
    return outcome.kept if number.startswith("first") else outcome.psnr
