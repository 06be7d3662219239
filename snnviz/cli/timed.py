"""What `snnviz timing` prints and draws of what it found."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from snnviz.cli.measured import table
from snnviz.figures import alignment_figure, early_exit_figure, over_time_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.scoring.alignment import LayerAlignment, Matrices
    from snnviz.scoring.timing import Answered, Timing

# Letters of the names of layers that a title has room for.
_NAMED = 80


def lines(found: "Timing") -> Iterator[str]:
    """The tables for people."""
    yield (
        f"{found.total} images are answered; the temperature of softmax, {found.temperature:.3g}, "
        f"is fitted to {found.fitted} others; chance {found.chance:.4f}"
    )
    yield from ("", "answered after so many steps, beside the last")
    yield from _table(found.at)
    yield from ("", "answered when so sure, beside the last step")
    yield from _table(found.exits)
    if not found.fisher:
        return
    yield from (
        "",
        f"Fisher information of the weights, mean of {found.fisher_images} images (95 %)",
    )
    for t, (value, low, high) in enumerate(found.fisher, start=1):
        yield f"{t:>5}  {value:.4g} ({low:.4g} to {high:.4g})"
    even = (found.T + 1) / 2
    for name, centroid in (("", found.centroid), ("without training ", found.untrained_centroid)):
        if centroid is not None:
            value, low, high = centroid
            yield (
                f"centroid {name}{value:.2f} ({low:.2f} to {high:.2f}) of steps 1 to {found.T}; "
                f"{even:g} where all steps matter alike"
            )


def _table(answered: "tuple[Answered, ...]") -> Iterator[str]:
    rows = [("confidence", "steps (95 %)", "accuracy (95 %)", "difference (95 %)", "p")]
    for each in answered:
        low, high = each.interval
        paired = each.paired
        rows.append((
            "-" if each.confidence is None else f"{each.confidence:g}",
            f"{each.steps.value:g}" if each.confidence is None
            else "{:.2f} ({:.2f} to {:.2f})".format(*each.steps),
            f"{each.accuracy:.4f} ({low:.4f} to {high:.4f})",
            f"{paired.difference:+.4f} ({paired.low:+.4f} to {paired.high:+.4f})",
            f"{paired.p:.2g}",
        ))  # fmt: skip
    yield from table(rows)


def figures(found: "Timing") -> "dict[str, Figure]":
    """All figures of when answers are there, by name."""

    def accuracy(each: "Answered") -> tuple[float, ...]:
        return (each.accuracy, *each.interval)

    drawn = {
        "early_exit": early_exit_figure(
            np.array([accuracy(each) for each in found.at]),
            np.array([(each.steps.value, *accuracy(each)) for each in found.exits]),
            [each.confidence for each in found.exits if each.confidence is not None],
        )
    }
    if found.fisher:
        values = np.array([each.value for each in found.fisher])
        panels = {"mean over images": {"Fisher information": values}}
        drawn["fisher"] = over_time_figure(panels, title="Where in time weights matter")
    return drawn


def alignment_lines(found: "LayerAlignment") -> Iterator[str]:
    """CKA of neighbouring steps and of the first and last of each layer, and of two layers."""
    yield f"CKA on {found.images} images: spikes of two steps of a layer, and trains of two layers"
    heads = ("t and t + 1", f"t = 0 and {found.T - 1}", "this and the next")
    rows = [("layer", *(head for each in heads for head in (each, "untrained")))]
    for n, name in enumerate(found.layers):
        cells = [name]
        both = [() if each is None else _alike(each, n) for each in (found.cka, found.untrained)]
        for place in range(len(heads)):
            cells += [_written(each[place]) if each else "-" for each in both]
        rows.append(tuple(cells))
    yield from table(rows)


def _alike(found: "Matrices", n: int) -> tuple[float, ...]:
    """CKA of neighbouring steps (the mean), first and last step, and this layer and the next."""
    steps = found.steps[n]
    neighbours = steps.diagonal(1)
    known = neighbours[~np.isnan(neighbours)]
    mean = known.mean() if len(known) else np.nan
    following = found.layers[n, n + 1] if n + 1 < len(found.layers) else np.nan
    return mean, steps[0, -1] if len(steps) > 1 else np.nan, following


def _written(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def alignment_figures(found: "LayerAlignment") -> "dict[str, Figure]":
    """The maps of CKA, by name."""
    networks = {"": found.cka} | ({} if found.untrained is None else {"untrained": found.untrained})
    drawn = {
        f"cka_steps_{what}".rstrip("_"): alignment_figure(
            dict(zip(found.layers, matrices.steps, strict=True)),
            title=f"CKA between the steps of each layer{', ' * bool(what)}{what}: t = 0 to "
            f"{found.T - 1} from the top left",
        )
        for what, matrices in networks.items()
    }
    if len(found.layers) > 1:
        names = ", ".join(found.layers)
        order = names if len(names) <= _NAMED else "in the order in which they are called"
        drawn["cka_layers"] = alignment_figure(
            {what or "trained": matrices.layers for what, matrices in networks.items()},
            title=f"CKA between layers, from the top left: {order}",
        )
    return drawn
