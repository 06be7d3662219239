"""What `snnviz attribution` prints and draws."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from snnviz.cli.measured import table
from snnviz.figures import attribution_figure, deletion_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.data import ImageSet
    from snnviz.metrics.differences import Estimate
    from snnviz.scoring.explained import Attribution, MapOutcome

FIGURES = ("maps", "deletion")
"""By their files' names."""

# As figures name methods, where there is little room.
_SHORT = {"sam": "SAM", "first-spike": "first spike", "integrated-gradients": "integrated"}
_AGAINST = {
    "random": "better than a random order by (95 %), above 0 is better",
    "intensity": "better than the picture's own intensity by (95 %)",
    "untrained": "better than the same map without training by (95 %)",
}


def lines(found: "Attribution") -> Iterator[str]:
    """The tables for people."""
    if found.confidence is not None and found.temperature is not None:
        yield (
            f"explained is the {found.explained} of each image: softmax(mean output / "
            f"{found.temperature:.3g}), {_said(found.confidence)} as they are; deleted pixels "
            f"become {'their blur' if found.substitute == 'blur' else found.substitute}"
        )
        yield from ("", "area under the confidence (95 %)")
        rows = [("map", "deleted: lower is better", "inserted: higher is better", "constant")]
        rows += [
            (each.name, _said(each.deletion), _said(each.insertion), str(each.constant or "-"))
            for each in found.outcomes
        ]
        yield from table(rows)
        for other, head in _AGAINST.items():
            yield from _gains(found.outcomes, other, head)
    yield from _correlations(found.outcomes)


def _gains(outcomes: "tuple[MapOutcome, ...]", other: str, head: str) -> Iterator[str]:
    rows = [("map", "deleted", "inserted")]
    for each in outcomes:
        if other in each.gains:
            gain = each.gains[other]
            rows.append((each.name, _said(gain.deletion, "+"), _said(gain.insertion, "+")))
    if len(rows) > 1:
        yield from ("", head)
        yield from table(rows)


def _correlations(outcomes: "tuple[MapOutcome, ...]") -> Iterator[str]:
    rows = [("map", "without training", "the picture's intensity")]
    for each in outcomes:
        if each.correlations:
            untrained = each.correlations.get("untrained")
            rows.append((each.name, _said(untrained), _said(each.correlations["intensity"])))
    yield from ("", "Spearman's correlation of the map's pixels with those of (95 %)")
    yield from table(rows)


def _said(estimate: "Estimate | None", sign: str = "") -> str:
    if estimate is None:
        return "-"
    value, low, high = (f"{number:{sign}.3f}" for number in estimate)
    return f"{value} ({low} to {high})"


def figures(found: "Attribution", images: "ImageSet") -> "dict[str, Figure]":
    """All figures that there is something for, by name."""
    drawn = {}
    names = [each.method for each in found.outcomes if each.method in found.maps]
    names = [name for name in dict.fromkeys(names) if name != "intensity"]
    if names:
        shown = images.head(len(found.maps[names[0]]))
        samples = shown.samples(range(len(shown)))
        drawn["maps"] = attribution_figure(
            shown.images if shown.channels in (1, 3) else shown.grey,
            {_SHORT.get(name, name): found.maps[name] for name in names},
            {
                _SHORT.get(name, name): found.maps[f"{name}, untrained"]
                for name in names
                if f"{name}, untrained" in found.maps
            },
            labels=[sample.class_name or str(sample.index) for sample in samples],
        )
    trained = [each for each in found.outcomes if each.deletion_curve and not each.untrained]
    if trained:
        drawn["deletion"] = deletion_figure(
            {_SHORT.get(e.method, e.method): np.array(e.deletion_curve) for e in trained},
            {_SHORT.get(e.method, e.method): np.array(e.insertion_curve) for e in trained},
        )
    return drawn
