"""Small tables below the scorecard: what of the change does what, and tests on the same images."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snnviz.analysis.scorecard import SCORES

if TYPE_CHECKING:
    from snnviz.analysis.analyzing import Analysis
    from snnviz.analysis.paired import Against
    from snnviz.analysis.results import EncodingMetrics
    from snnviz.metrics import PairedMean

# What the first small table shows of each encoding: all of it is known of brief ones.
_MECHANISM = ("edge", "intensity", "edge_held", "edge_median_held", "edge_channels",
              "area_channels", "firing_rate")  # fmt: skip
# Of smaller ones nothing is known but that.
_LEAST_P = 1e-15


@dataclass(frozen=True)
class Section:
    """A small table.

    Attributes:
        title: What it is of.
        rows: Its cells; the first row heads them.
        note: What has to be said of it.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def sections(analysis: "Analysis") -> list[Section]:
    """The small tables of an analysis, those that there is something for."""
    return [each for each in (_mechanism(analysis), _paired(analysis)) if each is not None]


def _mechanism(analysis: "Analysis") -> Section | None:
    """The trained kernels, those it began with, and what lies between."""
    kinds = ("encoder", "start", "variant")
    shown = [m for m in analysis.measured if m.encoding.kind in kinds]
    if not any(m.encoding.kind == "variant" for m in shown):
        return None
    scores = [score for key in _MECHANISM for score in SCORES if score.key == key]
    rows = [
        (m.encoding.name, *(_written(score.of(m), score.form) for score in scores)) for m in shown
    ]
    return Section(
        "What of the change does it",
        (("kernels", *(score.title for score in scores)), *rows),
        "A kernel's sum is what an even area gives it, its shape the rest. All but the trained "
        "encoder are normalized anew by the images.",
    )


def _paired(analysis: "Analysis") -> Section | None:
    """The encoder under study less each other, on the same images."""
    if not analysis.paired:
        return None
    head = ("less", "r with edges", "p", "PSNR, dB", "p", "probe", "right alone", "p",
            "features")  # fmt: skip
    features = {
        m.encoding.name: str(m.probe.features) if m.probe else "-" for m in analysis.measured
    }
    rows = [
        (name, *_mean(each.correlations["edge"], ".3f"), *_mean(each.psnr, ".2f"), *_probe(each),
         features[name])
        for name, each in analysis.paired.items()
    ]  # fmt: skip
    probes = max((each.probe_images for each in analysis.paired.values()), default=0)
    note = (
        f"Differences of the first column, {analysis.studied.encoding.name}, less the other, on "
        f"the same images, with 95 % intervals. r: {analysis.images} images drawn anew 1,000 times "
        "(no p below 0.002); PSNR: Student's paired t-test"
    )
    if probes:
        spread = "" if all(math.isnan(a.probe_training) for a in analysis.paired.values()) else (
            ", and (after the semicolon) the deviation over training sets, which the test does not "
            "know of"
        )  # fmt: skip
        note += (
            f"; probe: up to {probes} images, McNemar's exact test, with how many images only the "
            f"one or only the other gets right{spread}"
        )
    return Section("Tested on the same images", (head, *rows), note + ".")


def _mean(found: "PairedMean | None", form: str) -> tuple[str, str]:
    if found is None or math.isnan(found.difference):
        return "-", "-"
    return (
        f"{found.difference:+{form}} ({found.low:+{form}} to {found.high:+{form}})",
        written_p(found.p),
    )


def _probe(each: "Against") -> tuple[str, str, str]:
    found = each.probe
    if found is None:
        return "-", "-", "-"
    spread = "" if math.isnan(each.probe_training) else f"; ± {100 * each.probe_training:.2f}"
    low, high = 100 * found.low, 100 * found.high
    return (
        f"{100 * found.difference:+.2f} % ({low:+.2f} to {high:+.2f}{spread})",
        f"{found.gained} : {found.lost}",
        written_p(found.p),
    )


def written_p(p: float) -> str:
    """A probability in two digits: "0.031", "8.4e-06"; "-" where there is none.

    Example:
        >>> written_p(0.0312), written_p(8.4e-6), written_p(1e-99)
        ('0.031', '8.4e-06', '< 1e-15')
    """
    if math.isnan(p):
        return "-"
    return "< 1e-15" if p < _LEAST_P else f"{p:.2g}"


def _written(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


def brief_seeds(analysis: "Analysis") -> "tuple[list[EncodingMetrics], list[EncodingMetrics]]":
    """The untrained encoders, and those of them that are measured by all families."""
    untrained = [m for m in analysis.measured if m.encoding.kind == "untrained"]
    return untrained, [m for m in untrained if m.encoding.families is None]
